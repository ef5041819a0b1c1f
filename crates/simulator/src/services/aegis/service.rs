//! Alibaba's server guard (Aegis): sold for so many machines as its owner wants.

use super::actions::{ACTIONS, OFFERING};
use super::state::AEGIS;
use crate::cloud::call::Table;
use crate::cloud::dashboard_list::DashboardList;
use crate::cloud::service::Service;
use crate::cloud::service_states::StateKind;
use crate::cloud::state::Cloud;

/// The service.
pub(crate) struct Aegis;

impl Service for Aegis {
    fn name(&self) -> &'static str {
        "aliyun.aegis"
    }

    fn actions(&self) -> &'static [Table] {
        &[ACTIONS]
    }

    fn state(&self) -> Option<StateKind> {
        Some(AEGIS.kind())
    }

    fn settle(&self, cloud: &mut Cloud) {
        OFFERING.renew_due(cloud);
    }

    fn problems(&self, cloud: &Cloud) -> Vec<String> {
        OFFERING.problems("aegis.instances", &cloud[AEGIS].instances)
    }

    fn dashboard_lists(&self, cloud: &Cloud) -> Vec<(&'static str, DashboardList)> {
        vec![("instances", DashboardList::from(&cloud[AEGIS].instances))]
    }
}
