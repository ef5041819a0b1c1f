//! The service `/billing` of Capital Online, with the two small ones beside it: account subjects
//! and metering.

use super::state::BILLING;
use super::{account, bill, summary, usage};
use crate::cloud::call::Table;
use crate::cloud::list::List;
use crate::cloud::service::Service;
use crate::cloud::service_states::StateKind;
use crate::cloud::state::Cloud;

/// The service.
pub(crate) struct Billing;

impl Service for Billing {
    fn name(&self) -> &'static str {
        "cds.billing"
    }

    fn actions(&self) -> &'static [Table] {
        &[account::ACTIONS, bill::ACTIONS, summary::ACTIONS]
    }

    fn state(&self) -> Option<StateKind> {
        Some(BILLING.kind())
    }

    fn index(&self, cloud: &mut Cloud) {
        usage::index(cloud);
    }

    fn lists(&self, cloud: &Cloud) -> Vec<(&'static str, List)> {
        let state = &cloud[BILLING];
        vec![
            ("credits", List::of(state.credits.iter())),
            ("uses", List::from(&state.uses)),
            ("past_uses", List::of(state.past_uses.iter())),
            ("pools", List::from(&state.pools)),
        ]
    }
}
