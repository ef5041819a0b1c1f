//! Creating servers.

use super::image::{self, Image};
use super::payment::{self, Paid};
use super::price::Order;
use super::state::{Disk, Instance, Power};
use super::{Call, Effect, Handler, work};
use crate::cloud::addresses::Range;
use crate::cloud::params::Params;
use crate::cloud::refusal::Refusal;
use crate::cloud::task::Plan;
use crate::services::vdc::Network;
use serde_json::{Value as Json, json};
use std::collections::BTreeSet;
use std::net::Ipv4Addr;

pub(super) const ACTIONS: &[(&str, Handler)] = &[("CreateInstance", create)];

/// The largest system disk and data disk in GB, as `DescribeAvailableResource` says.
pub(super) const MAX_SYSTEM_DISK: u64 = 500;
pub(super) const MAX_DATA_DISK: u64 = 4000;

/// An interface that each server gets: its network and the servers' addresses.
struct Wish {
    network: String,
    /// By the server's number; a server beyond them has no interface here.
    addresses: Vec<Option<Ipv4Addr>>,
    with_ipv6: bool,
}

fn create(call: &mut Call) -> Result<Json, Refusal> {
    let params = call.params;
    call.zone("RegionId")?;
    let vdc = call.world.ready_vdc(params.required("VdcId"))?.clone();
    if vdc.region != params.required("RegionId") {
        return Err(Refusal::new("Zone.NotOnSale", format!("The VDC {} is in {}", vdc.id, vdc.region)));
    }
    let instance_type = instance_type(call)?;
    password(call, "Password")?;
    let image = Image::to_install(call, params.text("ImageId").unwrap_or(image::DEFAULT), &vdc.region)?;
    let amount = params.count("Amount").unwrap_or(1);
    let names = names(call, amount)?;
    let keys = image::keys(call, names.len())?;
    let system = system_disk(call, params.object("SystemDisk"), image.size)?;
    let disks = data_disks(call, &image)?;
    let wishes = wishes(call, &vdc.id, names.len())?;
    let order = Order::of(params, system.size, &disks);
    let created = call.world.now();
    let price = order.price(created);
    if !call.world.affords(price, None) {
        return Err(Refusal::new("NotEnoughBalance", "The account's balance does not cover the order"));
    }
    let too_long = || call.malformed("PrepaidMonth", "it is too large");
    let in_advance = || Paid::of(params, payment::term(params), created, order.month_price).ok_or_else(too_long);
    let paid = order.is_prepaid.then(in_advance).transpose()?;
    if params.flag("DryRun") == Some(true) {
        return Ok(json!({"TaskId": ""}));
    }
    let tags: BTreeSet<u64> = params.texts("LabelNames").into_iter().map(|name| super::tag::ensure(call.world, name)).collect();
    let mut ids = Vec::new();
    for (number, (name, key)) in names.into_iter().zip(keys).enumerate() {
        let world = &mut *call.world;
        let id = world.ids.uuid();
        let mut interfaces = Vec::with_capacity(wishes.len());
        for wish in &wishes {
            if let Some(address) = wish.addresses.get(number) {
                interfaces.push(world.new_interface(&wish.network, *address, wish.with_ipv6));
            }
        }
        let mut own = |disk: &Disk| Disk { id: world.ids.uuid(), ..disk.clone() };
        let (system, disks) = (own(&system), disks.iter().map(&mut own).collect());
        world.ccs.instances.insert(Instance {
            id: id.clone(),
            name,
            vdc_id: vdc.id.clone(),
            cpu: params.count("Cpu").unwrap_or(1),
            ram: params.count("Ram").unwrap_or(1),
            kind: instance_type.to_owned(),
            image: image.name.clone(),
            is_activated: image.is_activated_by(key),
            dedicated_host: params.text("DedicatedHostId").filter(|host| !host.is_empty()).map(str::to_owned),
            charge_type: params.text("InstanceChargeType").unwrap_or("PostPaid").to_owned(),
            paid: paid.clone(),
            power: Power::Stopped,
            system,
            disks,
            interfaces,
            tags: tags.clone(),
            is_protected: params.flag("DeletionProtection") == Some(true),
            created,
        });
        ids.push(id);
    }
    let charge = if order.is_prepaid { call.world.pay("cds.ccs", "CreateInstance", ids.clone(), price) } else { None };
    let plan = Plan::holding(work::CREATE, ids.clone())
        .showing("creating")
        .then(Effect::SetPower { instances: ids.clone(), to: Power::Running })
        .or_else(Effect::CancelOrder { instances: ids, charge });
    call.world.expect_end(paid.as_ref());
    Ok(super::started(&call.world.start(plan)))
}

