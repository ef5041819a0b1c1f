//! The resources: found, checked and changed for the Actions and the ends of tasks.

use super::state::{Disk, EBS, Snapshot};
use crate::cloud::refusal::Refusal;
use crate::cloud::state::Cloud;
use crate::services::billing::Use;
use crate::services::ecs;

impl Cloud {
    /// A disk by its id.
    pub(crate) fn ebs_disk(&self, id: &str) -> Result<&Disk, Refusal> {
        self[EBS]
            .disks
            .get(id)
            .ok_or_else(|| Refusal::new("InvalidParameter", format!("云盘信息不存在: {id}")))
    }

    /// A disk that no task works on.
    pub(super) fn idle_ebs_disk(&self, id: &str) -> Result<&Disk, Refusal> {
        let disk = self.ebs_disk(id)?;
        if self.tasks.holder(id).is_none() {
            Ok(disk)
        } else {
            Err(self.wrong_disk_state(disk))
        }
    }

    pub(super) fn wrong_disk_state(&self, disk: &Disk) -> Refusal {
        let message = format!(
            "The disk {} has the state {}",
            disk.id,
            self.ebs_disk_status(disk)
        );
        Refusal::new("InvalidOperation.DiskStatusUnsupported", message)
    }

    /// As `Status` of a disk writes it. No word for a disk that is being deleted is documented.
    pub(crate) fn ebs_disk_status(&self, disk: &Disk) -> &'static str {
        match self.tasks.holder(&disk.id).map(|task| task.kind.as_str()) {
            Some("create_disk" | "create_ecs") => "building",
            Some("mount_disk") => "mounting",
            Some("unmount_disk") => "unmounting",
            Some("create_snapshot") => "creating_snapshot",
            Some("rollback_disk") => "rollback",
            Some(_) => "updating",
            None if disk.server.is_some() => "running",
            None => "waiting",
        }
    }

    /// A snapshot by its id.
    pub(super) fn snapshot(&self, id: &str) -> Result<&Snapshot, Refusal> {
        self[EBS].snapshots.get(id).ok_or_else(|| {
            Refusal::new(
                "InvalidSnapshotId.NotFound",
                format!("There is no snapshot {id}"),
            )
        })
    }

    /// A snapshot that no task works on.
    pub(super) fn idle_snapshot(&self, id: &str) -> Result<&Snapshot, Refusal> {
        let snapshot = self.snapshot(id)?;
        if self.tasks.holder(id).is_none() {
            return Ok(snapshot);
        }
        let message = format!(
            "The snapshot {id} has the state {}",
            self.snapshot_status(snapshot)
        );
        Err(Refusal::new(
            "InvalidOperation.SnapshotStatusUnsupported",
            message,
        ))
    }

    /// A snapshot of a data disk, for a new data disk.
    pub(crate) fn data_snapshot(&self, id: &str) -> Result<&Snapshot, Refusal> {
        let snapshot = self.idle_snapshot(id)?;
        if snapshot.system.is_none() {
            return Ok(snapshot);
        }
        Err(Refusal::new(
            "InvalidOperation",
            format!("The snapshot {id} is one of a system disk"),
        ))
    }

    /// As `SnapshotStatus` writes it.
    pub(super) fn snapshot_status(&self, snapshot: &Snapshot) -> &'static str {
        match self
            .tasks
            .holder(&snapshot.id)
            .map(|task| task.kind.as_str())
        {
            Some("create_snapshot") => "creating",
            // The copy is held, and so is the snapshot that it is made from.
            Some("copy_snapshot")
                if self
                    .tasks
                    .holder(&snapshot.id)
                    .is_some_and(|task| task.resources.contains(&snapshot.id)) =>
            {
                "creating"
            }
            Some("delete_snapshot" | "delete_disk") => "deleting",
            Some("create_disk" | "create_ecs") => "disk_creating",
            Some("rollback_disk") => "disk_rollback",
            _ => "running",
        }
    }

    /// The disks of a server, the system disk first.
    pub(crate) fn ebs_disks_of(&self, server: &str) -> impl Iterator<Item = &Disk> {
        self[EBS]
            .index
            .attached
            .get(server)
            .into_iter()
            .flatten()
            .filter_map(|id| self[EBS].disks.get(id))
    }

    /// How many GB the account has in a zone.
    pub(super) fn used_ebs_quota(&self, zone: &str) -> u64 {
        self[EBS]
            .disks
            .iter()
            .filter(|disk| disk.zone == zone)
            .fold(0, |sum: u64, disk| sum.saturating_add(disk.size))
    }

    /// Refuses so many more GB in a zone than there are left.
    pub(crate) fn check_ebs_quota(&self, zone: &str, size: u64) -> Result<(), Refusal> {
        let free = self[EBS]
            .zone_quota
            .saturating_sub(self.used_ebs_quota(zone));
        if size <= free {
            return Ok(());
        }
        Err(Refusal::new(
            "InvalidOperation",
            format!("{size} GB are more than the {free} GB that are left in {zone}"),
        ))
    }

    /// Adds a disk, attached where it says so.
    pub(crate) fn add_ebs_disk(&mut self, mut disk: Disk) {
        let (id, server) = (disk.id.clone(), disk.server.take());
        self[EBS].disks.insert(disk);
        self[EBS].attach(&id, server.as_deref());
    }

    /// New disks are there: from now on they are metered, if they are not paid with their server.
    pub(crate) fn finish_ebs_disks(&mut self, ids: &[String], credit: Option<u64>) {
        for id in ids {
            let Some(disk) = self[EBS].disks.get(id).filter(|disk| !disk.is_prepaid) else {
                continue;
            };
            let metered = Use::of(id, "cds.ebs", "CreateDisk", ecs::per_day_of_disk(disk.size));
            let metered = metered.named(&disk.name, &disk.zone).paid_by(credit);
            self.begin_use(metered);
        }
    }

    /// Takes a disk away. Its snapshots stay.
    pub(crate) fn remove_ebs_disk(&mut self, id: &str) {
        self[EBS].attach(id, None);
        self.end_use(id);
        self[EBS].disks.remove(id);
    }

    /// What becomes of the disks of a server that goes: those that go with it are taken away, with
    /// the snapshots that are not kept for ever, and the others are free.
    pub(crate) fn release_ebs_disks(&mut self, server: &str) {
        let disks: Vec<_> = self
            .ebs_disks_of(server)
            .map(|disk| (disk.id.clone(), disk.releases))
            .collect();
        for (id, goes) in disks {
            if goes {
                self.remove_snapshots_of(&id);
                self.remove_ebs_disk(&id);
            } else {
                self[EBS].attach(&id, None);
            }
        }
    }

    /// Takes the snapshots of a disk away that are not kept for ever.
    pub(super) fn remove_snapshots_of(&mut self, disk: &str) {
        let goes = |snapshot: &&Snapshot| {
            snapshot.kept_days.is_some() && self.tasks.holder(&snapshot.id).is_none()
        };
        let gone: Vec<_> = self[EBS]
            .snapshots_of(disk)
            .filter(goes)
            .map(|snapshot| snapshot.id.clone())
            .collect();
        for id in gone {
            self[EBS].remove_snapshot(&id);
        }
    }

    /// Takes the snapshots away whose days are over. What a task works on waits for its end.
    pub(crate) fn expire_snapshots(&mut self) {
        let now = self.now();
        if self[EBS].index.next_end.is_none_or(|end| now < end) {
            return;
        }
        let is_over = |snapshot: &&Snapshot| {
            snapshot.ends().is_some_and(|end| end <= now)
                && self.tasks.holder(&snapshot.id).is_none()
        };
        let over: Vec<_> = self[EBS]
            .snapshots
            .iter()
            .filter(is_over)
            .map(|snapshot| snapshot.id.clone())
            .collect();
        for id in over {
            self[EBS].remove_snapshot(&id);
        }
        self[EBS].index.next_end = self[EBS].snapshots.iter().filter_map(Snapshot::ends).min();
    }
}
