//! The service `/gcw` of Capital Online: cloud desktops with their sub-accounts and networks.

use super::effect::Effect;
use super::state::DESKTOP;
use super::{
    account, binding, describe, index, line, network, offerings, operate, order, price, problems,
    renewal,
};
use crate::cloud::call::Table;
use crate::cloud::dashboard_list::DashboardList;
use crate::cloud::listing::Listing;
use crate::cloud::service::{EffectKind, Service};
use crate::cloud::service_states::StateKind;
use crate::cloud::state::Cloud;

/// The service.
pub(crate) struct Desktop;

impl Service for Desktop {
    fn name(&self) -> &'static str {
        "cds.desktop"
    }

    fn actions(&self) -> &'static [Table] {
        &[
            account::ACTIONS,
            binding::ACTIONS,
            describe::ACTIONS,
            offerings::ACTIONS,
            line::ACTIONS,
            network::ACTIONS,
            operate::ACTIONS,
            order::ACTIONS,
            price::ACTIONS,
            renewal::ACTIONS,
        ]
    }

    fn listings(&self) -> &'static [Listing] {
        &[account::ACCOUNTS]
    }

    fn state(&self) -> Option<StateKind> {
        Some(DESKTOP.kind())
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
        let state = &cloud[DESKTOP];
        vec![
            ("desktops", DashboardList::from(&state.desktops)),
            ("accounts", DashboardList::from(&state.accounts)),
            ("vpcs", DashboardList::from(&state.vpcs)),
            ("images", DashboardList::from(&state.images)),
            ("products", DashboardList::from(&state.products)),
            ("sites", DashboardList::from(&state.sites)),
        ]
    }
}
