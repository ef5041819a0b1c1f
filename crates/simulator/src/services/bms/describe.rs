//! Lists and details of servers, and their tasks.

use super::state::{BMS, Card, Server, Volume};
use crate::cloud::call::{Call, EXAMPLES_ZONE, Handler};
use crate::cloud::format::{format_time, format_time_with_offset};
use crate::cloud::listing::{Comparison, Filter, Listing};
use crate::cloud::refusal::Refusal;
use crate::cloud::task::{Dialect, Stage};
use crate::services::vdc::{Network, VDC};
use serde_json::{Value as Json, json};
use std::net::Ipv4Addr;

pub(super) const ACTIONS: &[(&str, Handler)] =
    &[("DescribeBmsDetail", detail), ("DescribeBmsTask", task)];

pub(super) const SERVERS: Listing = Listing {
    action: "DescribeBms",
    rows: |call| {
        call.cloud[BMS]
            .servers
            .iter()
            .map(|server| view(call, server, false))
            .collect()
    },
    filters: &[
        Filter {
            parameter: "VdcId",
            field: "VdcId",
            comparison: Comparison::Equals,
        },
        Filter {
            parameter: "Name",
            field: "Name",
            comparison: Comparison::Equals,
        },
    ],
    page_size: 500,
};

fn detail(call: &mut Call) -> Result<Json, Refusal> {
    let id = call.params.required("BaremetalId");
    let missing = || {
        Refusal::new(
            "InstanceNotFound",
            format!("There is no bare-metal server {id:?}"),
        )
    };
    let server = call.cloud.bare_metal(id).ok_or_else(missing)?;
    let now = call.cloud.now();
    let mut json = view(call, server, true);
    let more = json!({
        "ImageName": server.image,
        "BillStatus": if server.has_lapsed(now) { "0" } else { "1" },
        "RunningTime": running_time(now.duration_since(server.created).as_secs()),
        "ExpireDate": server.paid_until.map(format_time).unwrap_or_default(),
        "Volumes": server.volumes.iter().map(|volume| volume_json(server, volume)).collect::<Vec<_>>(),
    });
    if let (Json::Object(json), Json::Object(more)) = (&mut json, more) {
        json.extend(more);
    }
    Ok(json!({"Data": json}))
}

fn view(call: &Call, server: &Server, in_detail: bool) -> Json {
    let vdc = call.cloud[VDC].vdcs.get(&server.vdc_id);
    let (state, status) = call.cloud.bare_metal_state(server);
    let cards: Vec<_> = server
        .cards
        .iter()
        .map(|card| card_json(call, server, card, in_detail))
        .collect();
    json!({
        "BaremetalId": server.id,
        "Name": server.name,
        "Cpu": server.cpu,
        "Ram": server.ram,
        "State": state,
        "Status": status,
        "EnableMonitor": if server.is_monitored { "1" } else { "0" },
        "VdcId": server.vdc_id,
        "VdcName": vdc.map(|vdc| &vdc.name),
        "RegionId": vdc.map(|vdc| &vdc.region),
        "RegionName": vdc.map(|vdc| zone_name(call, &vdc.region)),
        "InstanceChargeType": server.charge_type.text(),
        "IsAutoRenewal": u8::from(server.renewal.is_automatic),
        "CreateDate": format_time(server.created),
        "Networks": {"NetworkCards": cards},
    })
}

fn zone_name(call: &Call, id: &str) -> String {
    if id == EXAMPLES_ZONE {
        return "中国大陆-北京-可用区F(内测)".to_owned();
    }
    let zone = call.table("Region").iter().find(|zone| zone.value == id);
    zone.map_or_else(
        || id.to_owned(),
        |zone| zone.term.clone().unwrap_or_else(|| zone.label.clone()),
    )
}

fn card_json(call: &Call, server: &Server, card: &Card, in_detail: bool) -> Json {
    let network = call.cloud[VDC].networks.get(&card.network);
    let range =
        network.and_then(|network| network.ranges().find(|range| range.contains(card.address)));
    let gateway =
        range.map(|range| Ipv4Addr::from(u32::from(range.address()).saturating_add(1)).to_string());
    let mask = range.map(|range| {
        Ipv4Addr::from(
            u32::MAX
                .checked_shl(32 - u32::from(range.bits()))
                .unwrap_or(0),
        )
        .to_string()
    });
    let mut json = json!({
        "Id": card.id,
        "VlanId": format!("{:.0}", 1000.0 + call.cloud.fraction(&format!("{} vlan", card.network), 0) * 3000.0),
        "IpType": if network.is_some_and(Network::is_public) { "public" } else { "private" },
        "IpVersion": "ipV4",
        "IpAddress": card.address.to_string(),
        "Netmask": mask,
        "Gateway": gateway,
        "ConnectState": "on",
    });
    if in_detail {
        json["Mac"] = json!(
            card.macs
                .iter()
                .map(|mac| mac.to_uppercase())
                .collect::<Vec<_>>()
        );
        json["WorkMode"] = json!(if server.is_bonded { "bond6" } else { "" });
    }
    json
}

fn volume_json(server: &Server, volume: &Volume) -> Json {
    let created = format_time_with_offset(server.created);
    json!({
        "Id": volume.attachment,
        "BaremetalId": server.id,
        "Type": "hard",
        "VolumeType": volume.kind,
        "VolumeId": volume.id,
        "VolumePath": volume.path,
        "Capacity": volume.size,
        "Iops": 0,
        "Mbps": 0,
        "CreateDate": created,
        "UpdateDate": created,
    })
}

/// As `0天7小时18分钟55秒`.
fn running_time(seconds: i64) -> String {
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    format!(
        "{days}天{}小时{}分钟{}秒",
        rest / 3600,
        rest / 60 % 60,
        rest % 60
    )
}

fn task(call: &mut Call) -> Result<Json, Refusal> {
    let id = call.params.required("TaskId");
    let tasks = &call.cloud.tasks;
    let task = tasks
        .get(Dialect::BmsTask, id)
        .ok_or_else(|| Refusal::new("DataNotExists", format!("There is no task {id:?}")))?;
    let mut answer =
        json!({"Data": {"BareMetalIds": task.resources, "Status": tasks.status(task)}});
    if let (Stage::Failed, Some(failure)) = (tasks.stage(task), &task.failure) {
        answer["Message"] = json!(failure);
    }
    Ok(answer)
}
