//! Creating, deleting, attaching, detaching and enlarging disks.

use super::state::{Disk, EBS};
use super::{Effect, work};
use crate::cloud::call::{Call, Handler};
use crate::cloud::refusal::Refusal;
use crate::cloud::task::Plan;
use crate::services::ecs::{self, day, filled, ids, started};
use serde_json::{Value as Json, json};

pub(super) const ACTIONS: &[(&str, Handler)] = &[
    ("CreateDisk", create),
    ("DeleteDisk", delete),
    ("DetachDisk", detach),
    ("AttachDisk", attach),
    ("ExtendDisk", extend),
];

/// The largest disk in GB, and how many a call may ask for; the document names neither.
const MAX_SIZE: u64 = 4000;
const MOST_AT_ONCE: u64 = 100;

fn create(call: &mut Call) -> Result<Json, Refusal> {
    let params = call.params;
    let zone = call.edge_zone("AvailableZoneCode")?.code.to_owned();
    let server = params
        .text("InstanceId")
        .filter(|id| !id.is_empty())
        .map(str::to_owned);
    if let Some(server) = &server {
        fits_server(call, server, &zone)?;
    }
    let name = name(call)?;
    if filled(call, "DiskFeature")? != "SSD" {
        return Err(call.malformed("DiskFeature", "there is no such type of disk"));
    }
    if params.text("BillingMethod") == Some("1") {
        return Err(call.malformed("BillingMethod", "disks are paid on demand only"));
    }
    let snapshot = params.text("SnapshotId").filter(|id| !id.is_empty());
    let size = params.count("Size").unwrap_or(0);
    if let Some(id) = snapshot {
        let snapshot = call.cloud.data_snapshot(id)?;
        if snapshot.zone != zone {
            return Err(az_mismatch(format!(
                "The snapshot {id} is in {}",
                snapshot.zone
            )));
        }
        if size < snapshot.disk_size {
            return Err(Refusal::new(
                "MinDiskSizeLess",
                format!("The snapshot {id} is one of {} GB", snapshot.disk_size),
            ));
        }
    }
    check_largest(size)?;
    let number = params.count("Number").unwrap_or(1);
    if number > MOST_AT_ONCE {
        return Err(call.malformed("Number", &format!("it must be {MOST_AT_ONCE} at most")));
    }
    call.cloud
        .check_ebs_quota(&zone, size.saturating_mul(number))?;
    if !call.cloud.affords(ecs::disk_price(size, number), None) {
        return Err(Refusal::new(
            "InvalidOperation",
            "The account's balance does not cover the disks",
        ));
    }
    let releases = server.is_some() && params.count("ReleaseWithInstance") != Some(0);
    let created = call.cloud.now();
    let disks: Vec<_> = (0..number).map(|_| call.cloud.ids.short("disk")).collect();
    for id in &disks {
        let (id, name, zone, server) = (id.clone(), name.clone(), zone.clone(), server.clone());
        call.cloud.add_ebs_disk(Disk {
            id,
            name,
            zone,
            size,
            system: None,
            server,
            releases,
            is_prepaid: false,
            created,
        });
    }
    let held = disks
        .iter()
        .cloned()
        .chain(snapshot.map(str::to_owned))
        .collect();
    let plan = Plan::holding(work::CREATE, held)
        .making(disks.clone())
        .then(Effect::Finish {
            disks: disks.clone(),
        })
        .or_else(Effect::Discard {
            disks: disks.clone(),
        });
    let event = call.cloud.start(plan);
    Ok(json!({"Data": {"EventId": event, "DiskIdSet": disks}}))
}

/// Two to forty letters, digits, Chinese characters and some signs, a Latin letter first.
fn name(call: &Call) -> Result<String, Refusal> {
    let Some(name) = call.params.text("DiskName").filter(|name| !name.is_empty()) else {
        return Ok(format!("ssd_{}", day(call.cloud)));
    };
    let is_known = |letter: char| {
        letter.is_ascii_alphanumeric() || is_chinese(letter) || "._:-()".contains(letter)
    };
    let is_acceptable = (2..=40).contains(&name.chars().count())
        && name.starts_with(|first: char| first.is_ascii_alphabetic())
        && name.chars().all(is_known);
    let refusal = || {
        call.malformed(
            "DiskName",
            "2 to 40 letters, digits, Chinese characters or ._:-() with a letter first",
        )
    };
    if is_acceptable {
        Ok(name.to_owned())
    } else {
        Err(refusal())
    }
}

pub(super) fn is_chinese(letter: char) -> bool {
    ('\u{3400}'..='\u{9fff}').contains(&letter)
}

pub(super) fn az_mismatch(message: String) -> Refusal {
    Refusal::new("InvalidOperation.AzMismatch", message)
}

