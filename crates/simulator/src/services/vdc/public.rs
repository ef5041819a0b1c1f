//! Public networks: bandwidth and ranges of public addresses.

use super::order::{Addresses, NetworkOrder, in_limits};
use super::price::Rate;
use super::refusals::{sold_out, wrong_state};
use super::state::{Kind, Network, Segment, Stage, VDC};
use super::{Effect, work};
use crate::cloud::addresses::Range;
use crate::cloud::call::{Call, Handler};
use crate::cloud::money::Money;
use crate::cloud::refusal::Refusal;
use crate::cloud::state::Cloud;
use crate::cloud::task::Plan;
use serde_json::{Value as Json, json};

pub(super) const ACTIONS: &[(&str, Handler)] = &[
    ("CreatePublicNetwork", create),
    ("ModifyPublicNetwork", resize),
    ("AddPublicIp", add_range),
    ("DeletePublicIp", delete_range),
    ("DeletePublicNetwork", delete),
    ("RenewPublicNetwork", renew),
];

/// Adds a network that was ordered; its id.
pub(super) fn insert(cloud: &mut Cloud, vdc: &str, order: NetworkOrder, range: Range) -> String {
    let (id, segment) = (cloud.ids.uuid(), cloud.ids.uuid());
    cloud[VDC].networks.insert(Network {
        id: id.clone(),
        name: order.name,
        vdc_id: vdc.to_owned(),
        kind: Kind::Public(order.bandwidth),
        segments: vec![Segment {
            id: segment,
            range,
            stage: Stage::Ready,
            is_free: false,
        }],
    });
    id
}

/// The public network of `PublicId`; with its id, none that a task works on.
fn idle<'a>(call: &'a Call) -> Result<&'a Network, Refusal> {
    let id = call.params.required("PublicId");
    let network = call.cloud[VDC]
        .networks
        .get(id)
        .filter(|network| network.is_public());
    let network = network
        .ok_or_else(|| call.malformed("PublicId", &format!("there is no public network {id}")))?;
    is_idle(call, id)?;
    Ok(network)
}

fn is_idle(call: &Call, id: &str) -> Result<(), Refusal> {
    match call.cloud.tasks.state_of(id) {
        None => Ok(()),
        Some(state) => Err(wrong_state(format!("The network {id} is {state}"))),
    }
}

fn create(call: &mut Call) -> Result<Json, Refusal> {
    let vdc = call
        .cloud
        .ready_vdc(call.params.required("VdcId"))?
        .id
        .clone();
    let order = NetworkOrder::of(call, call.params)?;
    call.affordable(order.to_begin())?;
    let (ahead, credit) = (order.ahead(), call.credit()?);
    let range = call
        .cloud
        .free_public_range(order.addresses.bits)
        .ok_or_else(|| sold_out("Public addresses"))?;
    let cloud = &mut *call.cloud;
    let id = insert(cloud, &vdc, order, range);
    let charge = call.charge("CreatePublicNetwork", vec![id.clone()], ahead);
    let plan = Plan::holding(work::NETWORK, vec![id.clone()])
        .showing("creating")
        .then(Effect::OpenNetwork {
            network: id.clone(),
            credit,
        })
        .or_else(Effect::CancelNetwork {
            network: id,
            charge,
        });
    Ok(json!({"TaskId": call.cloud.start(plan)}))
}

fn resize(call: &mut Call) -> Result<Json, Refusal> {
    let network = idle(call)?;
    let bandwidth = network
        .bandwidth()
        .ok_or_else(|| call.malformed("PublicId", "it has no bandwidth"))?;
    let qos = in_limits(call, &bandwidth.billing, call.params.number("Qos"))?;
    let (ahead, to_begin) = (
        bandwidth.more(qos, Rate::ahead),
        bandwidth.more(qos, Rate::to_begin),
    );
    let id = network.id.clone();
    call.affordable(to_begin.max(Money::ZERO))?;
    let charge = call.charge("CreatePublicNetwork", vec![id.clone()], ahead);
    let plan =
        Plan::holding(work::NETWORK, vec![id.clone()]).then(Effect::Resize { network: id, qos });
    Ok(json!({"TaskId": call.cloud.start(plan.or_else(Effect::Refund { charge }))}))
}

fn add_range(call: &mut Call) -> Result<Json, Refusal> {
    let addresses = Addresses::of(call, "Number", call.params.int("Number"))?;
    let network = idle(call)?.id.clone();
    call.affordable(addresses.per_day())?;
    let range = call
        .cloud
        .free_public_range(addresses.bits)
        .ok_or_else(|| sold_out("Public addresses"))?;
    let cloud = &mut *call.cloud;
    let segment = cloud.ids.uuid();
    if let Some(network) = cloud[VDC].networks.get_mut(&network) {
        network.segments.push(Segment {
            id: segment.clone(),
            range,
            stage: Stage::Coming,
            is_free: false,
        });
    }
    let plan = Plan::holding(work::NETWORK, vec![network.clone()])
        .then(Effect::OpenRange {
            network: network.clone(),
            segment: segment.clone(),
        })
        .or_else(Effect::RemoveRange { network, segment });
    Ok(json!({"TaskId": call.cloud.start(plan)}))
}

fn delete_range(call: &mut Call) -> Result<Json, Refusal> {
    let id = call.params.required("SegmentId").to_owned();
    let of = |network: &&Network| {
        network.is_public()
            && network
                .segments
                .iter()
                .any(|own| own.id == id && own.is_there())
    };
    let network = call.cloud[VDC].networks.iter().find(of);
    let network =
        network.ok_or_else(|| call.malformed("SegmentId", &format!("there is no range {id}")))?;
    is_idle(call, &network.id)?;
    let is_taken = |address| call.cloud.addresses.is_taken(&network.id, address);
    let range = network
        .segments
        .iter()
        .find(|own| own.id == id)
        .map(|own| own.range);
    if range.is_some_and(|range| range.hosts().any(is_taken)) {
        return Err(wrong_state(
            "Addresses of the range are in use; take them off their servers first",
        ));
    }
    let network = network.id.clone();
    call.cloud.set_stage(&network, &id, Stage::Going);
    let plan = Plan::holding(work::NETWORK, vec![network.clone()])
        .then(Effect::RemoveRange {
            network: network.clone(),
            segment: id.clone(),
        })
        .or_else(Effect::OpenRange {
            network,
            segment: id,
        });
    Ok(json!({"TaskId": call.cloud.start(plan)}))
}

fn delete(call: &mut Call) -> Result<Json, Refusal> {
    let id = idle(call)?.id.clone();
    if let Some(reason) = call.cloud.network_use(&id) {
        return Err(wrong_state(format!("The network {id} is in use: {reason}")));
    }
    let plan = Plan::holding(work::DELETE_PUBLIC, vec![id.clone()]).showing("deleting");
    call.cloud
        .start(plan.then(Effect::RemoveNetwork { network: id }));
    Ok(json!({}))
}

fn renew(call: &mut Call) -> Result<Json, Refusal> {
    let id = idle(call)?.id.clone();
    let renews = call.params.int("AutoRenew") == Some(1);
    if let Some(Kind::Public(bandwidth)) = call.cloud[VDC]
        .networks
        .get_mut(&id)
        .map(|network| &mut network.kind)
    {
        bandwidth.auto_renew = renews;
    }
    Ok(json!({}))
}
