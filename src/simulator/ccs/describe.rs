//! What can be seen of servers.

use super::{Call, Handler, page, written};
use crate::simulator::instance::{Disk, Instance, Interface};
use crate::simulator::params::Params;
use crate::simulator::refusal::Refusal;
use crate::simulator::world::World;
use jiff::civil::DateTime;
use serde_json::{Value as Json, json};

pub(super) const ACTIONS: &[(&str, Handler)] =
    &[("DescribeInstances", instances), ("DescribeInstanceMonitor", monitor), ("DescribeNetworkCardFlow", flow)];

/// How many points an answer has at most; the document gives no limit.
const MAX_POINTS: i64 = 10_000;

fn instances(call: &mut Call) -> Result<Json, Refusal> {
    let params = call.params;
    if let Some(id) = params.text("InstanceId").filter(|id| !crate::simulator::world::is_uuid(id)) {
        return Err(call.malformed("InstanceId", &format!("{id:?} is not the id of a server")));
    }
    let world = &*call.world;
    let found: Vec<_> = world.instances.iter().filter(|instance| matches(world, instance, params)).collect();
    let number = params.count("PageNumber").unwrap_or(1);
    let (shown, pages) = page(found, number, params.count("PageSize").unwrap_or(10));
    let shown: Vec<_> = shown.into_iter().map(|instance| described(world, instance)).collect();
    Ok(json!({"Data": {"Instances": shown, "PageNumber": number, "PageCount": pages}}))
}

fn matches(world: &World, instance: &Instance, params: Params) -> bool {
    let vdc = world.vdcs.iter().find(|vdc| vdc.id == instance.vdc_id);
    let is = |name: &str, value: &str| params.text(name).is_none_or(|wanted| wanted.is_empty() || wanted == value);
    let public = params.texts("PublicIp");
    let has_address = |interface: &Interface| interface.address.is_some_and(|own| public.contains(&own.to_string().as_str()));
    let tag = params.text("TagName").filter(|tag| !tag.is_empty());
    let ipv6 = params.text("PublicIpv6").filter(|address| !address.is_empty());
    is("InstanceId", &instance.id)
        && is("VdcId", &instance.vdc_id)
        && is("VdcName", vdc.map_or("", |vdc| &vdc.name))
        && is("RegionId", vdc.map_or("", |vdc| &vdc.region))
        && (public.is_empty() || instance.interfaces.iter().any(has_address))
        && ipv6.is_none_or(|wanted| instance.interfaces.iter().any(|interface| interface.ipv6.as_deref() == Some(wanted)))
        && tag.is_none_or(|wanted| instance.tags.iter().any(|id| world.tags.get(id).is_some_and(|name| name == wanted)))
}

/// A server as the document's example shows it.
pub(crate) fn described(world: &World, instance: &Instance) -> Json {
    let vdc = world.vdcs.iter().find(|vdc| vdc.id == instance.vdc_id);
    let interfaces = |public: bool| -> Vec<Json> {
        let network = |interface: &Interface| world.networks.iter().find(|network| network.id == interface.network);
        let with_network = instance.interfaces.iter().filter_map(|interface| Some((interface, network(interface)?)));
        with_network
            .filter(|(_, network)| network.is_public == public)
            .map(|(interface, network)| interface_json(interface, &network.name, public))
            .collect()
    };
    let tag = |id: &u64| json!({"TagId": id.to_string(), "TagName": world.tags.get(id)});
    json!({
        "InstanceId": instance.id,
        "InstanceName": instance.name,
        "InstanceStatus": instance.status(),
        "InstanceChargeType": instance.charge_type,
        "InstanceChargeStatus": "success",
        "RegionId": vdc.map(|vdc| &vdc.region),
        "VdcId": instance.vdc_id,
        "VdcName": vdc.map(|vdc| &vdc.name),
        "Cpu": instance.cpu,
        "Ram": instance.ram,
        "Disks": {
            "SystemDisk": {"IOPS": instance.system.iops(), "Size": instance.system.size, "DiskType": instance.system.kind},
            "DataDisks": instance.disks.iter().map(disk_json).collect::<Vec<_>>(),
        },
        "PublicNetworkInterface": interfaces(true),
        "PrivateNetworkInterface": interfaces(false),
        "Tags": instance.tags.iter().map(tag).collect::<Vec<_>>(),
        "CreateTime": written(instance.created),
    })
}

fn disk_json(disk: &Disk) -> Json {
    json!({"DiskId": disk.id, "Size": disk.size, "DiskType": disk.kind, "Iops": disk.iops(), "IopsSize": disk.packages})
}

fn interface_json(interface: &Interface, network: &str, public: bool) -> Json {
    let mut json = json!({
        "InterfaceId": interface.id,
        "Name": network,
        "IP": interface.address.map(|address| address.to_string()).unwrap_or_default(),
        "MAC": interface.mac,
        "Connected": u8::from(interface.connected),
    });
    if public {
        json["PublicId"] = json!(interface.network);
        json["IPv6"] = json!(interface.ipv6.as_deref().unwrap_or_default());
    } else {
        json["PrivateId"] = json!(interface.network);
    }
    json
}

fn monitor(call: &mut Call) -> Result<Json, Refusal> {
    let params = call.params;
    let instance = call.world.instance(params.required("InstanceId"))?;
    if let Some(id) = params.text("InterfaceId").filter(|id| !instance.interfaces.iter().any(|own| own.id == *id)) {
        return Err(call.malformed("InterfaceId", &format!("the server has no interface {id}")));
    }
    let own_disk = |id: &str| instance.system.id == id || instance.disks.iter().any(|disk| disk.id == id);
    if let Some(id) = params.text("DiskId").filter(|id| !own_disk(id)) {
        return Err(call.malformed("DiskId", &format!("the server has no disk {id}")));
    }
    let period =
        params.int("Period").filter(|period| *period > 0).ok_or_else(|| call.malformed("Period", "it must be 60 or 900"))?;
    let (start, end) = span(call)?;
    let seconds = end.duration_since(start).as_secs();
    if seconds / period > MAX_POINTS {
        return Err(call.malformed("EndTime", "the span has too many points"));
    }
    let mut points = Vec::new();
    for step in 0..=seconds / period {
        let time = start.saturating_add(jiff::SignedDuration::from_secs(step * period));
        let number = u64::try_from(time.duration_since(DateTime::constant(1970, 1, 1, 0, 0, 0, 0)).as_secs()).unwrap_or(0);
        let value = (call.world.fraction(params.required("MetricName"), number) * 10_000.0).round() / 100.0;
        points.push(json!({"Timestamp": time.strftime("%Y-%m-%d %H:%M:%S").to_string(), "Value": value}));
    }
    Ok(json!({"Data": {"DataPoints": points, "InstanceId": instance.id, "Period": period.to_string()}}))
}

fn flow(call: &mut Call) -> Result<Json, Refusal> {
    let params = call.params;
    let (instance, interface) = (call.world.instance(params.required("InstanceId"))?, params.required("InterfaceId"));
    if !instance.interfaces.iter().any(|own| own.id == interface) {
        return Err(call.malformed("InterfaceId", &format!("the server has no interface {interface}")));
    }
    let (start, end) = span(call)?;
    let hours = end.duration_since(start).as_secs_f64() / 3600.0;
    let flow = |purpose: &str| (call.world.fraction(purpose, 0) * hours * 100_000.0).round() / 100_000.0;
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
    if start > end { Err(call.malformed("EndTime", "it is before StartTime")) } else { Ok((start, end)) }
}
