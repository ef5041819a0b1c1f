//! The service `/bms` of Capital Online: bare-metal servers.

use super::effect::Effect;
use super::state::BMS;
use super::{describe, index, operate, order, price, problems, renewal};
use crate::cloud::call::Table;
use crate::cloud::dashboard_list::DashboardList;
use crate::cloud::listing::Listing;
use crate::cloud::service::{EffectKind, Service};
use crate::cloud::service_states::StateKind;
use crate::cloud::state::Cloud;

/// The service.
pub(crate) struct Bms;

impl Service for Bms {
    fn name(&self) -> &'static str {
        "cds.bms"
    }

    fn actions(&self) -> &'static [Table] {
        &[
            describe::ACTIONS,
            operate::ACTIONS,
            order::ACTIONS,
            price::ACTIONS,
            renewal::ACTIONS,
        ]
    }

    fn listings(&self) -> &'static [Listing] {
        &[describe::SERVERS]
    }

    fn state(&self) -> Option<StateKind> {
        Some(BMS.kind())
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
        let state = &cloud[BMS];
        vec![
            ("servers", DashboardList::from(&state.servers)),
            ("offers", DashboardList::of(state.offers.iter())),
            ("images", DashboardList::from(&state.images)),
        ]
    }
}
