//! The disks that an order of servers asks for.

use crate::cloud::call::Call;
use crate::cloud::params::Params;
use crate::cloud::refusal::Refusal;

/// The largest system disk and data disk in GB. The document names no largest size.
const MAX_SYSTEM: u64 = 500;
const MAX_DATA: u64 = 4000;
/// The smallest cloud disk and the step of its sizes in GB, as `CreateDisk` of `/ebs/v1` has them.
const MIN_CLOUD: u64 = 24;
const STEP: u64 = 8;

/// A disk of each server that is ordered.
#[derive(Debug, Clone)]
pub(super) struct Wish {
    pub(super) is_local: bool,
    /// In GB.
    pub(super) size: u64,
    pub(super) releases: bool,
    pub(super) snapshot: Option<String>,
}

/// The system disk and the data disks, in parameters of these names. The system disk holds
/// `os_size` GB at least.
pub(super) fn wishes(
    call: &Call,
    system: &str,
    data: &str,
    os_size: u64,
) -> Result<(Wish, Vec<Wish>), Refusal> {
    let wanted = call
        .params
        .object(system)
        .ok_or_else(|| call.missing(system))?;
    let is_local = is_local(call, system, wanted.text("DiskFeature"))?;
    let least = if is_local {
        os_size
    } else {
        os_size.max(MIN_CLOUD)
    };
    let size = wanted.count("Size").unwrap_or(least);
    check_size(size, is_local, least, MAX_SYSTEM)?;
    let system = Wish {
        is_local,
        size,
        releases: true,
        snapshot: None,
    };
    let mut disks = Vec::new();
    for wanted in call.params.objects(data) {
        let disk = data_disk(call, data, wanted)?;
        if disk.is_local != system.is_local {
            let message = "Local disks and cloud disks cannot stand in one server";
            return Err(Refusal::new("UnSupportedMixingLocalAndEbs", message));
        }
        disks.push(disk);
    }
    Ok((system, disks))
}

fn data_disk(call: &Call, name: &str, wanted: Params) -> Result<Wish, Refusal> {
    let is_local = is_local(call, name, wanted.text("DiskFeature").or(Some("ssd")))?;
    let snapshot = wanted.text("SnapshotId").filter(|id| !id.is_empty());
    if snapshot.is_some() && is_local {
        return Err(call.malformed(name, "a local disk cannot be made from a snapshot"));
    }
    let least = snapshot
        .map(|id| call.cloud.data_snapshot(id))
        .transpose()?
        .map(|snapshot| snapshot.disk_size);
    let size = wanted
        .count("Size")
        .or(least)
        .ok_or_else(|| call.missing(&format!("{name}.Size")))?;
    check_size(size, is_local, least.unwrap_or(MIN_CLOUD), MAX_DATA)?;
    let releases = wanted.count("ReleaseWithInstance") != Some(0);
    Ok(Wish {
        is_local,
        size,
        releases,
        snapshot: snapshot.map(str::to_owned),
    })
}

fn is_local(call: &Call, name: &str, feature: Option<&str>) -> Result<bool, Refusal> {
    match feature {
        Some("local") => Ok(true),
        Some("ssd") => Ok(false),
        _ => Err(call.malformed(name, "its DiskFeature is neither local nor ssd")),
    }
}

fn check_size(size: u64, is_local: bool, least: u64, most: u64) -> Result<(), Refusal> {
    if size < least {
        return Err(Refusal::new(
            "MinDiskSizeLess",
            format!("The disk must have {least} GB at least"),
        ));
    }
    if size > most {
        return Err(Refusal::new(
            "MaxDiskSizeExceed",
            format!("The disk must have {most} GB at most"),
        ));
    }
    if !is_local && !size.is_multiple_of(STEP) {
        return Err(Refusal::new(
            "InvalidDiskSize.ValueNotSupported",
            format!("Cloud disks come in multiples of {STEP} GB"),
        ));
    }
    Ok(())
}
