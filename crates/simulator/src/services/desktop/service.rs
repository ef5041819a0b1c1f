//! The service `/gcw` of Capital Online: cloud desktops with their sub-accounts and networks.

use super::effect::Effect;
use super::state::DESKTOP;
use super::{
    account, binding, describe, index, line, network, offerings, operate, order, price, problems,
    renewal,
};
use crate::cloud::call::Table;
use crate::cloud::list::List;
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

    fn lists(&self, cloud: &Cloud) -> Vec<(&'static str, List)> {
        let state = &cloud[DESKTOP];
        vec![
            ("desktops", List::from(&state.desktops)),
            ("accounts", List::from(&state.accounts)),
            ("vpcs", List::from(&state.vpcs)),
            ("images", List::from(&state.images)),
            ("products", List::from(&state.products)),
            ("sites", List::from(&state.sites)),
        ]
    }
}
