//! Creating servers.

use super::answers::started;
use super::image::{self, Image};
use super::new_disks::{data_disks, system_disk};
use super::new_interfaces::{NewInterface, new_interfaces};
use super::order::ServerOrder;
use super::state::{CCS, Disk, Instance, Interface, Paid, Power};
use super::{Effect, payment, tag, work};
use crate::cloud::call::{Call, Handler};
use crate::cloud::refusal::Refusal;
use crate::cloud::state::Cloud;
use crate::cloud::task::Plan;
use serde_json::{Value as Json, json};
use std::collections::BTreeSet;

pub(super) const ACTIONS: &[(&str, Handler)] = &[("CreateInstance", create)];

fn create(call: &mut Call) -> Result<Json, Refusal> {
    let params = call.params;
    call.zone("RegionId")?;
    let vdc = call.cloud.ready_vdc(params.required("VdcId"))?.clone();
    if vdc.region != params.required("RegionId") {
        return Err(Refusal::new(
            "Zone.NotOnSale",
            format!("The VDC {} is in {}", vdc.id, vdc.region),
        ));
    }
    let instance_type = instance_type(call)?;
    password(call, "Password")?;
    let image = Image::to_install(
        call,
        params.text("ImageId").unwrap_or(image::DEFAULT),
        &vdc.region,
    )?;
    let amount = params.count("Amount").unwrap_or(1);
    let names = names(call, amount)?;
    let keys = image::keys(call, names.len())?;
    let system = system_disk(call, params.object("SystemDisk"), image.size)?;
    let disks = data_disks(call, &image)?;
    let new_interfaces = new_interfaces(call, &vdc.id, names.len())?;
    let order = ServerOrder::of(params, system.size, &disks);
    let created = call.cloud.now();
    let price = order.price(created);
    if !call.cloud.affords(price, None) {
        return Err(Refusal::new(
            "NotEnoughBalance",
            "The account's balance does not cover the order",
        ));
    }
    let too_long = || call.malformed("PrepaidMonth", "it is too large");
    let in_advance =
        || Paid::of(params, payment::term(params), created, order.month_price).ok_or_else(too_long);
    let paid = order.is_prepaid.then(in_advance).transpose()?;
    if params.flag("DryRun") == Some(true) {
        return Ok(json!({"TaskId": ""}));
    }
    let tags: BTreeSet<u64> = params
        .texts("LabelNames")
        .into_iter()
        .map(|name| tag::ensure(call.cloud, name))
        .collect();
    let mut ids = Vec::new();
    for (number, (name, key)) in names.into_iter().zip(keys).enumerate() {
        let cloud = &mut *call.cloud;
        let id = cloud.ids.uuid();
        let interfaces = connect(cloud, &new_interfaces, number);
        let mut own = |disk: &Disk| Disk {
            id: cloud.ids.uuid(),
            ..disk.clone()
        };
        let (system, disks) = (own(&system), disks.iter().map(&mut own).collect());
        cloud[CCS].instances.insert(Instance {
            id: id.clone(),
            name,
            vdc_id: vdc.id.clone(),
            cpu: params.count("Cpu").unwrap_or(1),
            ram: params.count("Ram").unwrap_or(1),
            kind: instance_type.to_owned(),
            image: image.name.clone(),
            is_activated: image.is_activated_by(key),
            dedicated_host: params
                .text("DedicatedHostId")
                .filter(|host| !host.is_empty())
                .map(str::to_owned),
            charge_type: params
                .text("InstanceChargeType")
                .unwrap_or("PostPaid")
                .to_owned(),
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
    let charge = if order.is_prepaid {
        call.cloud
            .pay("cds.ccs", "CreateInstance", ids.clone(), price)
    } else {
        None
    };
    let plan = Plan::holding(work::CREATE, ids.clone())
        .showing("creating")
        .then(Effect::SetPower {
            instances: ids.clone(),
            to: Power::Running,
        })
        .or_else(Effect::CancelOrder {
            instances: ids,
            charge,
        });
    call.cloud.expect_end(paid.as_ref());
    Ok(started(&call.cloud.start(plan)))
}

/// The interfaces of the n-th server.
fn connect(cloud: &mut Cloud, wanted: &[NewInterface], number: usize) -> Vec<Interface> {
    let mut interfaces = Vec::with_capacity(wanted.len());
    for new in wanted {
        if let Some(address) = new.addresses.get(number) {
            interfaces.push(cloud.new_interface(&new.network, *address, new.with_ipv6));
        }
    }
    interfaces
}

/// The type of `InstanceType`, which must be sold.
pub(super) fn instance_type<'a>(call: &Call<'a>) -> Result<&'a str, Refusal> {
    let kind = call.params.required("InstanceType");
    let unsold = || {
        Refusal::new(
            "InvalidInstanceType.ValueUnauthorized",
            format!("There is no instance type {kind}"),
        )
    };
    call.in_table("InstanceType", kind, unsold)?;
    Ok(kind)
}

/// Eight to thirty characters with a letter and a digit. The document gives no rule; its examples
/// keep this one.
pub(super) fn password(call: &Call, name: &str) -> Result<(), Refusal> {
    let text = call.params.required(name);
    let has = |test: fn(&char) -> bool| text.chars().any(|character| test(&character));
    let is_acceptable = (8..=30).contains(&text.chars().count())
        && has(char::is_ascii_alphabetic)
        && has(char::is_ascii_digit);
    let refusal = || {
        call.malformed(
            name,
            "it must have 8 to 30 characters, a letter and a digit among them",
        )
    };
    if is_acceptable {
        Ok(())
    } else {
        Err(refusal())
    }
}

/// The servers' names: with running numbers where `DescriptionNum` asks for them.
fn names(call: &Call, amount: u64) -> Result<Vec<String>, Refusal> {
    let name = acceptable_name(call)?;
    let Some(digits) = call
        .params
        .text("DescriptionNum")
        .filter(|digits| !digits.is_empty())
    else {
        return Ok((0..amount).map(|_| name.to_owned()).collect());
    };
    let first: Option<u64> = digits
        .parse()
        .ok()
        .filter(|_| (3..=6).contains(&digits.len()));
    let first =
        first.ok_or_else(|| call.malformed("DescriptionNum", "it must be 3 to 6 digits"))?;
    Ok((first..first + amount)
        .map(|number| format!("{name}{number:0width$}", width = digits.len()))
        .collect())
}

pub(super) fn acceptable_name<'a>(call: &Call<'a>) -> Result<&'a str, Refusal> {
    let name = call.params.required("InstanceName");
    let fits = !name.trim().is_empty()
        && name.chars().count() <= 128
        && !name.chars().any(char::is_control);
    let refusal = || call.malformed("InstanceName", "it must have 1 to 128 characters");
    if fits { Ok(name) } else { Err(refusal()) }
}
