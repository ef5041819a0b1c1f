//! How many GB of disks and how many snapshots the account may have.

use super::state::EBS;
use crate::cloud::call::{Call, Handler};
use crate::cloud::refusal::Refusal;
use crate::cloud::state::Cloud;
use crate::services::ecs::filled;
use serde_json::{Value as Json, json};

pub(super) const ACTIONS: &[(&str, Handler)] = &[
    ("DescribeDiskQuota", of_zone),
    ("DescribeSnapshotQuota", of_disk),
];

fn of_zone(call: &mut Call) -> Result<Json, Refusal> {
    let zone = call.edge_zone("AvailableZoneCode")?.code;
    let (total, used) = (call.cloud[EBS].zone_quota, call.cloud.used_ebs_quota(zone));
    let quota = json!({"TotalQuota": total, "UsedQuota": used, "FreeQuota": total.saturating_sub(used), "DiskFeature": "SSD"});
    Ok(json!({"Data": {"QuotaList": [quota]}}))
}

fn of_disk(call: &mut Call) -> Result<Json, Refusal> {
    let disk = call.cloud.ebs_disk(filled(call, "DiskId")?)?;
    let (total, used) = (
        call.cloud[EBS].snapshot_quota,
        call.cloud.used_snapshot_quota(&disk.id),
    );
    Ok(
        json!({"Data": {"DiskId": disk.id, "TotalQuota": total, "UsedQuota": used, "FreeQuota": total.saturating_sub(used)}}),
    )
}

impl Cloud {
    /// Copies in other zones do not count.
    fn used_snapshot_quota(&self, disk: &str) -> u64 {
        let zone = self[EBS].disks.get(disk).map(|disk| &disk.zone);
        self[EBS]
            .snapshots_of(disk)
            .filter(|snapshot| Some(&snapshot.zone) == zone)
            .count() as u64
    }

    /// Refuses a snapshot of a disk that has as many as it may.
    pub(super) fn check_snapshot_quota(&self, disk: &str) -> Result<(), Refusal> {
        if self.used_snapshot_quota(disk) < self[EBS].snapshot_quota {
            return Ok(());
        }
        let message = format!(
            "The disk {disk} has {} snapshots, which is all that it may have",
            self[EBS].snapshot_quota
        );
        Err(Refusal::new("InvalidOperation", message))
    }
}
