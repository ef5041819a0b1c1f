//! The disks of a server that is created.

use super::image::Image;
use super::state::Disk;
use crate::cloud::call::Call;
use crate::cloud::params::Params;
use crate::cloud::refusal::Refusal;

/// The largest system disk and data disk in GB, as `DescribeAvailableResource` says.
pub(super) const MAX_SYSTEM_DISK: u64 = 500;

pub(super) const MAX_DATA_DISK: u64 = 4000;

/// The system disk of a server, without an id yet.
pub(super) fn system_disk(
    call: &Call,
    wanted: Option<Params>,
    image_size: u64,
) -> Result<Disk, Refusal> {
    let kind = wanted
        .and_then(|disk| disk.text("Type"))
        .unwrap_or("system_disk");
    if !["system_disk", "ssd_system_disk"].contains(&kind) {
        return Err(call.malformed(
            "SystemDisk",
            "its Type is neither system_disk nor ssd_system_disk",
        ));
    }
    let size = match wanted.and_then(|disk| disk.count("Size")) {
        None | Some(0) => image_size,
        Some(size) if size < image_size || size > MAX_SYSTEM_DISK => {
            return Err(call.malformed(
                "SystemDisk",
                &format!("its Size must be from {image_size} to {MAX_SYSTEM_DISK}"),
            ));
        }
        Some(size) => size,
    };
    let packages = wanted.and_then(|disk| disk.count("IOPS")).unwrap_or(0);
    Ok(Disk {
        id: String::new(),
        size,
        kind: kind.to_owned(),
        packages,
    })
}

/// The data disks of a server without ids yet: those of the image, and those that are wanted.
pub(super) fn data_disks(call: &Call, image: &Image) -> Result<Vec<Disk>, Refusal> {
    let wanted = call
        .params
        .objects("DataDisks")
        .into_iter()
        .map(|disk| data_disk(call, disk));
    image.disks.iter().cloned().map(Ok).chain(wanted).collect()
}

/// A data disk as it is wanted, without an id yet.
pub(super) fn data_disk(call: &Call, wanted: Params) -> Result<Disk, Refusal> {
    let kind = wanted.text("Type").unwrap_or("high_disk");
    if !["ssd_disk", "high_disk"].contains(&kind) {
        let message = format!("There is no disk type {kind}");
        return Err(Refusal::new(
            "InvalidInstanceTypeDisk.ValueUnauthorized",
            message,
        ));
    }
    let size = wanted.count("Size").ok_or_else(|| call.missing("Size"))?;
    if size > MAX_DATA_DISK {
        let message = format!("A data disk has {MAX_DATA_DISK} GB at most");
        return Err(Refusal::new(
            "InvalidDataDiskSize.ValueNotSupported",
            message,
        ));
    }
    Ok(Disk {
        id: String::new(),
        size,
        kind: kind.to_owned(),
        packages: wanted.count("IOPS").unwrap_or(0),
    })
}
