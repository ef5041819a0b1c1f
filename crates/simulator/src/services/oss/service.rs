//! Capital Online's object storage.

use super::actions::{ACTIONS, METRICS};
use super::download;
use super::state::OSS;
use crate::cloud::blob::{Download, ObjectUrl};
use crate::cloud::call::Table;
use crate::cloud::dashboard_list::DashboardList;
use crate::cloud::refusal::Refusal;
use crate::cloud::service::Service;
use crate::cloud::service_states::StateKind;
use crate::cloud::state::Cloud;

/// Version 1.1: buckets and objects.
pub(crate) struct Oss;

impl Service for Oss {
    fn name(&self) -> &'static str {
        "cds.oss_v11"
    }

    fn actions(&self) -> &'static [Table] {
        &[ACTIONS]
    }

    fn state(&self) -> Option<StateKind> {
        Some(OSS.kind())
    }

    fn problems(&self, cloud: &Cloud) -> Vec<String> {
        cloud[OSS].problems()
    }

    fn object<'c>(
        &self,
        cloud: &'c Cloud,
        url: ObjectUrl<'_>,
    ) -> Option<Result<Download<'c>, Refusal>> {
        download::find(cloud, url)
    }

    fn dashboard_lists(&self, cloud: &Cloud) -> Vec<(&'static str, DashboardList)> {
        vec![("buckets", cloud[OSS].dashboard_list())]
    }
}

/// Version 1.2: a bucket's use.
pub(crate) struct OssMetrics;

impl Service for OssMetrics {
    fn name(&self) -> &'static str {
        "cds.oss_v12"
    }

    fn actions(&self) -> &'static [Table] {
        &[METRICS]
    }
}
