//! Creating servers.

use super::answers::day;
use super::arguments::{filled, is_prepaid};
use super::disk::{self, Wish};
use super::price::{self, Term};
use super::state::{Billing, ECS, Exit, LocalDisk, Os, Power, Server};
use super::{Effect, family, image, renewal, work};
use crate::cloud::call::{Call, Handler};
use crate::cloud::money::Money;
use crate::cloud::params::Params;
use crate::cloud::refusal::Refusal;
use crate::cloud::state::Cloud;
use crate::cloud::task::Plan;
use crate::services::ebs::Disk;
use crate::services::vpc::Net;
use serde_json::{Value as Json, json};
use std::net::{IpAddr, Ipv4Addr};

pub(super) const ACTIONS: &[(&str, Handler)] = &[("CreateInstance", create)];

/// How many servers a call may ask for.
const MOST_AT_ONCE: u64 = 100;

/// A way out of the servers.
struct Way {
    gateway: String,
    is_default: bool,
    /// The servers' addresses in the gateway.
    addresses: Vec<Ipv4Addr>,
    /// Elastic IPs for the first of them, in order: the document does not say how several pair up.
    eips: Vec<String>,
}

/// What is ordered, checked.
struct ServerOrder {
    zone: String,
    family: String,
    size: (u64, u64, u64),
    names: Vec<String>,
    os: Os,
    system: Wish,
    disks: Vec<Wish>,
    /// The servers' private addresses.
    subnet: (String, Vec<Ipv4Addr>),
    exits: Vec<Way>,
    billing: Billing,
    price: Money,
    credit: Option<u64>,
    is_utc: bool,
}

fn create(call: &mut Call) -> Result<Json, Refusal> {
    let order = order(call)?;
    let cloud = &mut *call.cloud;
    let charge_ids: Vec<_> = order.names.iter().map(|_| cloud.ids.short("ins")).collect();
    let mut disks = Vec::new();
    for (number, id) in charge_ids.iter().enumerate() {
        disks.extend(add_server(cloud, &order, number, id));
    }
    let is_prepaid = order.billing != Billing::OnDemand;
    let charge = if is_prepaid {
        cloud.pay("cds.ecs", "CreateInstance", charge_ids.clone(), order.price)
    } else {
        None
    };
    let snapshots = order.disks.iter().filter_map(|disk| disk.snapshot.clone());
    let servers = charge_ids;
    let held = servers
        .iter()
        .chain(&disks)
        .cloned()
        .chain(snapshots)
        .collect();
    let plan = Plan::holding(work::CREATE, held)
        .making(servers.clone())
        .then(Effect::Build {
            servers: servers.clone(),
            disks: disks.clone(),
            credit: order.credit,
        })
        .or_else(Effect::CancelOrder {
            servers: servers.clone(),
            disks,
            charge,
        });
    let event = cloud.start(plan);
    if is_prepaid {
        renewal::note_next_end(cloud, None);
    }
    Ok(json!({"Data": {"EventId": event, "EcsIdSet": servers}}))
}

fn order(call: &Call) -> Result<ServerOrder, Refusal> {
    let params = call.params;
    let zone = call.edge_zone("AvailableZoneCode")?.code.to_owned();
    let family = filled(call, "EcsFamilyName")?.to_owned();
    let size = family::size(call)?;
    let number = params.count("Number").unwrap_or(1);
    check_number(call.cloud, number)?;
    filled(call, "Password")?;
    let os = image::system_of(call.cloud, filled(call, "ImageId")?, &zone)?;
    let (system, disks) = disk::wishes(call, "SystemDisk", "DataDisk", os.size)?;
    let cloud_size = std::iter::once(&system)
        .chain(&disks)
        .filter(|disk| !disk.is_local)
        .map(|disk| disk.size)
        .sum::<u64>();
    call.cloud
        .check_ebs_quota(&zone, cloud_size.saturating_mul(number))?;
    let subnet = subnet(call, &zone, number)?;
    let exits = exits(call, &zone, number, &os)?;
    dns(call)?;
    let per_day = price::per_day_with_disks(size, std::iter::once(&system).chain(&disks)) * number;
    let credit = credit(call)?;
    let (billing, price) = if is_prepaid(call)? {
        let term = Term::of(call)?;
        let price = term.price(per_day);
        let renews = params.count("IsAutoRenewal") != Some(0);
        (
            Billing::Prepaid {
                months: term.months,
                until: term.until,
                renews,
            },
            price,
        )
    } else {
        (Billing::OnDemand, per_day)
    };
    if !call.cloud.affords(price, credit) {
        return Err(Refusal::new(
            "InvalidOperation",
            "The account's balance does not cover the order",
        ));
    }
    let is_utc = params.count("UtcTime") == Some(1);
    let names = names(call, number);
    Ok(ServerOrder {
        zone,
        family,
        size,
        names,
        os,
        system,
        disks,
        subnet,
        exits,
        billing,
        price,
        credit,
        is_utc,
    })
}

