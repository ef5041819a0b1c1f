//! Disks.

use super::answers::started;
use super::new_disks::{MAX_DATA_DISK, MAX_SYSTEM_DISK, data_disk};
use super::state::Disk;
use super::{Effect, work};
use crate::cloud::call::{Call, Handler};
use crate::cloud::refusal::Refusal;
use crate::cloud::task::Plan;
use serde_json::{Value as Json, json};

pub(super) const ACTIONS: &[(&str, Handler)] = &[
    ("CreateDisk", create),
    ("ResizeDisk", resize),
    ("DeleteDisk", delete),
    ("ExtendSystemDisk", extend_system),
];

fn create(call: &mut Call) -> Result<Json, Refusal> {
    let id = call.params.required("InstanceId").to_owned();
    call.cloud.idle_instance(&id)?;
    let disks = call
        .params
        .objects("DataDisks")
        .into_iter()
        .map(|disk| data_disk(call, disk))
        .collect::<Result<Vec<_>, _>>()?;
    if disks.is_empty() {
        return Err(call.missing("DataDisks"));
    }
    let disks: Vec<_> = disks
        .into_iter()
        .map(|disk| Disk {
            id: call.cloud.ids.uuid(),
            ..disk
        })
        .collect();
    let plan = Plan::holding(work::DISK, vec![id.clone()]).then(Effect::AddDisks {
        instance: id,
        disks,
    });
    Ok(started(&call.cloud.start(plan)))
}

fn resize(call: &mut Call) -> Result<Json, Refusal> {
    let params = call.params;
    let (id, disk_id) = (
        params.required("InstanceId").to_owned(),
        params.required("DiskId").to_owned(),
    );
    let (size, packages) = (
        params.count("DataSize").unwrap_or(0),
        params.count("IOPS").unwrap_or(0),
    );
    let disk = call
        .cloud
        .idle_instance(&id)?
        .disks
        .iter()
        .find(|disk| disk.id == disk_id)
        .cloned();
    let disk = disk.ok_or_else(|| {
        call.malformed("DiskId", &format!("the server has no data disk {disk_id}"))
    })?;
    grows(size, disk.size, MAX_DATA_DISK)?;
    let effect = Effect::ResizeDisk {
        instance: id.clone(),
        disk: disk_id,
        size,
        packages,
    };
    Ok(started(
        &call
            .cloud
            .start(Plan::holding(work::DISK, vec![id]).then(effect)),
    ))
}

fn delete(call: &mut Call) -> Result<Json, Refusal> {
    let id = call.params.required("InstanceId").to_owned();
    let disks: Vec<String> = call
        .params
        .texts("DiskIds")
        .into_iter()
        .map(str::to_owned)
        .collect();
    let instance = call.cloud.idle_instance(&id)?;
    let unknown = disks
        .iter()
        .find(|wanted| !instance.disks.iter().any(|disk| disk.id == **wanted))
        .cloned();
    if let Some(unknown) = unknown {
        return Err(call.malformed("DiskIds", &format!("the server has no data disk {unknown}")));
    }
    if disks.is_empty() {
        return Err(call.malformed("DiskIds", "it names no disk"));
    }
    let plan = Plan::holding(work::DISK, vec![id.clone()]).then(Effect::RemoveDisks {
        instance: id,
        disks,
    });
    Ok(started(&call.cloud.start(plan)))
}

fn extend_system(call: &mut Call) -> Result<Json, Refusal> {
    let (size, packages) = (call.params.count("Size"), call.params.count("IOPS"));
    if size.is_none() && packages.is_none() {
        return Err(call.missing("Size or IOPS"));
    }
    let id = call.params.required("InstanceId").to_owned();
    let system = call.cloud.idle_instance(&id)?.system.clone();
    let size = size.unwrap_or(system.size);
    grows(size, system.size, MAX_SYSTEM_DISK)?;
    let packages = packages.unwrap_or(system.packages);
    let effect = Effect::ExtendSystemDisk {
        instance: id.clone(),
        size,
        packages,
    };
    let task = call
        .cloud
        .start(Plan::holding(work::DISK, vec![id]).then(effect));
    Ok(json!({"Data": {"order_audit": 0}, "Message": "", "TaskId": task}))
}

fn grows(size: u64, present: u64, most: u64) -> Result<(), Refusal> {
    if size < present {
        return Err(Refusal::new(
            "InvalidDiskSize.TooSmall",
            format!("The disk has {present} GB already"),
        ));
    }
    if size > most {
        return Err(Refusal::new(
            "InvalidDataDiskSize.ValueNotSupported",
            format!("The disk can have {most} GB at most"),
        ));
    }
    Ok(())
}
