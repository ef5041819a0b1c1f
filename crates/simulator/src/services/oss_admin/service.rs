//! Opening, suspending and closing Alibaba's object storage for an account.

use super::actions::ACTIONS;
use super::state::OSS_ADMIN;
use crate::cloud::call::Table;
use crate::cloud::dashboard_list::DashboardList;
use crate::cloud::service::Service;
use crate::cloud::service_states::StateKind;
use crate::cloud::state::Cloud;

/// The service.
pub(crate) struct OssAdmin;

impl Service for OssAdmin {
    fn name(&self) -> &'static str {
        "aliyun.oss_admin"
    }

    fn actions(&self) -> &'static [Table] {
        &[ACTIONS]
    }

    fn state(&self) -> Option<StateKind> {
        Some(OSS_ADMIN.kind())
    }

    fn dashboard_lists(&self, cloud: &Cloud) -> Vec<(&'static str, DashboardList)> {
        vec![("accounts", DashboardList::from(&cloud[OSS_ADMIN].accounts))]
    }
}
