//! The services, and the state that they share.

use super::effect::Effect;
use super::handler;
use super::kept::BESIDE_CODE;
use super::state::GENERIC;
use crate::cloud::dashboard_list::DashboardList;
use crate::cloud::service::{EffectKind, Handling, Service};
use crate::cloud::service_states::StateKind;
use crate::cloud::state::Cloud;

/// A service of the catalogue, by its name.
pub(crate) struct Generic(&'static str);

/// Those of which the catalogue has the facts.
pub(crate) const GENERIC_SERVICES: [Generic; 13] = [
    Generic("cds.alarm"),
    Generic("cds.cck"),
    Generic("cds.cdn"),
    Generic("cds.gpu"),
    Generic("cds.kafka"),
    Generic("cds.memcached"),
    Generic("cds.mongodb"),
    Generic("cds.mongodb_v2"),
    Generic("cds.mysql"),
    Generic("cds.nas"),
    Generic("cds.redis"),
    Generic("cds.sg"),
    Generic("cds.slb"),
];

impl Service for Generic {
    fn name(&self) -> &'static str {
        self.0
    }

    fn handling(&self, _action: &str) -> Option<Handling> {
        Some(Handling::Code(handler::carry_out))
    }

    fn kind_lists(&self, cloud: &Cloud) -> Vec<(String, DashboardList)> {
        kind_lists(cloud, self.0)
    }
}

/// What a service keeps, by kind.
pub(crate) fn kind_lists(cloud: &Cloud, service: &str) -> Vec<(String, DashboardList)> {
    let lists = cloud[GENERIC].kinds(service);
    lists
        .map(|(kind, rows)| (kind.to_owned(), DashboardList::from(rows)))
        .collect()
}

/// What these services keep. It has no Actions of its own.
pub(crate) struct Kept;

impl Service for Kept {
    fn name(&self) -> &'static str {
        GENERIC.name()
    }

    fn state(&self) -> Option<StateKind> {
        Some(GENERIC.kind())
    }

    fn problems(&self, cloud: &Cloud) -> Vec<String> {
        let services = GENERIC_SERVICES.iter().map(|service| service.0);
        let known: Vec<&str> = services.chain(BESIDE_CODE.map(|(name, _)| name)).collect();
        cloud[GENERIC].problems(&known)
    }

    fn effects(&self) -> Option<EffectKind> {
        Some(EffectKind::of::<Effect>())
    }
}
