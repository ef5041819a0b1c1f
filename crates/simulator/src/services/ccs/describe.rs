//! What can be seen of servers.

use super::state::CCS;
use super::view::ServerView;
use crate::cloud::call::{Call, Handler};
use crate::cloud::ids::is_uuid;
use crate::cloud::index::Mark;
use crate::cloud::listing::list_answer;
use crate::cloud::refusal::Refusal;
use crate::services::vdc::VDC;
use jiff::civil::DateTime;
use serde_json::{Value as Json, json};
use std::net::Ipv4Addr;

pub(super) const ACTIONS: &[(&str, Handler)] = &[
    ("DescribeInstances", instances),
    ("DescribeInstanceMonitor", monitor),
    ("DescribeNetworkCardFlow", flow),
];

/// How many points an answer has at most; the document gives no limit.
const MAX_POINTS: i64 = 10_000;

fn instances(call: &mut Call) -> Result<Json, Refusal> {
    let page = call.page(10)?;
    let lists = asked_for(call)?;
    let cloud = &*call.cloud;
    let servers = &cloud[CCS].instances;
    let (servers_of_page, count) = match (call.params.text("InstanceId"), lists.as_slice()) {
        (Some(id), lists) => {
            let found = servers
                .get(id)
                .filter(|_| lists.is_empty() || servers.marked(lists).contains(id));
            (page.take(found.into_iter()), usize::from(found.is_some()))
        }
        (None, []) => (page.take(servers.iter()), servers.len()),
        (None, lists) => {
            let found = servers.marked(lists);
            (page.take_from(|first| found.skipping(first)), found.len())
        }
    };
    let views = servers_of_page
        .into_iter()
        .map(|server| json!(ServerView::of(cloud, server)));
    Ok(list_answer(call.action, page, count, views.collect()))
}

/// What is asked for, as marks of which a server must have one of each list.
fn asked_for<'a>(call: &'a Call) -> Result<Vec<Vec<Mark<'a>>>, Refusal> {
    let (params, cloud) = (call.params, &*call.cloud);
    let wanted = |name: &str| params.text(name).filter(|text| !text.is_empty());
    if let Some(id) = params.text("InstanceId").filter(|id| !is_uuid(id)) {
        return Err(call.malformed("InstanceId", &format!("{id:?} is not the id of a server")));
    }
    let mut lists = Vec::new();
    let (vdc, name, region) = (wanted("VdcId"), wanted("VdcName"), wanted("RegionId"));
    if vdc.is_some() || name.is_some() || region.is_some() {
        let has = |wanted: Option<&str>, own: &str| wanted.is_none_or(|wanted| wanted == own);
        let vdcs = cloud[VDC]
            .vdcs
            .iter()
            .filter(|own| has(vdc, &own.id) && has(name, &own.name) && has(region, &own.region));
        lists.push(vdcs.map(|own| Mark::Text(&own.id)).collect());
    }
    let addresses = params.texts("PublicIp");
    if !addresses.is_empty() {
        let addresses = addresses
            .into_iter()
            .filter_map(|address| address.parse::<Ipv4Addr>().ok());
        lists.push(
            addresses
                .map(|address| Mark::Rare(u32::from(address).into()))
                .collect(),
        );
    }
    lists.extend(wanted("PublicIpv6").map(|ipv6| vec![Mark::Text(ipv6)]));
    let tag = |name: &str| {
        cloud[CCS]
            .tags
            .iter()
            .filter(|(_, known)| *known == name)
            .map(|(id, _)| Mark::Number(*id))
            .collect()
    };
    lists.extend(wanted("TagName").map(tag));
    Ok(lists)
}

fn monitor(call: &mut Call) -> Result<Json, Refusal> {
    let params = call.params;
    let instance = call.cloud.instance(params.required("InstanceId"))?;
    if let Some(id) = params
        .text("InterfaceId")
        .filter(|id| !instance.interfaces.iter().any(|own| own.id == *id))
    {
        return Err(call.malformed("InterfaceId", &format!("the server has no interface {id}")));
    }
    let own_disk =
        |id: &str| instance.system.id == id || instance.disks.iter().any(|disk| disk.id == id);
    if let Some(id) = params.text("DiskId").filter(|id| !own_disk(id)) {
        return Err(call.malformed("DiskId", &format!("the server has no disk {id}")));
    }
    let period = params
        .int("Period")
        .filter(|period| *period > 0)
        .ok_or_else(|| call.malformed("Period", "it must be 60 or 900"))?;
    let (start, end) = span(call)?;
    let seconds = end.duration_since(start).as_secs();
    if seconds / period > MAX_POINTS {
        return Err(call.malformed(
            "EndTime",
            &format!("the span has more than {MAX_POINTS} points"),
        ));
    }
    let mut points = Vec::new();
    for step in 0..=seconds / period {
        let time = start.saturating_add(jiff::SignedDuration::from_secs(step * period));
        let number = u64::try_from(
            time.duration_since(DateTime::constant(1970, 1, 1, 0, 0, 0, 0))
                .as_secs(),
        )
        .unwrap_or(0);
        let value =
            (call.cloud.fraction(params.required("MetricName"), number) * 10_000.0).round() / 100.0;
        points.push(
            json!({"Timestamp": time.strftime("%Y-%m-%d %H:%M:%S").to_string(), "Value": value}),
        );
    }
    Ok(
        json!({"Data": {"DataPoints": points, "InstanceId": instance.id, "Period": period.to_string()}}),
    )
}

fn flow(call: &mut Call) -> Result<Json, Refusal> {
    let params = call.params;
    if params.required("MetricName") != "NetworkCardFlow" {
        return Err(call.malformed("MetricName", "it must be NetworkCardFlow"));
    }
    let (instance, interface) = (
        call.cloud.instance(params.required("InstanceId"))?,
        params.required("InterfaceId"),
    );
    if !instance.interfaces.iter().any(|own| own.id == interface) {
        return Err(call.malformed(
            "InterfaceId",
            &format!("the server has no interface {interface}"),
        ));
    }
    let (start, end) = span(call)?;
    let hours = end.duration_since(start).as_secs_f64() / 3600.0;
    let flow =
        |purpose: &str| (call.cloud.fraction(purpose, 0) * hours * 100_000.0).round() / 100_000.0;
    Ok(json!({"Data": {
        "NetworkCardFlow": {"Input": flow(&format!("{interface} in")), "Output": flow(&format!("{interface} out"))},
        "InstanceId": instance.id,
        "InterfaceId": interface,
        "Period": 300,
    }}))
}

/// `StartTime` and `EndTime`, in order.
fn span(call: &Call) -> Result<(DateTime, DateTime), Refusal> {
    let time = |name: &str| {
        let parsed = DateTime::strptime("%Y-%m-%d %H:%M:%S", call.params.required(name));
        parsed.map_err(|_| call.malformed(name, "it is not a time as 2019-10-09 15:30:00"))
    };
    let (start, end) = (time("StartTime")?, time("EndTime")?);
    if start > end {
        Err(call.malformed("EndTime", "it is before StartTime"))
    } else {
        Ok((start, end))
    }
}
