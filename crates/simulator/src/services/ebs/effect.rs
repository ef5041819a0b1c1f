//! What the ends of tasks do to disks and snapshots.

use super::state::EBS;
use crate::cloud::money::Money;
use crate::cloud::service::TaskEffect;
use crate::cloud::state::Cloud;
use crate::services::billing::Use;
use crate::services::ecs::{self, Power};
use serde::{Deserialize, Serialize};

/// What the end of a task does here.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Effect {
    /// New disks are there, and metered from now on.
    Finish {
        disks: Vec<String>,
    },
    /// Disks that could not be made.
    Discard {
        disks: Vec<String>,
    },
    Detach {
        disks: Vec<String>,
    },
    Extend {
        disk: String,
        size: u64,
    },
    /// Disks, and those snapshots of them that are not kept for ever, where that is wanted.
    Delete {
        disks: Vec<String>,
        with_snapshots: bool,
    },
    RemoveSnapshots {
        snapshots: Vec<String>,
    },
    /// A disk is as its snapshot has it; its server starts again where that is wanted.
    RollBack {
        start: Option<String>,
    },
}

impl TaskEffect for Effect {
    const STATE: &'static str = EBS.name();

    fn apply(self, cloud: &mut Cloud) {
        match self {
            Self::Finish { disks } => cloud.finish_ebs_disks(&disks, None),
            Self::Discard { disks } => disks.iter().for_each(|id| cloud.remove_ebs_disk(id)),
            Self::Detach { disks } => disks.iter().for_each(|id| cloud[EBS].attach(id, None)),
            Self::Extend { disk, size } => extend(cloud, &disk, size),
            Self::Delete {
                disks,
                with_snapshots,
            } => {
                for id in &disks {
                    if with_snapshots {
                        cloud.remove_snapshots_of(id);
                    }
                    cloud.remove_ebs_disk(id);
                }
            }
            Self::RemoveSnapshots { snapshots } => snapshots
                .iter()
                .for_each(|id| cloud[EBS].remove_snapshot(id)),
            Self::RollBack { start } => {
                // Nothing of what a disk holds is simulated, so the server is all that changes.
                if let Some(server) = start {
                    cloud.set_ecs_power(&server, Power::Running);
                }
            }
        }
    }
}

/// Enlarges a disk. It is metered by its new size from now on; one that is paid with its server by
/// what it grew.
fn extend(cloud: &mut Cloud, id: &str, size: u64) {
    let Some(disk) = cloud[EBS].disks.get_mut(id) else {
        return;
    };
    let grown = size.saturating_sub(disk.size);
    disk.size = size;
    let (name, zone) = (disk.name.clone(), disk.zone.clone());
    let (before, credit) = cloud.use_of(id).map_or((Money::ZERO, None), |metered| {
        (metered.per_day, metered.credit)
    });
    cloud.end_use(id);
    let per_day = before + ecs::per_day_of_disk(grown);
    cloud.begin_use(
        Use::of(id, "cds.ebs", "CreateDisk", per_day)
            .named(&name, &zone)
            .paid_by(credit),
    );
}