fn check_number(cloud: &Cloud, number: u64) -> Result<(), Refusal> {
    let free = cloud[ECS]
        .quota
        .saturating_sub(cloud[ECS].servers.len() as u64);
    if number <= free.min(MOST_AT_ONCE) {
        return Ok(());
    }
    let message = format!(
        "{number} servers are more than may be created: {MOST_AT_ONCE} at once, {free} in all"
    );
    Err(Refusal::new("MaxEcsCountExceed", message))
}

fn names(call: &Call, number: u64) -> Vec<String> {
    let given = call
        .params
        .text("Name")
        .filter(|name| !name.is_empty())
        .map(str::to_owned);
    let name = given.unwrap_or_else(|| format!("ecs-{}", day(call.cloud)));
    match call.params.count("StartNumber") {
        Some(first) => (0..number)
            .map(|at| format!("{name}-{}", first.saturating_add(at)))
            .collect(),
        None => (0..number).map(|_| name.clone()).collect(),
    }
}

fn subnet(call: &Call, zone: &str, number: u64) -> Result<(String, Vec<Ipv4Addr>), Refusal> {
    let id = |object: &str, field: &str| {
        let id = call
            .params
            .object(object)
            .and_then(|object| object.text(field))
            .unwrap_or_default();
        if id.is_empty() {
            Err(Refusal::new(
                "InvalidParameter.IsNull",
                format!("The parameter {object}.{field} is empty"),
            ))
        } else {
            Ok(id)
        }
    };
    let (vpc, subnet) = (id("VpcInfo", "VpcId")?, id("SubnetInfo", "SubnetId")?);
    call.cloud.check_ecs_vpc(vpc)?;
    let net = call
        .net_for_servers(subnet, zone, vpc)?
        .filter(|net| net.is_subnet());
    let net = net.ok_or_else(|| {
        call.malformed(
            "SubnetInfo",
            &format!("the VPC has no subnet {subnet} in {zone}"),
        )
    })?;
    Ok((net.id.clone(), addresses(call, net, number)?))
}

/// The first free addresses of a network.
fn addresses(call: &Call, net: &Net, number: u64) -> Result<Vec<Ipv4Addr>, Refusal> {
    let wanted = usize::try_from(number).unwrap_or(usize::MAX);
    let free: Vec<_> = call
        .cloud
        .addresses
        .free(&net.id, net.range, None)
        .take(wanted)
        .collect();
    let used_up = || {
        Refusal::new(
            "InvalidOperation",
            format!("The network {} has {} free addresses", net.id, free.len()),
        )
    };
    if free.len() == wanted {
        Ok(free.clone())
    } else {
        Err(used_up())
    }
}

