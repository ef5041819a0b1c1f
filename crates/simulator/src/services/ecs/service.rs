//! The service `/ecs/v1` of Capital Online: elastic servers and their images.

use super::effect::Effect;
use super::state::ECS;
use super::{
    account, configure, create, describe, event, family, image, index, monitor, operate, power,
    price, problems, renewal, zone,
};
use crate::cloud::call::Table;
use crate::cloud::dashboard_list::DashboardList;
use crate::cloud::listing::Listing;
use crate::cloud::service::{EffectKind, Service};
use crate::cloud::service_states::StateKind;
use crate::cloud::state::Cloud;

/// The service.
pub(crate) struct Ecs;

impl Service for Ecs {
    fn name(&self) -> &'static str {
        "cds.ecs"
    }

    fn actions(&self) -> &'static [Table] {
        &[
            configure::ACTIONS,
            create::ACTIONS,
            describe::ACTIONS,
            event::ACTIONS,
            family::ACTIONS,
            image::ACTIONS,
            monitor::ACTIONS,
            operate::ACTIONS,
            power::ACTIONS,
            price::ACTIONS,
            zone::ACTIONS,
        ]
    }

    fn listings(&self) -> &'static [Listing] {
        &[account::TEST_ACCOUNTS]
    }

    fn state(&self) -> Option<StateKind> {
        Some(ECS.kind())
    }

    fn effects(&self) -> Option<EffectKind> {
        Some(EffectKind::of::<Effect>())
    }

    fn index(&self, cloud: &mut Cloud) {
        index::index(cloud);
    }

    fn settle(&self, cloud: &mut Cloud) {
        renewal::renew(cloud);
    }

    fn problems(&self, cloud: &Cloud) -> Vec<String> {
        problems::problems(cloud)
    }

    fn dashboard_lists(&self, cloud: &Cloud) -> Vec<(&'static str, DashboardList)> {
        let state = &cloud[ECS];
        vec![
            ("servers", DashboardList::from(&state.servers)),
            ("images", DashboardList::from(&state.images)),
        ]
    }
}
