//! Meituan's cloud servers. No Action tells of tasks here: the states of the machines show how far
//! a work has come.

use super::effect::Effect;
use super::state::MCS;
use super::{create, describe, index, instance, key, lease, metadata, offer, problems, resources};
use crate::cloud::call::Table;
use crate::cloud::dashboard_list::DashboardList;
use crate::cloud::listing::Listing;
use crate::cloud::service::{EffectKind, Service};
use crate::cloud::service_states::StateKind;
use crate::cloud::state::Cloud;

/// The service.
pub(crate) struct Mcs;

impl Service for Mcs {
    fn name(&self) -> &'static str {
        "mcs"
    }

    fn actions(&self) -> &'static [Table] {
        &[
            create::ACTIONS,
            describe::ACTIONS,
            instance::ACTIONS,
            key::ACTIONS,
            lease::ACTIONS,
            metadata::ACTIONS,
            offer::ACTIONS,
        ]
    }

    fn listings(&self) -> &'static [Listing] {
        &[offer::TEMPLATES]
    }

    fn state(&self) -> Option<StateKind> {
        Some(MCS.kind())
    }

    fn effects(&self) -> Option<EffectKind> {
        Some(EffectKind::of::<Effect>())
    }

    fn index(&self, cloud: &mut Cloud) {
        index::index(cloud);
    }

    fn settle(&self, cloud: &mut Cloud) {
        resources::pass(cloud);
    }

    fn problems(&self, cloud: &Cloud) -> Vec<String> {
        problems::problems(cloud)
    }

    fn dashboard_lists(&self, cloud: &Cloud) -> Vec<(&'static str, DashboardList)> {
        let state = &cloud[MCS];
        vec![
            ("templates", DashboardList::from(&state.templates)),
            ("instance_types", DashboardList::from(&state.instance_types)),
            ("key_pairs", DashboardList::from(&state.key_pairs)),
            ("instances", DashboardList::from(&state.instances)),
        ]
    }
}