fn exits(call: &Call, zone: &str, number: u64, os: &Os) -> Result<Vec<Way>, Refusal> {
    let wanted = call.params.objects("PubnetInfo");
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    if wanted.len() > 1 && os.is_windows() {
        return Err(call.malformed("PubnetInfo", "Windows has one gateway at most"));
    }
    let is_default = |gateway: &Params| gateway.text("IpType") == Some("default_gateway");
    if wanted.iter().filter(|gateway| is_default(gateway)).count() != 1 {
        return Err(call.malformed("PubnetInfo", "exactly one gateway must be the default one"));
    }
    let vpc = call
        .params
        .object("VpcInfo")
        .and_then(|vpc| vpc.text("VpcId"))
        .unwrap_or_default();
    let mut exits: Vec<Way> = Vec::new();
    for gateway in wanted {
        let id = gateway.text("SubnetId").unwrap_or_default();
        let net = call
            .net_for_servers(id, zone, vpc)?
            .filter(|net| !net.is_subnet());
        let net = net.ok_or_else(|| {
            call.malformed(
                "PubnetInfo",
                &format!("the VPC has no egress gateway {id:?} in {zone}"),
            )
        })?;
        if exits.iter().any(|known| known.gateway == net.id) {
            return Err(call.malformed(
                "PubnetInfo",
                &format!("the gateway {id} stands there twice"),
            ));
        }
        let addresses = addresses(call, net, number)?;
        let mut eips: Vec<String> = Vec::new();
        for eip in gateway.texts("EipIds") {
            let eip = call.free_eip(eip, zone)?.id.clone();
            if eips.contains(&eip) || exits.iter().any(|known| known.eips.contains(&eip)) {
                return Err(call.malformed(
                    "PubnetInfo",
                    &format!("the elastic IP {eip} stands there twice"),
                ));
            }
            eips.push(eip);
        }
        if eips.len() > addresses.len() {
            return Err(call.malformed("PubnetInfo", "there are more elastic IPs than servers"));
        }
        exits.push(Way {
            gateway: net.id.clone(),
            is_default: is_default(&gateway),
            addresses,
            eips,
        });
    }
    Ok(exits)
}

fn dns(call: &Call) -> Result<(), Refusal> {
    match call
        .params
        .texts("DnsList")
        .into_iter()
        .find(|server| server.parse::<IpAddr>().is_err())
    {
        Some(server) => Err(call.malformed("DnsList", &format!("{server:?} is not an address"))),
        None => Ok(()),
    }
}

/// The test account that the servers are billed to; it pays for what is used on demand.
fn credit(call: &Call) -> Result<Option<u64>, Refusal> {
    let Some(name) = call
        .params
        .text("TestAccount")
        .filter(|name| !name.is_empty())
    else {
        return Ok(None);
    };
    let missing = || {
        Refusal::new(
            "InvalidAccount.NotFound",
            format!("There is no test account {name}"),
        )
    };
    let credit = call.cloud.credit_named(name).ok_or_else(missing)?;
    if call.params.text("BillingMethod") == Some("1") {
        return Err(Refusal::new(
            "InvalidOperation",
            "A test account pays on demand only",
        ));
    }
    Ok(Some(credit))
}

/// Adds one of the ordered servers with its cloud disks; the ids of these.
fn add_server(cloud: &mut Cloud, order: &ServerOrder, number: usize, id: &str) -> Vec<String> {
    let (created, today) = (cloud.now(), day(cloud));
    let (mut local_disks, mut cloud_disks) = (Vec::new(), Vec::new());
    let is_prepaid = order.billing != Billing::OnDemand;
    for (wish, is_system) in
        std::iter::once((&order.system, true)).chain(order.disks.iter().map(|wish| (wish, false)))
    {
        let disk_id = cloud.ids.short("disk");
        let size = wish.size;
        if wish.is_local {
            local_disks.push(LocalDisk {
                id: disk_id,
                name: format!("local_{today}"),
                size,
                is_system,
            });
            continue;
        }
        cloud_disks.push(disk_id.clone());
        let disk = Disk {
            id: disk_id,
            name: format!("ssd_{today}"),
            zone: order.zone.clone(),
            size,
            system: is_system.then(|| order.os.clone()),
            server: Some(id.to_owned()),
            releases: wish.releases,
            is_prepaid,
            created,
        };
        cloud.add_ebs_disk(disk);
    }
    let (cpu, ram, gpu) = order.size;
    let address = order.subnet.1[number];
    cloud.addresses.take(&order.subnet.0, address);
    let mut exits = Vec::new();
    for way in &order.exits {
        let address = way.addresses[number];
        cloud.addresses.take(&way.gateway, address);
        if let Some(eip) = way.eips.get(number) {
            cloud.bind(eip, &way.gateway, address);
        }
        exits.push(Exit {
            network: way.gateway.clone(),
            address,
            is_default: way.is_default,
        });
    }
    cloud[ECS].servers.insert(Server {
        id: id.to_owned(),
        name: order.names[number].clone(),
        zone: order.zone.clone(),
        subnet_id: order.subnet.0.clone(),
        address,
        exits,
        family: order.family.clone(),
        cpu,
        ram,
        gpu,
        os: order.os.clone(),
        billing: order.billing.clone(),
        is_utc: order.is_utc,
        power: Power::Shutdown,
        local_disks,
        created,
    });
    cloud_disks
}
