//! What can be seen of disks.

use super::state::{Disk, EBS};
use crate::cloud::call::{Call, Handler};
use crate::cloud::listing::list_answer;
use crate::cloud::refusal::Refusal;
use crate::cloud::state::Cloud;
use crate::services::ecs::{self, ECS, filled, ids_in_text};
use cumulua_core::catalog::Action;
use serde_json::{Value as Json, json};

pub(super) const ACTIONS: &[(&str, Handler)] = &[
    ("DescribeDiskList", list),
    ("DescribeDisk", one),
    ("DescribeEcsAttachDisks", of_server),
];

/// How many items a page has without `PageSize`; the document's example of a chain shows it.
pub(super) const PAGE_SIZE: u64 = 20;

/// The zones that a list is limited to, by `AvailableZoneCode` and `RegionCode`; `None` for all.
pub(super) fn wanted_zones<'a>(call: &Call<'a>) -> Result<Option<Vec<&'a str>>, Refusal> {
    let zone = call
        .edge_zone_if_given("AvailableZoneCode")?
        .map(|zone| zone.code);
    let region = call
        .params
        .text("RegionCode")
        .filter(|code| !code.is_empty());
    if let Some(region) = region {
        call.in_table("VpcRegion", region, || {
            Refusal::new(
                "InvalidRegion.NotFound",
                format!("There is no region {region}"),
            )
        })?;
    }
    if zone.is_none() && region.is_none() {
        return Ok(None);
    }
    let fits = |known: &ecs::Zone| {
        zone.is_none_or(|code| code == known.code) && region.is_none_or(|code| code == known.region)
    };
    Ok(Some(
        ecs::zones(call.action)
            .filter(fits)
            .map(|zone| zone.code)
            .collect(),
    ))
}

fn list(call: &mut Call) -> Result<Json, Refusal> {
    let page = call.page(PAGE_SIZE)?;
    let zones = wanted_zones(call)?;
    let cloud = &*call.cloud;
    let is_there = |disk: &&Disk| {
        zones
            .as_ref()
            .is_none_or(|zones| zones.contains(&disk.zone.as_str()))
    };
    let (disks, count) = match ids_in_text(call, "DiskIds")? {
        Some(ids) => {
            let found: Vec<_> = ids
                .iter()
                .filter_map(|id| cloud[EBS].disks.get(id))
                .filter(is_there)
                .collect();
            (page.take(found.iter().copied()), found.len())
        }
        None => (
            page.take(cloud[EBS].disks.iter().filter(is_there)),
            cloud[EBS].disks.iter().filter(is_there).count(),
        ),
    };
    let views: Vec<_> = disks
        .into_iter()
        .map(|disk| view(call.action, cloud, disk))
        .collect();
    Ok(list_answer(call.action, page, count, views))
}

fn one(call: &mut Call) -> Result<Json, Refusal> {
    let disk = call.cloud.ebs_disk(filled(call, "DiskId")?)?;
    Ok(json!({"Data": {"DiskInfo": view(call.action, call.cloud, disk)}}))
}

fn of_server(call: &mut Call) -> Result<Json, Refusal> {
    let server = call.cloud.ecs_server(filled(call, "InstanceId")?)?;
    let disks: Vec<_> = call
        .cloud
        .ebs_disks_of(&server.id)
        .map(|disk| view(call.action, call.cloud, disk))
        .collect();
    Ok(json!({"Data": {"DiskList": disks}}))
}

fn view(action: &Action, cloud: &Cloud, disk: &Disk) -> Json {
    let status = cloud.ebs_disk_status(disk);
    let display = match status {
        "building" => "创建中",
        "running" => "使用中",
        "mounting" => "挂载中",
        "unmounting" => "卸载中",
        "waiting" => "待挂载",
        "creating_snapshot" => "创建快照中",
        "rollback" => "回滚中",
        _ => "更新中",
    };
    let (server, server_name) = server_of(cloud, disk);
    json!({
        "DiskId": disk.id,
        "DiskName": disk.name,
        "Size": disk.size,
        "EcsId": server,
        "EcsName": server_name,
        "BillingMethod": if disk.is_prepaid { "1" } else { "0" },
        "ReleaseWithInstance": u8::from(disk.releases),
        "RegionCode": region_of(action, &disk.zone),
        "AvailableZoneCode": disk.zone,
        "Status": status,
        "StatusDisplay": display,
        "DiskFeature": "SSD",
        "Property": if disk.is_system() { "system" } else { "data" },
    })
}

/// The id and the name of the server that a disk is attached to; empty where there is none.
pub(super) fn server_of<'a>(cloud: &'a Cloud, disk: &Disk) -> (&'a str, &'a str) {
    let server = disk
        .server
        .as_ref()
        .and_then(|server| cloud[ECS].servers.get(server));
    server.map_or(("", ""), |server| (&server.id, &server.name))
}

pub(super) fn region_of(action: &Action, zone: &str) -> String {
    ecs::zones(action)
        .find(|known| known.code == zone)
        .map_or_else(String::new, |zone| zone.region)
}
