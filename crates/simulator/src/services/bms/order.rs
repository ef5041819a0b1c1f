//! Ordering servers.

use super::price::{configuration, term, unit_price};
use super::state::{BMS, Card, ChargeType, Layout, Partition, Power, Renewal, Server, Volume};
use super::{Effect, work};
use crate::cloud::call::{Call, Handler};
use crate::cloud::refusal::Refusal;
use crate::cloud::state::Cloud;
use crate::cloud::task::Plan;
use crate::services::vdc::VDC;
use serde_json::{Value as Json, json};
use std::net::Ipv4Addr;

pub(super) const ACTIONS: &[(&str, Handler)] = &[("CreateBmsInstance", create)];

fn create(call: &mut Call) -> Result<Json, Refusal> {
    let params = call.params;
    let amount = params.count("Amount").unwrap_or(1);
    let compute = configuration(call, "OrderGoodsConfEmpty")?.clone();
    let vdc = vdc(call)?;
    let image = image(call)?;
    let layout = layout(call)?;
    let port_mode = one_of(call, "PortMode", &["access", "trunk"])?;
    let names = names(call, amount)?;
    let networks = networks(call, &vdc)?;
    let addresses = addresses(call, &networks, names.len())?;
    if compute.stock < amount {
        return Err(Refusal::new(
            "NotSufficient",
            format!(
                "Only {} servers of this configuration are left",
                compute.stock
            ),
        ));
    }
    let charge_type = ChargeType::of(params.required("InstanceChargeType"));
    let created = call.cloud.now();
    let credit = call.credit()?;
    let is_prepaid = charge_type == ChargeType::Prepaid;
    if is_prepaid && credit.is_some() {
        return Err(call.malformed("SubjectId", "a trial credit pays on demand only"));
    }
    let end = term(call)
        .end(created)
        .ok_or_else(|| call.malformed("PrepaidMonth", "it is too large"))?;
    let price = unit_price(call, charge_type, &compute);
    if !call.cloud.affords(price * amount, credit) {
        return Err(Refusal::new(
            "NotEnoughBalance",
            "The account's balance does not cover the order",
        ));
    }
    let mut tasks = Vec::new();
    for (number, name) in names.into_iter().enumerate() {
        let cloud = &mut *call.cloud;
        let id = cloud.ids.uuid();
        let own = networks.iter().zip(addresses.iter().map(|own| own[number]));
        let cards = own
            .map(|(network, address)| new_card(cloud, network, address))
            .collect();
        let disks = compute
            .disks
            .iter()
            .flat_map(|disk| (0..disk.count).map(move |_| disk));
        let volume = |(disk, path): (&super::state::LocalDisk, char)| Volume {
            id: cloud.ids.uuid(),
            attachment: cloud.ids.uuid(),
            kind: disk.kind.clone(),
            size: disk.size,
            path: format!("sd{path}"),
        };
        let volumes = disks.zip('a'..='z').map(volume).collect();
        let server = Server {
            id: id.clone(),
            name,
            vdc_id: vdc.clone(),
            compute_id: compute.id.clone(),
            cpu: compute.cpu,
            ram: compute.ram,
            image: image.clone(),
            power: Power::Stopped,
            charge_type,
            month_price: compute.month_price,
            paid_until: is_prepaid.then_some(end),
            renewal: Renewal {
                is_automatic: is_prepaid && params.int("AutoRenew") == Some(1),
                ..Renewal::default()
            },
            order_id: cloud.ids.uuid(),
            is_monitored: params.flag("EnableMonitor") == Some(true),
            is_bonded: params.int("IsBond") == Some(1),
            port_mode: port_mode.clone(),
            layout: layout.clone(),
            cards,
            volumes,
            created,
        };
        let charge = is_prepaid
            .then(|| cloud.pay("cds.bms", "CreateBmsInstance", vec![id.clone()], price))
            .flatten();
        cloud.add_bare_metal(server);
        let plan = Plan::holding(work::CREATE, vec![id.clone()]).showing("creating");
        let plan = plan.then(Effect::Build {
            server: id.clone(),
            credit,
        });
        tasks.push(cloud.start(plan.or_else(Effect::CancelOrder { server: id, charge })));
    }
    Ok(json!({"Data": {"TaskIds": tasks}}))
}

/// A network card, whose address is taken from now on.
fn new_card(cloud: &mut Cloud, network: &str, address: Ipv4Addr) -> Card {
    cloud.addresses.take(network, address);
    let macs = vec![cloud.ids.mac(), cloud.ids.mac()];
    Card {
        id: cloud.ids.uuid(),
        network: network.to_owned(),
        address,
        macs,
    }
}

