//! The service `/ebs/v1` of Capital Online: elastic disks, their snapshots and chains of these.

use super::effect::Effect;
use super::state::EBS;
use super::{chain, copy, describe, disk, event, index, problems, quota, rollback, snapshot};
use crate::cloud::call::Table;
use crate::cloud::dashboard_list::DashboardList;
use crate::cloud::service::{EffectKind, Service};
use crate::cloud::service_states::StateKind;
use crate::cloud::state::Cloud;

/// The service.
pub(crate) struct Ebs;

impl Service for Ebs {
    fn name(&self) -> &'static str {
        "cds.ebs"
    }

    fn actions(&self) -> &'static [Table] {
        &[
            chain::ACTIONS,
            event::ACTIONS,
            copy::ACTIONS,
            describe::ACTIONS,
            disk::ACTIONS,
            quota::ACTIONS,
            rollback::ACTIONS,
            snapshot::ACTIONS,
        ]
    }

    fn state(&self) -> Option<StateKind> {
        Some(EBS.kind())
    }

    fn effects(&self) -> Option<EffectKind> {
        Some(EffectKind::of::<Effect>())
    }

    fn index(&self, cloud: &mut Cloud) {
        index::index(cloud);
    }

    fn settle(&self, cloud: &mut Cloud) {
        cloud.expire_snapshots();
    }

    fn problems(&self, cloud: &Cloud) -> Vec<String> {
        problems::problems(cloud)
    }

    fn dashboard_lists(&self, cloud: &Cloud) -> Vec<(&'static str, DashboardList)> {
        let state = &cloud[EBS];
        vec![
            ("disks", DashboardList::from(&state.disks)),
            ("snapshots", DashboardList::from(&state.snapshots)),
        ]
    }
}
