//! The service `/billing` of Capital Online, with the two small ones beside it: account subjects
//! and metering.

use super::state::BILLING;
use super::{account, bill, meter, summary};
use crate::cloud::call::Table;
use crate::cloud::dashboard_list::DashboardList;
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
        meter::index(cloud);
    }

    fn dashboard_lists(&self, cloud: &Cloud) -> Vec<(&'static str, DashboardList)> {
        let state = &cloud[BILLING];
        vec![
            ("credits", DashboardList::of(state.credits.iter())),
            ("uses", DashboardList::from(&state.uses)),
            ("past_uses", DashboardList::of(state.past_uses.iter())),
            ("pools", DashboardList::from(&state.pools)),
        ]
    }
}
