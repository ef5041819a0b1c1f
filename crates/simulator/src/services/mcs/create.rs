//! Making virtual machines.

use super::key;
use super::lease::{Term, pay};
use super::state::{Condition, Disk, Instance, InstanceType, Template};
use super::{Effect, acceptable_name, describe, refusal, too_expensive, work};
use crate::cloud::call::{Call, Handler};
use crate::cloud::refusal::Refusal;
use crate::cloud::task::Plan;
use crate::cloud::world::World;
use jiff::Timestamp;
use serde_json::{Value as Json, json};

pub(super) const ACTIONS: &[(&str, Handler)] = &[("CreateInstance", create)];

/// A new machine ends as running; the document leaves it open.
fn create(call: &mut Call) -> Result<Json, Refusal> {
    let term = Term::of(call)?;
    let template = template(call.world, call.params.required("ImageId"))?.clone();
    let kind = instance_type(call.world, call.params.required("InstanceType"))?.clone();
    let name = call.params.text("InstanceName").map(|_| acceptable_name(call, "InstanceName")).transpose()?;
    let key = match call.params.text("KeyName") {
        Some(name) => {
            Some(key::by_name(call.world, name).cloned().ok_or_else(|| refusal(404, format!("Key pair {name} not found")))?)
        }
        None => None,
    };
    let price = term.price(&kind);
    if !call.world.mcs.wallet.covers(price) {
        return Err(too_expensive());
    }
    let network = call.world.mcs.network.clone();
    let address = call.world.addresses.free(&network.id, network.range, None).next();
    let address = address.ok_or_else(|| refusal(409, "The network has no free address"))?;
    let world = &mut *call.world;
    let (id, now) = (world.ids.uuid(), world.now());
    let name = name.map_or_else(|| free_name(world), str::to_owned);
    let (disks, mac) = (disks(world, &name, now, &[template.system_disk, kind.volume]), world.ids.mac());
    world.addresses.take(&network.id, address);
    world.mcs.instances.insert(Instance {
        id: id.clone(),
        name,
        disks,
        type_id: kind.id,
        template_id: template.id,
        condition: Condition::Ready,
        address: Some(address),
        mac,
        metadata: template.metadata,
        key,
        password_made: now,
        lease_began: now,
        lease_ends: term.end(now),
    });
    world.watch_lease(&id);
    let charge = pay(call, price, &id)?;
    let plan = Plan::holding(work::CREATE, vec![id.clone()])
        .showing("creating")
        .then(Effect::SetCondition { instance: id.clone(), to: Condition::Running })
        .or_else(Effect::GiveUp { instance: id.clone(), charge });
    call.world.start(plan);
    let made = call.world.mcs.instances.get(&id).map(|instance| describe::instance_json(call.world, instance));
    Ok(json!({"Instance": made}))
}

/// A template that machines can be made from.
pub(super) fn template<'a>(world: &'a World, id: &str) -> Result<&'a Template, Refusal> {
    let template = world.mcs.templates.get(id).ok_or_else(|| refusal(404, format!("Image {id} not found")))?;
    if template.status == "active" { Ok(template) } else { Err(refusal(409, format!("Image {id} is {}", template.status))) }
}

/// A type by its id, else by its name.
pub(super) fn instance_type<'a>(world: &'a World, id_or_name: &str) -> Result<&'a InstanceType, Refusal> {
    let types = &world.mcs.instance_types;
    let found = types.get(id_or_name).or_else(|| types.iter().find(|kind| kind.name == id_or_name));
    found.ok_or_else(|| refusal(404, format!("Instance type {id_or_name} not found")))
}

fn free_name(world: &mut World) -> String {
    let World { ids, mcs, .. } = world;
    let is_taken = |number| mcs.instances.iter().any(|instance| instance.name == format!("instance-{number}"));
    format!("instance-{}", ids.number("mcs_instance", 1, is_taken))
}

/// Disks with names as in the document's example, `vdisk_testtest_1371493324.491348`.
fn disks(world: &mut World, name: &str, now: Timestamp, sizes: &[u64]) -> Vec<Disk> {
    let seconds = now.as_second();
    let disk = |(index, size): (usize, &u64)| Disk {
        id: world.ids.uuid(),
        name: format!("vdisk_{name}_{seconds}.{index:06}"),
        size: *size,
    };
    sizes.iter().enumerate().map(disk).collect()
}