/// The type of `InstanceType`, which must be sold.
pub(super) fn instance_type<'a>(call: &Call<'a>) -> Result<&'a str, Refusal> {
    let kind = call.params.required("InstanceType");
    let unsold = || Refusal::new("InvalidInstanceType.ValueUnauthorized", format!("There is no instance type {kind}"));
    call.in_table("InstanceType", kind, unsold)?;
    Ok(kind)
}

/// Eight to thirty characters with a letter and a digit. The document gives no rule; its examples keep this one.
pub(super) fn password(call: &Call, name: &str) -> Result<(), Refusal> {
    let text = call.params.required(name);
    let has = |test: fn(&char) -> bool| text.chars().any(|character| test(&character));
    let is_acceptable = (8..=30).contains(&text.chars().count()) && has(char::is_ascii_alphabetic) && has(char::is_ascii_digit);
    let refusal = || call.malformed(name, "it must have 8 to 30 characters, a letter and a digit among them");
    if is_acceptable { Ok(()) } else { Err(refusal()) }
}

/// The servers' names: with running numbers where `DescriptionNum` asks for them.
fn names(call: &Call, amount: u64) -> Result<Vec<String>, Refusal> {
    let name = acceptable_name(call)?;
    let Some(digits) = call.params.text("DescriptionNum").filter(|digits| !digits.is_empty()) else {
        return Ok((0..amount).map(|_| name.to_owned()).collect());
    };
    let first: Option<u64> = digits.parse().ok().filter(|_| (3..=6).contains(&digits.len()));
    let first = first.ok_or_else(|| call.malformed("DescriptionNum", "it must be 3 to 6 digits"))?;
    Ok((first..first + amount).map(|number| format!("{name}{number:0width$}", width = digits.len())).collect())
}

pub(super) fn acceptable_name<'a>(call: &Call<'a>) -> Result<&'a str, Refusal> {
    let name = call.params.required("InstanceName");
    let fits = !name.trim().is_empty() && name.chars().count() <= 128 && !name.chars().any(char::is_control);
    let refusal = || call.malformed("InstanceName", "it must have 1 to 128 characters");
    if fits { Ok(name) } else { Err(refusal()) }
}

fn system_disk(call: &Call, wanted: Option<Params>, image_size: u64) -> Result<Disk, Refusal> {
    let kind = wanted.and_then(|disk| disk.text("Type")).unwrap_or("system_disk");
    if !["system_disk", "ssd_system_disk"].contains(&kind) {
        return Err(call.malformed("SystemDisk", "its Type is neither system_disk nor ssd_system_disk"));
    }
    let size = match wanted.and_then(|disk| disk.count("Size")) {
        None | Some(0) => image_size,
        Some(size) if size < image_size || size > MAX_SYSTEM_DISK => {
            return Err(call.malformed("SystemDisk", &format!("its Size must be from {image_size} to {MAX_SYSTEM_DISK}")));
        }
        Some(size) => size,
    };
    let packages = wanted.and_then(|disk| disk.count("IOPS")).unwrap_or(0);
    Ok(Disk { id: String::new(), size, kind: kind.to_owned(), packages })
}

/// The data disks of a server without ids yet: those of the image, and those that are wanted.
pub(super) fn data_disks(call: &Call, image: &Image) -> Result<Vec<Disk>, Refusal> {
    let wanted = call.params.objects("DataDisks").into_iter().map(|disk| data_disk(call, disk));
    image.disks.iter().cloned().map(Ok).chain(wanted).collect()
}

/// A data disk as it is wanted, without an id yet.
pub(super) fn data_disk(call: &Call, wanted: Params) -> Result<Disk, Refusal> {
    let kind = wanted.text("Type").unwrap_or("high_disk");
    if !["ssd_disk", "high_disk"].contains(&kind) {
        let message = format!("There is no disk type {kind}");
        return Err(Refusal::new("InvalidInstanceTypeDisk.ValueUnauthorized", message));
    }
    let size = wanted.count("Size").ok_or_else(|| call.missing("Size"))?;
    if size > MAX_DATA_DISK {
        let message = format!("A data disk has {MAX_DATA_DISK} GB at most");
        return Err(Refusal::new("InvalidDataDiskSize.ValueNotSupported", message));
    }
    Ok(Disk { id: String::new(), size, kind: kind.to_owned(), packages: wanted.count("IOPS").unwrap_or(0) })
}

