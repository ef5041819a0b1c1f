//! Disks: ordered, attached, detached and deleted.

use super::offerings::{Offering, region};
use super::refusals::refused;
use super::state::{BMS_DISK, Disk};
use super::{Effect, work};
use crate::cloud::call::{Call, Handler};
use crate::cloud::refusal::Refusal;
use crate::cloud::task::Plan;
use crate::services::vdc::VDC;
use serde_json::{Value as Json, json};

pub(super) const ACTIONS: &[(&str, Handler)] = &[
    ("CreateDisk", create),
    ("AttachDisk", attach),
    ("DetachDisk", detach),
    ("DeleteDisk", delete),
];

fn create(call: &mut Call) -> Result<Json, Refusal> {
    let region = region(call)?;
    let (size, number) = (above_0(call, "Size")?, above_0(call, "Num")?);
    let offering = call.params.required("GoodsId");
    let offering = Offering::of(offering)
        .ok_or_else(|| call.malformed("GoodsId", "there are no such goods"))?;
    call.cloud
        .fits_pool(&region, offering.kind, size.saturating_mul(number))?;
    let name = call.params.required("Name");
    let mut made = Vec::new();
    for _ in 0..number {
        let (id, created) = (call.cloud.ids.uuid(), call.cloud.now());
        let task = add(
            call,
            Disk {
                id: id.clone(),
                name: name.to_owned(),
                region: region.clone(),
                size,
                used: 0,
                iops: offering.iops.into(),
                bandwidth: offering.bandwidth.into(),
                kind: offering.kind,
                server: None,
                created,
            },
            Plan::holding(work::CREATE, vec![id.clone()]),
        );
        made.push(json!({"DiskId": id, "TaskId": task}));
    }
    Ok(json!({"Data": {"DiskInfo": made}}))
}

/// Adds a disk that is gone again where its task fails; the task.
pub(super) fn add(call: &mut Call, disk: Disk, plan: Plan) -> String {
    let undo = Effect::RemoveDisk {
        disk: disk.id.clone(),
    };
    call.cloud[BMS_DISK].disks.insert(disk);
    call.cloud.start(plan.showing("creating").or_else(undo))
}

/// A number that is given and above 0.
pub(super) fn above_0(call: &Call, name: &str) -> Result<u64, Refusal> {
    let number = call.params.count(name).filter(|number| *number > 0);
    number.ok_or_else(|| call.malformed(name, "it must be above 0"))
}

fn attach(call: &mut Call) -> Result<Json, Refusal> {
    let (id, server_id) = (
        call.params.required("DiskId").to_owned(),
        call.params.required("InstanceId").to_owned(),
    );
    let disk = call.cloud.idle_bms_disk(&id)?;
    if let Some(server) = &disk.server {
        return Err(refused(format!(
            "The disk {id} is attached to {server} already"
        )));
    }
    let missing = || refused(format!("There is no bare-metal server {server_id:?}"));
    let server = call.cloud.bare_metal(&server_id).ok_or_else(missing)?;
    let (state, _) = call.cloud.bare_metal_state(server);
    if !["running", "stopped"].contains(&state) {
        return Err(refused(format!("The server {server_id} is {state}")));
    }
    let zone = call.cloud[VDC]
        .vdcs
        .get(&server.vdc_id)
        .map(|vdc| &vdc.region);
    // A UUID cannot be compared with a zone.
    let is_zone = !crate::cloud::ids::is_uuid(&disk.region);
    if let Some(zone) = zone.filter(|zone| is_zone && **zone != disk.region) {
        return Err(refused(format!(
            "The disk is in {}, the server in {zone}",
            disk.region
        )));
    }
    let plan = Plan::holding(work::ATTACH, vec![id.clone()]).showing("attaching");
    Ok(started(&call.cloud.start(plan.then(Effect::Attach {
        disk: id,
        server: server_id,
    }))))
}

fn detach(call: &mut Call) -> Result<Json, Refusal> {
    let id = call.params.required("DiskId").to_owned();
    if call.cloud.idle_bms_disk(&id)?.server.is_none() {
        return Err(refused(format!("The disk {id} is not attached")));
    }
    let plan = Plan::holding(work::DETACH, vec![id.clone()]).showing("detaching");
    Ok(started(
        &call.cloud.start(plan.then(Effect::Detach { disk: id })),
    ))
}

/// An attached disk is refused: the document does not say that it is not.
fn delete(call: &mut Call) -> Result<Json, Refusal> {
    let id = call.params.required("DiskId").to_owned();
    if let Some(server) = &call.cloud.idle_bms_disk(&id)?.server {
        return Err(refused(format!("The disk {id} is attached to {server}")));
    }
    let snapshots = call.cloud[BMS_DISK]
        .snapshots
        .iter()
        .filter(|snapshot| snapshot.disk == id);
    let mut held: Vec<_> = snapshots.map(|snapshot| snapshot.id.clone()).collect();
    for snapshot in &held {
        call.cloud.idle_bms_snapshot(snapshot)?;
    }
    held.push(id.clone());
    let plan = Plan::holding(work::DELETE, held).showing("deleting");
    Ok(started(
        &call.cloud.start(plan.then(Effect::RemoveDisk { disk: id })),
    ))
}

/// Where the document's examples have the task.
fn started(task: &str) -> Json {
    json!({"Data": {"DiskInfo": [{"TaskId": task}]}})
}
