//! Lists of disks, and how full disks and pools are.

use super::offerings::region;
use super::refusals::refused;
use super::state::{BMS_DISK, Disk, Kind};
use crate::cloud::call::{Call, Handler};
use crate::cloud::format::format_time;
use crate::cloud::listing::list_answer;
use crate::cloud::refusal::Refusal;
use serde_json::{Value as Json, json};

pub(super) const ACTIONS: &[(&str, Handler)] = &[
    ("DescribeDisks", list),
    ("DescribeDiskUsage", usage),
    ("DescribePoolUsage", pool),
];

const PAGE_SIZE: u64 = 50;

/// The document's example of the account.
const CUSTOMER: &str = "E001";

/// Empty filters, which the document's sample code sends, are none; without any the list is
/// refused.
fn list(call: &mut Call) -> Result<Json, Refusal> {
    let page = call.page(PAGE_SIZE)?;
    let wanted = |name: &str| call.params.text(name).filter(|text| !text.is_empty());
    let (region, id, server, name) = (
        wanted("RegionId"),
        wanted("DiskId"),
        wanted("InstanceId"),
        wanted("Name"),
    );
    if [region, id, server, name].iter().all(Option::is_none) {
        return Err(Refusal::new(
            "ParametersIsEmpty",
            "The parameter \"RegionId\" cannot be empty.",
        ));
    }
    let fits = |disk: &&Disk| {
        region.is_none_or(|region| region == disk.region)
            && id.is_none_or(|id| id == disk.id)
            && server.is_none_or(|server| disk.server.as_deref() == Some(server))
            && name.is_none_or(|name| name == disk.name)
    };
    let found = call.cloud[BMS_DISK].disks.iter().filter(fits);
    let total = found.clone().count();
    let views: Vec<_> = page
        .take(found)
        .into_iter()
        .map(|disk| view(call, disk))
        .collect();
    Ok(list_answer(call.action, page, total, views))
}

/// Of the states only `attach` is documented; the others are made up after it.
fn view(call: &Call, disk: &Disk) -> Json {
    let idle = if disk.server.is_some() {
        "attach"
    } else {
        "detach"
    };
    json!({
        "DiskId": disk.id,
        "Name": disk.name,
        "State": call.cloud.tasks.state_of(&disk.id).unwrap_or(idle),
        "Size": disk.size,
        "Iops": disk.iops,
        "Bw": disk.bandwidth,
        "DiskType": disk.kind.text(),
        "RegionId": disk.region,
        "CustomerId": CUSTOMER,
        "UserId": "",
        "CreateTime": format_time(disk.created),
    })
}

fn usage(call: &mut Call) -> Result<Json, Refusal> {
    let id = call.params.required("DiskId");
    let disk = call.cloud[BMS_DISK]
        .disks
        .get(id)
        .ok_or_else(|| refused(format!("There is no disk {id:?}")))?;
    Ok(
        json!({"Data": {"DiskId": id, "Use": disk.used, "Size": disk.size, "Ratio": ratio(disk.used, disk.size)}}),
    )
}

fn pool(call: &mut Call) -> Result<Json, Refusal> {
    let region = region(call)?;
    let name = call.params.required("PoolName");
    let kind =
        Kind::of_pool(name).ok_or_else(|| call.malformed("PoolName", "there is no such pool"))?;
    let (used, size) = (
        call.cloud.pool_use(&region, kind),
        call.cloud[BMS_DISK].pool_size,
    );
    Ok(json!({"Data": {"PoolName": name, "Use": used, "Size": size, "Ratio": ratio(used, size)}}))
}

/// As `40%`.
fn ratio(used: u64, size: u64) -> String {
    let percent = u128::from(used) * 100 / u128::from(size.max(1));
    format!("{percent}%")
}