fn check_largest(size: u64) -> Result<(), Refusal> {
    if size <= MAX_SIZE {
        Ok(())
    } else {
        Err(Refusal::new(
            "MaxDiskSizeExceed",
            format!("A disk has {MAX_SIZE} GB at most"),
        ))
    }
}

/// Refuses a server that no disk of a zone can be attached to.
fn fits_server(call: &Call, server: &str, zone: &str) -> Result<(), Refusal> {
    let server = call.cloud.idle_ecs_server(server)?;
    if server.zone != zone {
        return Err(az_mismatch(format!(
            "The server {} is in {}",
            server.id, server.zone
        )));
    }
    if server.local_disks.iter().any(|disk| disk.is_system) {
        return Err(Refusal::new(
            "UnSupportedMixingLocalAndEbs",
            format!("The server {} has local disks", server.id),
        ));
    }
    Ok(())
}

/// Data disks that no task works on.
fn data_disks(call: &Call) -> Result<Vec<String>, Refusal> {
    let disks = ids(call, "DiskIds")?;
    for id in &disks {
        if call.cloud.idle_ebs_disk(id)?.is_system() {
            return Err(Refusal::new(
                "InvalidOperation",
                format!("The disk {id} is a system disk"),
            ));
        }
    }
    Ok(disks)
}

fn delete(call: &mut Call) -> Result<Json, Refusal> {
    let disks = data_disks(call)?;
    let with_snapshots = match call.params.number("DeleteSnapshot") {
        None | Some(0) => false,
        Some(1) => true,
        Some(_) => return Err(call.malformed("DeleteSnapshot", "it is neither 0 nor 1")),
    };
    let mut held = disks.clone();
    for id in &disks {
        let disk = call.cloud.ebs_disk(id)?;
        if disk.server.is_some() {
            return Err(call.cloud.wrong_disk_state(disk));
        }
        let own = call.cloud[EBS]
            .snapshots_of(id)
            .filter(|snapshot| with_snapshots && snapshot.kept_days.is_some());
        for snapshot in own.map(|snapshot| snapshot.id.clone()).collect::<Vec<_>>() {
            call.cloud.idle_snapshot(&snapshot)?;
            held.push(snapshot);
        }
    }
    let plan = Plan::holding(work::DELETE, held)
        .making(disks.clone())
        .then(Effect::Delete {
            disks,
            with_snapshots,
        });
    Ok(started(&call.cloud.start(plan)))
}

fn detach(call: &mut Call) -> Result<Json, Refusal> {
    let disks = data_disks(call)?;
    for id in &disks {
        let disk = call.cloud.ebs_disk(id)?;
        match &disk.server {
            Some(server) => call.cloud.idle_ecs_server(server)?,
            None => return Err(call.cloud.wrong_disk_state(disk)),
        };
    }
    let plan = Plan::holding(work::DETACH, disks.clone()).then(Effect::Detach { disks });
    Ok(started(&call.cloud.start(plan)))
}

/// The server has the disks from now on, in the state mounting, until it turns out that they cannot
/// be attached.
fn attach(call: &mut Call) -> Result<Json, Refusal> {
    let server = filled(call, "InstanceId")?.to_owned();
    let disks = data_disks(call)?;
    for id in &disks {
        let disk = call.cloud.ebs_disk(id)?;
        if disk.server.is_some() {
            return Err(call.cloud.wrong_disk_state(disk));
        }
        fits_server(call, &server, &disk.zone)?;
    }
    let releases = call.params.count("ReleaseWithInstance") != Some(0);
    for id in &disks {
        call.cloud[EBS].attach(id, Some(&server));
        if let Some(disk) = call.cloud[EBS].disks.get_mut(id) {
            disk.releases = releases;
        }
    }
    let plan = Plan::holding(work::ATTACH, disks.clone()).or_else(Effect::Detach { disks });
    Ok(started(&call.cloud.start(plan)))
}

fn extend(call: &mut Call) -> Result<Json, Refusal> {
    let id = filled(call, "DiskId")?.to_owned();
    let disk = call.cloud.idle_ebs_disk(&id)?;
    let size = call
        .params
        .count("ExtendedSize")
        .ok_or_else(|| call.malformed("ExtendedSize", "it is negative"))?;
    if size <= disk.size {
        return Err(Refusal::new(
            "MinDiskSizeLess",
            format!("The disk {id} has {} GB already", disk.size),
        ));
    }
    check_largest(size)?;
    if let Some(server) = &disk.server {
        call.cloud.idle_ecs_server(server)?;
    }
    call.cloud.check_ebs_quota(&disk.zone, size - disk.size)?;
    if !call
        .cloud
        .affords(ecs::disk_price(size - disk.size, 1), None)
    {
        return Err(Refusal::new(
            "InvalidOperation",
            "The account's balance does not cover the larger disk",
        ));
    }
    let plan =
        Plan::holding(work::EXTEND, vec![id.clone()]).then(Effect::Extend { disk: id, size });
    Ok(started(&call.cloud.start(plan)))
}
