//! The service `/storage-service` of Capital Online: cloud disks of bare-metal servers and their
//! snapshots. Its works are tasks that nothing can ask about: the states of disks show how they
//! stand.

use super::effect::Effect;
use super::state::BMS_DISK;
use super::{change, describe, disk, offerings, problems, snapshot};
use crate::cloud::call::Table;
use crate::cloud::dashboard_list::DashboardList;
use crate::cloud::service::{EffectKind, Service};
use crate::cloud::service_states::StateKind;
use crate::cloud::state::Cloud;

/// The service.
pub(crate) struct BmsDisk;

impl Service for BmsDisk {
    fn name(&self) -> &'static str {
        "cds.bms_disk"
    }

    fn actions(&self) -> &'static [Table] {
        &[
            change::ACTIONS,
            describe::ACTIONS,
            disk::ACTIONS,
            offerings::ACTIONS,
            snapshot::ACTIONS,
        ]
    }

    fn state(&self) -> Option<StateKind> {
        Some(BMS_DISK.kind())
    }

    fn effects(&self) -> Option<EffectKind> {
        Some(EffectKind::of::<Effect>())
    }

    fn problems(&self, cloud: &Cloud) -> Vec<String> {
        problems::problems(cloud)
    }

    fn dashboard_lists(&self, cloud: &Cloud) -> Vec<(&'static str, DashboardList)> {
        let state = &cloud[BMS_DISK];
        vec![
            ("disks", DashboardList::from(&state.disks)),
            ("snapshots", DashboardList::from(&state.snapshots)),
        ]
    }
}
