//! Making virtual machines.

use super::arguments::acceptable_name;
use super::lease::{Term, pay};
use super::refusals::{refusal, too_expensive};
use super::state::{Condition, Disk, Instance, InstanceType, MCS, Template};
use super::{Effect, describe, key, work};
use crate::cloud::call::{Call, Handler};
use crate::cloud::refusal::Refusal;
use crate::cloud::state::Cloud;
use crate::cloud::task::Plan;
use jiff::Timestamp;
use serde_json::{Value as Json, json};

pub(super) const ACTIONS: &[(&str, Handler)] = &[("CreateInstance", create)];

/// A new machine ends as running; the document leaves it open.
fn create(call: &mut Call) -> Result<Json, Refusal> {
    let term = Term::of(call)?;
    let template = template(call.cloud, call.params.required("ImageId"))?.clone();
    let kind = instance_type(call.cloud, call.params.required("InstanceType"))?.clone();
    let name = call
        .params
        .text("InstanceName")
        .map(|_| acceptable_name(call, "InstanceName"))
        .transpose()?;
    let key = match call.params.text("KeyName") {
        Some(name) => Some(
            key::by_name(call.cloud, name)
                .cloned()
                .ok_or_else(|| refusal(404, format!("Key pair {name} not found")))?,
        ),
        None => None,
    };
    let price = term.price(&kind);
    if !call.cloud[MCS].wallet.covers(price) {
        return Err(too_expensive());
    }
    let network = call.cloud[MCS].network.clone();
    let address = call
        .cloud
        .addresses
        .free(&network.id, network.range, None)
        .next();
    let address = address.ok_or_else(|| refusal(409, "The network has no free address"))?;
    let cloud = &mut *call.cloud;
    let (id, now) = (cloud.ids.uuid(), cloud.now());
    let name = name.map_or_else(|| free_name(cloud), str::to_owned);
    let (disks, mac) = (
        disks(cloud, &name, now, &[template.system_disk, kind.volume]),
        cloud.ids.mac(),
    );
    cloud.addresses.take(&network.id, address);
    cloud[MCS].instances.insert(Instance {
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
    cloud.watch_lease(&id);
    let charge = pay(call, price, &id)?;
    let plan = Plan::holding(work::CREATE, vec![id.clone()])
        .showing("creating")
        .then(Effect::SetCondition {
            instance: id.clone(),
            to: Condition::Running,
        })
        .or_else(Effect::GiveUp {
            instance: id.clone(),
            charge,
        });
    call.cloud.start(plan);
    let made = call.cloud[MCS]
        .instances
        .get(&id)
        .map(|instance| describe::instance_json(call.cloud, instance));
    Ok(json!({"Instance": made}))
}

/// A template that machines can be made from.
pub(super) fn template<'a>(cloud: &'a Cloud, id: &str) -> Result<&'a Template, Refusal> {
    let template = cloud[MCS]
        .templates
        .get(id)
        .ok_or_else(|| refusal(404, format!("Image {id} not found")))?;
    if template.status == "active" {
        Ok(template)
    } else {
        Err(refusal(409, format!("Image {id} is {}", template.status)))
    }
}

/// A type by its id, otherwise by its name.
pub(super) fn instance_type<'a>(
    cloud: &'a Cloud,
    id_or_name: &str,
) -> Result<&'a InstanceType, Refusal> {
    let types = &cloud[MCS].instance_types;
    let found = types
        .get(id_or_name)
        .or_else(|| types.iter().find(|kind| kind.name == id_or_name));
    found.ok_or_else(|| refusal(404, format!("Instance type {id_or_name} not found")))
}

fn free_name(cloud: &mut Cloud) -> String {
    let Cloud { states, ids, .. } = cloud;
    let mcs = &mut states[MCS];
    let is_taken = |number| {
        mcs.instances
            .iter()
            .any(|instance| instance.name == format!("instance-{number}"))
    };
    format!("instance-{}", ids.number("mcs_instance", 1, is_taken))
}

/// Disks with names as in the document's example, `vdisk_testtest_1371493324.491348`.
fn disks(cloud: &mut Cloud, name: &str, now: Timestamp, sizes: &[u64]) -> Vec<Disk> {
    let seconds = now.as_second();
    let disk = |(index, size): (usize, &u64)| Disk {
        id: cloud.ids.uuid(),
        name: format!("vdisk_{name}_{seconds}.{index:06}"),
        size: *size,
    };
    sizes.iter().enumerate().map(disk).collect()
}
