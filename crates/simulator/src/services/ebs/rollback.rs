//! Putting a disk back to one of its snapshots.

use super::snapshot::Wish;
use super::{Effect, work};
use crate::cloud::call::{Call, Handler};
use crate::cloud::refusal::Refusal;
use crate::cloud::task::Plan;
use crate::services::ecs::{Power, filled, started};
use serde_json::Value as Json;

pub(super) const ACTIONS: &[(&str, Handler)] = &[("RollbackDiskBySnapShot", roll_back)];

fn roll_back(call: &mut Call) -> Result<Json, Refusal> {
    let (id, snapshot) = (
        filled(call, "DiskId")?,
        filled(call, "SnapshotId")?.to_owned(),
    );
    let disk = call.cloud.idle_ebs_disk(id)?.clone();
    if call.cloud.idle_snapshot(&snapshot)?.disk_id != disk.id {
        return Err(Refusal::new(
            "InvalidOperation",
            format!("The snapshot {snapshot} is not one of the disk {id}"),
        ));
    }
    // That the server is started afterwards says that it must not run.
    if let Some(server) = &disk.server {
        let server = call.cloud.idle_ecs_server(server)?;
        if server.power != Power::Shutdown {
            let message = format!("The server {} must be shut down", server.id);
            return Err(Refusal::new(
                "InvalidOperation.InstanceStatusUnsupported",
                message,
            ));
        }
    }
    let before = match call.params.object("NewSnapshot") {
        Some(wanted) => {
            let wish = Wish::of(
                call,
                wanted.text("SnapshotName"),
                wanted.text("ReservedTime"),
            )?;
            call.cloud.check_snapshot_quota(id)?;
            Some(wish.make(call.cloud, &disk, &disk.zone))
        }
        None => None,
    };
    let starts = call.params.count("AutoTurnOnInstance") != Some(0);
    let held = [disk.id.clone(), snapshot]
        .into_iter()
        .chain(before.clone())
        .chain(disk.server.clone())
        .collect();
    let plan = Plan::holding(work::ROLLBACK, held)
        .making(vec![disk.id])
        .then(Effect::RollBack {
            start: disk.server.filter(|_| starts),
        })
        .or_else(Effect::RemoveSnapshots {
            snapshots: before.into_iter().collect(),
        });
    Ok(started(&call.cloud.start(plan)))
}
