//! The service `/ccs` of Capital Online: cloud servers and what belongs to them.

use super::effect::Effect;
use super::state::CCS;
use super::{
    create, describe, disk, index, instance, interface, network_group, offerings, payment, price,
    problems, rule, security_group, tag, template,
};
use crate::cloud::call::Table;
use crate::cloud::dashboard_list::DashboardList;
use crate::cloud::listing::Listing;
use crate::cloud::service::{EffectKind, Elsewhere, Service};
use crate::cloud::service_states::StateKind;
use crate::cloud::state::Cloud;
use serde_json::json;

/// The service.
pub(crate) struct Ccs;

impl Service for Ccs {
    fn name(&self) -> &'static str {
        "cds.ccs"
    }

    fn actions(&self) -> &'static [Table] {
        &[
            create::ACTIONS,
            describe::ACTIONS,
            disk::ACTIONS,
            instance::ACTIONS,
            interface::ACTIONS,
            network_group::ACTIONS,
            price::ACTIONS,
            offerings::ACTIONS,
            rule::ACTIONS,
            security_group::ACTIONS,
            tag::ACTIONS,
            template::ACTIONS,
        ]
    }

    fn listings(&self) -> &'static [Listing] {
        &[tag::TAGS, template::TEMPLATES]
    }

    fn elsewhere(&self) -> &'static [Elsewhere] {
        offerings::ELSEWHERE
    }

    fn state(&self) -> Option<StateKind> {
        Some(CCS.kind())
    }

    fn effects(&self) -> Option<EffectKind> {
        Some(EffectKind::of::<Effect>())
    }

    fn index(&self, cloud: &mut Cloud) {
        index::index(cloud);
    }

    fn settle(&self, cloud: &mut Cloud) {
        payment::renew(cloud);
    }

    fn problems(&self, cloud: &Cloud) -> Vec<String> {
        problems::problems(cloud)
    }

    fn dashboard_lists(&self, cloud: &Cloud) -> Vec<(&'static str, DashboardList)> {
        let state = &cloud[CCS];
        vec![
            ("instances", DashboardList::from(&state.instances)),
            (
                "tags",
                DashboardList::of(
                    state
                        .tags
                        .iter()
                        .map(|(id, name)| json!({"id": id, "value": name})),
                ),
            ),
            (
                "security_groups",
                DashboardList::from(&state.security_groups),
            ),
            ("network_groups", DashboardList::from(&state.network_groups)),
            ("templates", DashboardList::from(&state.templates)),
        ]
    }
}
