//! Snapshot chains: the snapshots of one disk in one zone.

use super::describe::{PAGE_SIZE, region_of, server_of, wanted_zones};
use super::snapshot;
use super::state::{EBS, Snapshot};
use crate::cloud::call::{Call, Handler};
use crate::cloud::listing::list_answer;
use crate::cloud::refusal::Refusal;
use crate::cloud::state::Cloud;
use cumulua_core::catalog::Action;
use serde_json::{Value as Json, json};

pub(super) const ACTIONS: &[(&str, Handler)] = &[
    ("DescribeSnapshotChainList", list),
    ("DescribeSnapshotChain", one),
];

fn list(call: &mut Call) -> Result<Json, Refusal> {
    let page = call.page(PAGE_SIZE)?;
    let zones = wanted_zones(call)?;
    let given = |name: &str| call.params.text(name).filter(|text| !text.is_empty());
    let (disk, server) = (given("DiskId"), given("InstanceId"));
    let cloud = &*call.cloud;
    let fits = |first: &&Snapshot| {
        let own_server = || {
            cloud[EBS]
                .disks
                .get(&first.disk_id)
                .and_then(|disk| disk.server.as_deref())
        };
        zones
            .as_ref()
            .is_none_or(|zones| zones.contains(&first.zone.as_str()))
            && disk.is_none_or(|id| id == first.disk_id)
            && server.is_none_or(|id| own_server() == Some(id))
    };
    let found: Vec<_> = cloud[EBS]
        .chains()
        .filter_map(|chain| cloud[EBS].chain(chain).next())
        .filter(fits)
        .collect();
    let count = found.len();
    let views: Vec<_> = page
        .take(found.into_iter())
        .into_iter()
        .map(|first| in_list(call.action, cloud, first))
        .collect();
    Ok(list_answer(call.action, page, count, views))
}

/// What a chain says of its disk; the disk as it is now, while it is there.
fn view(cloud: &Cloud, first: &Snapshot) -> Json {
    let disk = cloud[EBS].disks.get(&first.disk_id);
    let (server, server_name) = disk.map_or(("", ""), |disk| server_of(cloud, disk));
    json!({
        "BillingMethod": "0",
        "DiskId": first.disk_id,
        "DiskName": disk.map_or(&first.disk_name, |disk| &disk.name),
        "DiskSize": disk.map_or(first.disk_size, |disk| disk.size),
        "DiskProperty": if first.system.is_some() { "system" } else { "data" },
        "InstanceId": server,
        "InstanceName": server_name,
        "SnapshotChainId": first.chain,
    })
}

/// In GB. What a disk holds is not simulated: a system disk's snapshots hold the system, a data
/// disk's nothing.
fn size(cloud: &Cloud, chain: &str) -> f64 {
    let sizes = cloud[EBS]
        .chain(chain)
        .filter_map(|snapshot| snapshot.system.as_ref())
        .map(|os| os.size);
    sizes
        .map(|size| u32::try_from(size).map_or(0.0, f64::from))
        .fold(0.0, f64::max)
}

fn in_list(action: &Action, cloud: &Cloud, first: &Snapshot) -> Json {
    let mut view = view(cloud, first);
    let number = cloud[EBS].chain(&first.chain).count();
    view["SnapshotNumber"] = json!(number);
    view["SnapshotNum"] = json!(number);
    view["SnapshotSize"] = json!(size(cloud, &first.chain));
    view["RegionCode"] = json!(region_of(action, &first.zone));
    view["AvailableZoneCode"] = json!(first.zone);
    view
}

fn one(call: &mut Call) -> Result<Json, Refusal> {
    let page = call.page(PAGE_SIZE)?;
    let given = |name: &str| call.params.text(name).filter(|text| !text.is_empty());
    let cloud = &*call.cloud;
    let (chain, disk) = (given("SnapshotChainId"), given("DiskId"));
    let missing = || {
        Refusal::new(
            "InvalidSnapshotChainId.NotFound",
            "There is no such snapshot chain",
        )
    };
    let id = match (chain, disk) {
        (Some(chain), _) => chain,
        // Of several chains the one in the disk's own zone; it is the first one.
        (None, Some(disk)) => cloud[EBS].chains_of(disk).next().ok_or_else(missing)?,
        (None, None) => return Err(call.missing("DiskId or SnapshotChainId")),
    };
    let first = cloud[EBS]
        .chain(id)
        .next()
        .filter(|first| disk.is_none_or(|disk| disk == first.disk_id))
        .ok_or_else(missing)?;
    let count = cloud[EBS].chain(id).count();
    let views = page
        .take(cloud[EBS].chain(id))
        .into_iter()
        .map(|own| snapshot::view(call.action, cloud, own));
    let mut data = view(cloud, first);
    data["SnapshotNum"] = json!(count);
    data["SnapshotSize"] = json!(format!("{:.2}GB", size(cloud, id)));
    data["SnapshotList"] = json!(views.collect::<Vec<_>>());
    Ok(json!({"PageNumber": page.number, "PageSize": page.size, "TotalCount": count, "Data": data}))
}
