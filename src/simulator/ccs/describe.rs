//! What can be seen of servers.

use super::state::{Disk, Instance, Interface};
use super::{Call, Handler, written};
use crate::simulator::refusal::Refusal;
use crate::simulator::world::{World, is_uuid};
use jiff::civil::DateTime;
use serde_json::{Value as Json, json};
use std::collections::BTreeSet;
use std::net::Ipv4Addr;

pub(super) const ACTIONS: &[(&str, Handler)] =
    &[("DescribeInstances", instances), ("DescribeInstanceMonitor", monitor), ("DescribeNetworkCardFlow", flow)];

/// How many points an answer has at most; the document gives no limit.
const MAX_POINTS: i64 = 10_000;

fn instances(call: &mut Call) -> Result<Json, Refusal> {
    let page = call.page(10)?;
    let filter = Filter::of(call)?;
    let world = &*call.world;
    let (shown, count) = match &filter {
        Filter { id: Some(id), .. } => {
            let found = world.ccs.instances.get(id).filter(|instance| filter.fits(instance));
            (page.take(found.into_iter()), usize::from(found.is_some()))
        }
        filter if filter.is_open() => (page.take(world.ccs.instances.iter()), world.ccs.instances.len()),
        filter => {
            let found: Vec<_> = world.ccs.instances.iter().filter(|instance| filter.fits(instance)).collect();
            let count = found.len();
            (page.take(found.into_iter()), count)
        }
    };
    let mut data = json!({"PageNumber": page.number, "PageCount": page.count(count)});
    // `json!` copies what is put into it, and a page is large.
    data["Instances"] = shown.into_iter().map(|instance| described(world, instance)).collect();
    Ok(Json::Object([("Data".to_owned(), data)].into_iter().collect()))
}

/// A tag that is asked for by its name.
#[derive(Clone, Copy)]
enum Tag {
    Known(u64),
    /// No server carries it.
    Unknown,
}

/// Which servers are asked for; looked up once, so that a hundred thousand servers are soon gone through.
struct Filter<'a> {
    id: Option<&'a str>,
    vdcs: Option<BTreeSet<&'a str>>,
    addresses: Option<BTreeSet<Ipv4Addr>>,
    ipv6: Option<&'a str>,
    tag: Option<Tag>,
}

impl<'a> Filter<'a> {
    fn of(call: &'a Call) -> Result<Self, Refusal> {
        let (params, world) = (call.params, &*call.world);
        let wanted = |name: &str| params.text(name).filter(|text| !text.is_empty());
        if let Some(id) = params.text("InstanceId").filter(|id| !is_uuid(id)) {
            return Err(call.malformed("InstanceId", &format!("{id:?} is not the id of a server")));
        }
        let (vdc, name, region) = (wanted("VdcId"), wanted("VdcName"), wanted("RegionId"));
        let has = |wanted: Option<&str>, own: &str| wanted.is_none_or(|wanted| wanted == own);
        let vdcs = world.vdc.vdcs.iter().filter(|own| has(vdc, &own.id) && has(name, &own.name) && has(region, &own.region));
        let addresses = params.texts("PublicIp");
        let tag =
            |name: &str| world.ccs.tags.iter().find(|(_, known)| *known == name).map_or(Tag::Unknown, |(id, _)| Tag::Known(*id));
        Ok(Self {
            id: params.text("InstanceId"),
            vdcs: (vdc.is_some() || name.is_some() || region.is_some()).then(|| vdcs.map(|own| own.id.as_str()).collect()),
            addresses: (!addresses.is_empty()).then(|| addresses.iter().filter_map(|address| address.parse().ok()).collect()),
            ipv6: wanted("PublicIpv6"),
            tag: wanted("TagName").map(tag),
        })
    }

    fn is_open(&self) -> bool {
        self.vdcs.is_none() && self.addresses.is_none() && self.ipv6.is_none() && self.tag.is_none()
    }

    fn fits(&self, instance: &Instance) -> bool {
        let mut interfaces = instance.interfaces.iter();
        self.vdcs.as_ref().is_none_or(|vdcs| vdcs.contains(instance.vdc_id.as_str()))
            && self.tag.is_none_or(|tag| matches!(tag, Tag::Known(id) if instance.tags.contains(&id)))
            && self.addresses.as_ref().is_none_or(|wanted| {
                instance.interfaces.iter().any(|own| own.address.is_some_and(|address| wanted.contains(&address)))
            })
            && self.ipv6.is_none_or(|wanted| interfaces.any(|own| own.ipv6.as_deref() == Some(wanted)))
    }
}

/// A server as the document's example shows it.
fn described(world: &World, instance: &Instance) -> Json {
    let vdc = world.vdc.vdcs.get(&instance.vdc_id);
    let interfaces = |public: bool| -> Json {
        let with_network = instance.interfaces.iter().filter_map(|own| Some((own, world.vdc.networks.get(&own.network)?)));
        with_network
            .filter(|(_, network)| network.is_public() == public)
            .map(|(interface, network)| interface_json(interface, &network.name, public))
            .collect()
    };
    let tag = |id: &u64| json!({"TagId": id.to_string(), "TagName": world.ccs.tags.get(id)});
    let mut described = json!({
        "InstanceId": instance.id,
        "InstanceName": instance.name,
        "InstanceStatus": world.instance_status(instance),
        "InstanceChargeType": instance.charge_type,
        "InstanceChargeStatus": "success",
        "RegionId": vdc.map(|vdc| &vdc.region),
        "VdcId": instance.vdc_id,
        "VdcName": vdc.map(|vdc| &vdc.name),
        "Cpu": instance.cpu,
        "Ram": instance.ram,
        "Disks": {
            "SystemDisk": {"IOPS": instance.system.iops(), "Size": instance.system.size, "DiskType": instance.system.kind},
        },
        "CreateTime": written(instance.created),
    });
    described["Disks"]["DataDisks"] = instance.disks.iter().map(disk_json).collect();
    described["PublicNetworkInterface"] = interfaces(true);
    described["PrivateNetworkInterface"] = interfaces(false);
    described["Tags"] = instance.tags.iter().map(tag).collect();
    described
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
