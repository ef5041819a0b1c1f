//! Alibaba's Situation Awareness (SAS): sold by the number of machines that its owner has.

use super::actions::{ACTIONS, OFFERING};
use super::state::SAS;
use crate::cloud::call::Table;
use crate::cloud::dashboard_list::DashboardList;
use crate::cloud::service::Service;
use crate::cloud::service_states::StateKind;
use crate::cloud::state::Cloud;

/// The service.
pub(crate) struct Sas;

impl Service for Sas {
    fn name(&self) -> &'static str {
        "aliyun.sas"
    }

    fn actions(&self) -> &'static [Table] {
        &[ACTIONS]
    }

    fn state(&self) -> Option<StateKind> {
        Some(SAS.kind())
    }

    fn settle(&self, cloud: &mut Cloud) {
        OFFERING.renew_due(cloud);
    }

    fn problems(&self, cloud: &Cloud) -> Vec<String> {
        OFFERING.problems("sas.instances", &cloud[SAS].instances)
    }

    fn dashboard_lists(&self, cloud: &Cloud) -> Vec<(&'static str, DashboardList)> {
        vec![("instances", DashboardList::from(&cloud[SAS].instances))]
    }
}