fn vdc(call: &Call) -> Result<String, Refusal> {
    let (id, region) = (
        call.params.required("VdcId"),
        call.params.required("RegionId"),
    );
    let not_valid = |why: String| Refusal::new("VdcNotFound", why);
    let vdc = call.cloud[VDC]
        .vdcs
        .get(id)
        .ok_or_else(|| not_valid(format!("There is no VDC {id:?}")))?;
    if let Some(state) = call.cloud.tasks.state_of(id) {
        return Err(not_valid(format!("The VDC {id} is {state}")));
    }
    if vdc.region == region {
        Ok(vdc.id.clone())
    } else {
        Err(not_valid(format!("The VDC {id} is in {}", vdc.region)))
    }
}

/// The name of the image that `ImageId` names.
pub(super) fn image(call: &Call) -> Result<String, Refusal> {
    let id = call.params.required("ImageId");
    let missing = || {
        Refusal::new(
            "ImageNotFound",
            format!("Image cannot be found by id[{id}]"),
        )
    };
    call.cloud[BMS]
        .images
        .get(id)
        .map(|image| image.name.clone())
        .ok_or_else(missing)
}

/// How the disks shall be laid out.
pub(super) fn layout(call: &Call) -> Result<Layout, Refusal> {
    let raid = one_of(call, "Raid", &["0", "1", "5", "10"])?;
    let paths = call.params.texts("CustomPartition");
    let sizes = call
        .params
        .get("CustomPartitionSize")
        .and_then(Json::as_array)
        .map_or(&[][..], Vec::as_slice);
    if paths.first().is_some_and(|first| *first != "/") {
        return Err(call.malformed("CustomPartition", "the first partition must be /"));
    }
    if paths
        .iter()
        .any(|path| *path != "swap" && !path.starts_with('/'))
    {
        return Err(call.malformed("CustomPartition", "a partition is swap or a path"));
    }
    if paths.len() != sizes.len() {
        return Err(call.malformed(
            "CustomPartitionSize",
            "it must have a size for each partition",
        ));
    }
    let size = |size: &Json| size.as_u64().filter(|size| *size > 0);
    let partition = |(path, own): (&&str, &Json)| {
        Some(Partition {
            path: (*path).to_owned(),
            size: size(own)?,
        })
    };
    let partitions: Option<Vec<_>> = paths.iter().zip(sizes).map(partition).collect();
    let partitions =
        partitions.ok_or_else(|| call.malformed("CustomPartitionSize", "sizes are above 0"))?;
    Ok(Layout { raid, partitions })
}

fn one_of(call: &Call, name: &str, known: &[&str]) -> Result<Option<String>, Refusal> {
    match call.params.text(name) {
        Some(value) if !known.contains(&value) => {
            Err(call.malformed(name, &format!("it must be one of {}", known.join(", "))))
        }
        value => Ok(value.map(str::to_owned)),
    }
}

/// The servers' names: with running numbers of three digits at least where `AssignHostNo` gives the
/// first.
fn names(call: &Call, amount: u64) -> Result<Vec<String>, Refusal> {
    let name = call.params.required("InstanceName");
    let Some(digits) = call.params.text("AssignHostNo") else {
        return Ok((0..amount).map(|_| name.to_owned()).collect());
    };
    let first: Option<u32> = digits.parse().ok();
    let first =
        u64::from(first.ok_or_else(|| call.malformed("AssignHostNo", "it is not a number"))?);
    Ok((first..first + amount)
        .map(|number| format!("{name}{number:0width$}", width = digits.len().max(3)))
        .collect())
}

/// The networks of the VDC that `PipeIds` names, each once.
fn networks(call: &Call, vdc: &str) -> Result<Vec<String>, Refusal> {
    let mut ids: Vec<String> = Vec::new();
    for id in call.params.texts("PipeIds") {
        let network = call.cloud[VDC]
            .networks
            .get(id)
            .filter(|network| network.vdc_id == vdc);
        let network = network.ok_or_else(|| {
            Refusal::new(
                "PipeIdNotFound",
                format!("The VDC {vdc} has no network {id:?}"),
            )
        })?;
        if let Some(state) = call
            .cloud
            .tasks
            .state_of(id)
            .filter(|state| ["creating", "deleting"].contains(state))
        {
            return Err(Refusal::new(
                "PipeIdNotFound",
                format!("The network {id} is {state}"),
            ));
        }
        if !ids.contains(&network.id) {
            ids.push(network.id.clone());
        }
    }
    Ok(ids)
}

/// Free addresses of each network, one a server.
fn addresses(
    call: &Call,
    networks: &[String],
    servers: usize,
) -> Result<Vec<Vec<Ipv4Addr>>, Refusal> {
    let free = |id: &String| {
        let free: Vec<_> = call
            .cloud
            .network(id)?
            .free(&call.cloud.addresses, None)
            .take(servers)
            .collect();
        let few = || {
            Refusal::new(
                "IpNotEnough",
                format!("The network {id} has only {} free addresses", free.len()),
            )
        };
        if free.len() == servers {
            Ok(free)
        } else {
            Err(few())
        }
    };
    networks.iter().map(free).collect()
}
