//! The resources: found, checked and changed for the Actions and the ends of tasks.

use super::refusals::refused;
use super::state::{BMS_DISK, Disk, Kind, Snapshot};
use crate::cloud::refusal::Refusal;
use crate::cloud::state::Cloud;

impl Cloud {
    /// A disk that no task works on.
    pub(super) fn idle_bms_disk(&self, id: &str) -> Result<&Disk, Refusal> {
        let disk = self[BMS_DISK]
            .disks
            .get(id)
            .ok_or_else(|| refused(format!("There is no disk {id:?}")))?;
        match self.tasks.state_of(id) {
            None => Ok(disk),
            Some(state) => Err(refused(format!("The disk {id} is {state}"))),
        }
    }

    /// A finished snapshot that no task works on.
    pub(super) fn idle_bms_snapshot(&self, id: &str) -> Result<&Snapshot, Refusal> {
        let snapshot = self[BMS_DISK]
            .snapshots
            .get(id)
            .ok_or_else(|| refused(format!("There is no snapshot {id:?}")))?;
        match self.tasks.state_of(id) {
            None => Ok(snapshot),
            Some(state) => Err(refused(format!("The snapshot {id} is {state}"))),
        }
    }

    /// How many GB of a zone's pool are given to disks.
    pub(super) fn pool_use(&self, region: &str, kind: Kind) -> u64 {
        let disks = self[BMS_DISK]
            .disks
            .iter()
            .filter(|disk| disk.region == region && disk.kind == kind);
        disks.fold(0, |sum, disk| sum.saturating_add(disk.size))
    }

    /// Refuses so many more GB than a zone's pool has left.
    pub(super) fn fits_pool(&self, region: &str, kind: Kind, more: u64) -> Result<(), Refusal> {
        let left = self[BMS_DISK]
            .pool_size
            .saturating_sub(self.pool_use(region, kind));
        if more <= left {
            Ok(())
        } else {
            Err(refused(format!(
                "The storage pool of {region} has only {left} GB left"
            )))
        }
    }

    /// A disk that is still there, for what a task does at its end.
    pub(super) fn change_bms_disk(&mut self, id: &str, change: impl FnOnce(&mut Disk)) {
        if let Some(disk) = self[BMS_DISK].disks.get_mut(id) {
            change(disk);
        }
    }

    /// Detaches whatever is attached to a bare-metal server that goes.
    pub(crate) fn detach_disks_of(&mut self, server: &str) {
        for disk in self[BMS_DISK]
            .disks
            .iter_mut()
            .filter(|disk| disk.server.as_deref() == Some(server))
        {
            disk.server = None;
        }
    }
}