/// The interfaces of the servers. `OrderedIP` puts `PublicIp` and `PrivateIp` out of force.
fn wishes(call: &Call, vdc: &str, servers: usize) -> Result<Vec<Wish>, Refusal> {
    let params = call.params;
    let with_ipv6 = params.flag("Ipv6Bind") == Some(true);
    let mut named = BTreeSet::new();
    let mut promised = BTreeSet::new();
    let mut wishes = Vec::new();
    let ordered = params.objects("OrderedIP");
    let mut wanted: Vec<(&Network, Vec<&str>, Option<Range>)> = Vec::new();
    if ordered.is_empty() {
        let public = params.texts("PublicIp");
        if !public.is_empty() {
            let network = call.world.vdc.networks.iter().find(|network| network.is_public() && network.vdc_id == vdc);
            wanted.push((network.ok_or_else(|| call.malformed("PublicIp", "the VDC has no public network"))?, public, None));
        }
        for private in params.objects("PrivateIp") {
            let segment = private.text("Segment").and_then(|segment| segment.parse().ok());
            wanted.push((network_of(call, vdc, private.required("PrivateId"))?, private.texts("IP"), segment));
        }
    } else {
        for pipe in ordered {
            wanted.push((network_of(call, vdc, pipe.required("PipeId"))?, pipe.texts("IP"), None));
        }
    }
    for (network, texts, segment) in wanted {
        if texts.len() > servers {
            return Err(Refusal::new("InvalidIp.Address", "There are more addresses than servers"));
        }
        // A single `auto` is for every server; further ones are counted off.
        let texts = match texts.as_slice() {
            [] => vec![None; servers],
            ["auto"] => vec![Some("auto"); servers],
            several => several.iter().copied().map(Some).collect(),
        };
        let mut addresses = Vec::new();
        for text in texts {
            let address = text.map(|text| address(call, network, text, segment, &promised, &mut named)).transpose()?;
            promised.extend(address.map(|address| (network.id.clone(), address)));
            addresses.push(address);
        }
        wishes.push(Wish { network: network.id.clone(), addresses, with_ipv6: with_ipv6 && network.is_public() });
    }
    Ok(wishes)
}

fn network_of<'a>(call: &'a Call, vdc: &str, id: &str) -> Result<&'a Network, Refusal> {
    let network = call.world.ready_network(id)?;
    if network.vdc_id == vdc {
        Ok(network)
    } else {
        Err(Refusal::new("InvalidParameter", format!("The network {id} is not in the VDC")))
    }
}

/// A given address that is free, or for `auto` the first one.
fn address(
    call: &Call,
    network: &Network,
    text: &str,
    segment: Option<Range>,
    promised: &BTreeSet<(String, Ipv4Addr)>,
    named: &mut BTreeSet<Ipv4Addr>,
) -> Result<Ipv4Addr, Refusal> {
    let kind = if network.is_public() { "Public" } else { "Private" };
    if text == "auto" {
        let none = || Refusal::new("InvalidIp.Address", format!("The network {} has no free address", network.id));
        let mut free = network.free(&call.world.addresses, segment);
        return free.find(|address| !promised.contains(&(network.id.clone(), *address))).ok_or_else(none);
    }
    let address = text.parse().ok().filter(|address| network.offers(*address));
    let outside = || Refusal::malformed(call.action, &format!("{kind}Ip"), format!("{text} is not an address of the network"));
    let address = address.ok_or_else(outside)?;
    if !named.insert(address) {
        return Err(Refusal::new("InvalidIp.IpRepeated", format!("{text} occurs more than once")));
    }
    if call.world.addresses.is_taken(&network.id, address) || promised.contains(&(network.id.clone(), address)) {
        let code = if network.is_public() { "InvalidPublicIpAddress.Duplicated" } else { "InvalidPrivateIpAddress.Duplicated" };
        return Err(Refusal::new(code, format!("{text} is in use")));
    }
    Ok(address)
}
