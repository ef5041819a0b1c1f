//! What the ends of tasks do to disks and snapshots.

use super::state::BMS_DISK;
use crate::cloud::service::TaskEffect;
use crate::cloud::state::Cloud;
use serde::{Deserialize, Serialize};

/// What the end of a task does here. What has gone meanwhile is passed over.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Effect {
    /// Stays undone where the server has gone.
    Attach {
        disk: String,
        server: String,
    },
    Detach {
        disk: String,
    },
    /// With its snapshots.
    RemoveDisk {
        disk: String,
    },
    SetIops {
        disk: String,
        iops: u64,
    },
    AddBandwidth {
        disk: String,
        more: u64,
    },
    Grow {
        disk: String,
        more: u64,
    },
    RemoveSnapshot {
        snapshot: String,
    },
    RollBack {
        snapshot: String,
    },
}

impl TaskEffect for Effect {
    const STATE: &'static str = BMS_DISK.name();

    fn apply(self, cloud: &mut Cloud) {
        match self {
            Self::Attach { disk, server } => {
                if cloud.bare_metal(&server).is_none() {
                    return;
                }
                // An empty disk that is attached gets filled in part.
                let share = cloud.fraction(&format!("{disk} use"), 0) * 0.6;
                cloud.change_bms_disk(&disk, |disk| {
                    disk.server = Some(server);
                    if disk.used == 0 {
                        disk.used = part(disk.size, share);
                    }
                });
            }
            Self::Detach { disk } => cloud.change_bms_disk(&disk, |disk| disk.server = None),
            Self::RemoveDisk { disk } => {
                cloud[BMS_DISK].disks.remove(&disk);
                cloud[BMS_DISK]
                    .snapshots
                    .retain(|snapshot| snapshot.disk != disk);
            }
            Self::SetIops { disk, iops } => cloud.change_bms_disk(&disk, |disk| disk.iops = iops),
            Self::AddBandwidth { disk, more } => {
                cloud.change_bms_disk(&disk, |disk| {
                    disk.bandwidth = disk.bandwidth.saturating_add(more);
                });
            }
            Self::Grow { disk, more } => {
                cloud.change_bms_disk(&disk, |disk| disk.size = disk.size.saturating_add(more));
            }
            Self::RemoveSnapshot { snapshot } => {
                cloud[BMS_DISK].snapshots.remove(&snapshot);
            }
            Self::RollBack { snapshot } => {
                if let Some(snapshot) = cloud[BMS_DISK].snapshots.get(&snapshot).cloned() {
                    cloud.change_bms_disk(&snapshot.disk, |disk| disk.used = snapshot.used);
                }
            }
        }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "it is an estimate"
)]
fn part(size: u64, share: f64) -> u64 {
    (size as f64 * share) as u64
}
