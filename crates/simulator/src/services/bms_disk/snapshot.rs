//! Snapshots: taken, cloned, gone back to and deleted.

use super::disk::add;
use super::state::{BMS_DISK, Disk, Snapshot};
use super::{Effect, work};
use crate::cloud::call::{Call, Handler};
use crate::cloud::refusal::Refusal;
use crate::cloud::task::Plan;
use serde_json::{Value as Json, json};

pub(super) const ACTIONS: &[(&str, Handler)] = &[
    ("CreateSnapshot", create),
    ("CloneSnapshot", clone),
    ("DeleteSnapshot", delete),
    ("RollbackSnapshot", roll_back),
];

fn create(call: &mut Call) -> Result<Json, Refusal> {
    let disk = call
        .cloud
        .idle_bms_disk(call.params.required("DiskId"))?
        .clone();
    let (id, created) = (call.cloud.ids.uuid(), call.cloud.now());
    call.cloud[BMS_DISK].snapshots.insert(Snapshot {
        id: id.clone(),
        name: call.params.required("SnapshotName").to_owned(),
        disk: disk.id.clone(),
        size: disk.size,
        used: disk.used,
        created,
    });
    let plan = Plan::holding(work::SNAPSHOT, vec![disk.id, id.clone()]).showing("snapshotting");
    let task = call.cloud.start(plan.or_else(Effect::RemoveSnapshot {
        snapshot: id.clone(),
    }));
    Ok(json!({"Data": {"TaskId": task, "SnapshotId": id}}))
}

/// The new disk is as the snapshot's disk, as large as the snapshot.
fn clone(call: &mut Call) -> Result<Json, Refusal> {
    let snapshot = call
        .cloud
        .idle_bms_snapshot(call.params.required("SnapshotId"))?
        .clone();
    let origin = call.cloud.idle_bms_disk(&snapshot.disk)?.clone();
    call.cloud
        .fits_pool(&origin.region, origin.kind, snapshot.size)?;
    let (id, created) = (call.cloud.ids.uuid(), call.cloud.now());
    let name = call.params.required("Name").to_owned();
    let disk = Disk {
        id: id.clone(),
        name,
        size: snapshot.size,
        used: snapshot.used,
        server: None,
        created,
        ..origin
    };
    let task = add(
        call,
        disk,
        Plan::holding(work::CLONE, vec![id.clone(), snapshot.id]),
    );
    Ok(json!({"Data": {"TaskId": task, "DiskId": id}}))
}

fn delete(call: &mut Call) -> Result<Json, Refusal> {
    let id = call
        .cloud
        .idle_bms_snapshot(call.params.required("SnapshotId"))?
        .id
        .clone();
    let plan = Plan::holding(work::DELETE, vec![id.clone()]).showing("deleting");
    let task = call
        .cloud
        .start(plan.then(Effect::RemoveSnapshot { snapshot: id }));
    Ok(json!({"Data": {"TaskId": task}}))
}

fn roll_back(call: &mut Call) -> Result<Json, Refusal> {
    let snapshot = call
        .cloud
        .idle_bms_snapshot(call.params.required("SnapshotId"))?
        .clone();
    let disk = call.cloud.idle_bms_disk(&snapshot.disk)?.id.clone();
    let plan = Plan::holding(work::ROLLBACK, vec![disk, snapshot.id.clone()]).showing("rollback");
    let task = call.cloud.start(plan.then(Effect::RollBack {
        snapshot: snapshot.id,
    }));
    Ok(json!({"Data": {"TaskId": task}}))
}
