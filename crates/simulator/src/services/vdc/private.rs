//! Private networks.

use super::refusals::wrong_state;
use super::state::{Kind, Network, Segment, Stage, VDC};
use super::{Effect, work};
use crate::cloud::addresses::Range;
use crate::cloud::call::{Call, Handler};
use crate::cloud::refusal::Refusal;
use crate::cloud::task::Plan;
use serde_json::{Value as Json, json};
use std::net::Ipv4Addr;

pub(super) const ACTIONS: &[(&str, Handler)] = &[
    ("CreatePrivateNetwork", create),
    ("DeletePrivateNetwork", delete),
];

fn create(call: &mut Call) -> Result<Json, Refusal> {
    let vdc = call
        .cloud
        .ready_vdc(call.params.required("VdcId"))?
        .id
        .clone();
    let own: Vec<_> = call
        .cloud
        .networks_of(&vdc)
        .filter(|network| !network.is_public())
        .collect();
    let full = || {
        Refusal::new(
            "QuotaExceed.PrivateNetwork",
            "The VDC has as many private networks as it can have",
        )
    };
    if own.len() >= call.cloud[VDC].max_private_networks {
        return Err(full());
    }
    let is_manual = call.params.text("Type") == Some("manual");
    let range = if is_manual {
        chosen(call)?
    } else {
        call.cloud.free_private_range().ok_or_else(full)?
    };
    if own
        .iter()
        .flat_map(|network| network.ranges())
        .any(|own| own.overlaps(range))
    {
        return Err(call.malformed(
            "Address",
            "a private network of the VDC has addresses of this range",
        ));
    }
    let numbered = || {
        (1..=own.len() + 1)
            .map(|number| format!("私网{number}"))
            .find(|name| !own.iter().any(|network| network.name == *name))
    };
    let name = call
        .params
        .text("Name")
        .filter(|name| !name.is_empty())
        .map(str::to_owned);
    let name = name.or_else(numbered).unwrap_or_default();
    let cloud = &mut *call.cloud;
    let (id, segment) = (cloud.ids.uuid(), cloud.ids.uuid());
    cloud[VDC].networks.insert(Network {
        id: id.clone(),
        name,
        vdc_id: vdc,
        kind: Kind::Private { is_manual },
        segments: vec![Segment {
            id: segment,
            range,
            stage: Stage::Ready,
            is_free: false,
        }],
    });
    let plan = Plan::holding(work::NETWORK, vec![id.clone()]).showing("creating");
    Ok(
        json!({"TaskId": cloud.start(plan.or_else(Effect::CancelNetwork { network: id, charge: None }))}),
    )
}

/// The range of `Address` and `Mask`. The document gives no limits; a server must find an address
/// in it.
fn chosen(call: &Call) -> Result<Range, Refusal> {
    let given = |name: &str| {
        call.params
            .text(name)
            .filter(|text| !text.is_empty())
            .ok_or_else(|| call.missing(name))
    };
    let address: Ipv4Addr = given("Address")?
        .parse()
        .map_err(|_| call.malformed("Address", "it is not an IPv4 address"))?;
    let bits: Option<u8> = given("Mask")?.parse().ok();
    let bits = bits
        .filter(|bits| (8..=29).contains(bits))
        .ok_or_else(|| call.malformed("Mask", "it must be from 8 to 29"))?;
    Ok(Range::new(address, bits))
}

fn delete(call: &mut Call) -> Result<Json, Refusal> {
    let id = call.params.required("PrivateId").to_owned();
    if call.cloud[VDC]
        .networks
        .get(&id)
        .is_none_or(Network::is_public)
    {
        return Err(call.malformed("PrivateId", &format!("there is no private network {id}")));
    }
    if let Some(state) = call.cloud.tasks.state_of(&id) {
        return Err(wrong_state(format!("The network {id} is {state}")));
    }
    if let Some(reason) = call.cloud.network_use(&id) {
        return Err(wrong_state(format!("The network {id} is in use: {reason}")));
    }
    let plan = Plan::holding(work::NETWORK, vec![id.clone()]).showing("deleting");
    Ok(json!({"TaskId": call.cloud.start(plan.then(Effect::RemoveNetwork { network: id }))}))
}
