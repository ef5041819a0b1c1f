//! Network interfaces.

use super::answers::started;
use super::resources::ipv6_of;
use super::{Effect, work};
use crate::cloud::call::{Call, Handler};
use crate::cloud::refusal::Refusal;
use crate::cloud::task::Plan;
use crate::services::vdc::VDC;
use serde_json::{Value as Json, json};
use std::net::Ipv4Addr;

pub(super) const ACTIONS: &[(&str, Handler)] = &[
    ("ConnectNetworkInterface", |call| connect(call, true)),
    ("DisconnectNetworkInterface", |call| connect(call, false)),
    ("ModifyIpAddress", readdress),
    ("BatchAddNetworkInterfaces", add),
    ("BatchDeleteNetworkInterfaces", delete),
    ("GetIpInfoBySegment", free_addresses),
];

fn connect(call: &mut Call, connected: bool) -> Result<Json, Refusal> {
    let (id, interface, _) = own_interface(call)?;
    let plan = Plan::holding(work::INTERFACE, vec![id.clone()]).then(Effect::Connect {
        instance: id,
        interface,
        connected,
    });
    Ok(started(&call.cloud.start(plan)))
}

fn readdress(call: &mut Call) -> Result<Json, Refusal> {
    let (id, interface, network) = own_interface(call)?;
    let network = call.cloud.network(&network)?;
    let text = call.params.required("Address");
    let address = match text {
        "None" => None,
        text => match text.parse::<Ipv4Addr>() {
            Ok(address) if network.offers(address) => Some(address),
            _ => {
                return Err(Refusal::new(
                    "InvalidIp.Address",
                    format!("{text} is not an address of the network"),
                ));
            }
        },
    };
    let present = call
        .cloud
        .instance(&id)?
        .interfaces
        .iter()
        .find(|own| own.id == interface)
        .and_then(|own| own.address);
    if address.is_some_and(|address| {
        Some(address) != present && call.cloud.addresses.is_taken(&network.id, address)
    }) {
        return Err(Refusal::new(
            "InvalidIp.IpAssigned",
            format!("{text} is in use"),
        ));
    }
    let wants_ipv6 = call.params.flag("Ipv6Bind") == Some(true) && network.is_public();
    let ipv6 = address.filter(|_| wants_ipv6).map(ipv6_of);
    let reserves = address
        .into_iter()
        .map(|address| (network.id.clone(), address))
        .collect();
    let plan = Plan::holding(work::INTERFACE, vec![id.clone()]).reserving(reserves);
    Ok(started(&call.cloud.start(plan.then(Effect::Readdress {
        instance: id,
        interface,
        address,
        ipv6,
    }))))
}

/// The ids of an idle server, of an interface of it, and of that one's network.
fn own_interface(call: &mut Call) -> Result<(String, String, String), Refusal> {
    let (id, interface) = (
        call.params.required("InstanceId").to_owned(),
        call.params.required("InterfaceId").to_owned(),
    );
    let own = call
        .cloud
        .idle_instance(&id)?
        .interfaces
        .iter()
        .find(|own| own.id == interface)
        .map(|own| own.network.clone());
    let network = own.ok_or_else(|| {
        call.malformed(
            "InterfaceId",
            &format!("the server has no interface {interface}"),
        )
    })?;
    Ok((id, interface, network))
}

/// The network and the idle servers of a batch, all in one VDC.
fn batch(call: &mut Call) -> Result<(String, Vec<String>), Refusal> {
    let params = call.params;
    let vdc = call.cloud.ready_vdc(params.required("VdcId"))?.id.clone();
    let name = if params.text("PublicId").is_some() {
        "PublicId"
    } else {
        "PrivateId"
    };
    let network = call.cloud.ready_network(params.required(name))?;
    if network.vdc_id != vdc || network.is_public() != (name == "PublicId") {
        return Err(call.malformed(name, "the VDC has no such network"));
    }
    let network = network.id.clone();
    let ids = call.idle_instances(&params.texts("InstanceIds"))?;
    for id in &ids {
        if call.cloud.instance(id)?.vdc_id != vdc {
            return Err(
                call.malformed("InstanceIds", &format!("the server {id} is not in the VDC"))
            );
        }
    }
    Ok((network, ids))
}

fn add(call: &mut Call) -> Result<Json, Refusal> {
    let (network, ids) = batch(call)?;
    let addresses: Vec<_> = call
        .cloud
        .network(&network)?
        .free(&call.cloud.addresses, None)
        .take(ids.len())
        .collect();
    if addresses.len() < ids.len() {
        return Err(Refusal::new(
            "InvalidIp.Address",
            format!("The network {network} has no free address"),
        ));
    }
    let reserves = addresses
        .iter()
        .map(|address| (network.clone(), *address))
        .collect();
    let plan = Plan::holding(work::INTERFACE, ids.clone()).reserving(reserves);
    let effect = Effect::AddInterfaces {
        network,
        addresses: ids.into_iter().zip(addresses).collect(),
    };
    Ok(with_empty_message(&call.cloud.start(plan.then(effect))))
}

fn delete(call: &mut Call) -> Result<Json, Refusal> {
    let (network, ids) = batch(call)?;
    let mut gone = Vec::new();
    for id in &ids {
        let own = call
            .cloud
            .instance(id)?
            .interfaces
            .iter()
            .filter(|own| own.network == network);
        let before = gone.len();
        gone.extend(own.map(|own| own.id.clone()));
        if gone.len() == before {
            return Err(Refusal::new(
                "InvalidInterfaceID.Malformed",
                format!("The server {id} has no interface in the network"),
            ));
        }
    }
    let effect = Effect::RemoveInterfaces {
        instances: ids.clone(),
        interfaces: gone,
    };
    Ok(with_empty_message(
        &call
            .cloud
            .start(Plan::holding(work::INTERFACE, ids).then(effect)),
    ))
}

/// The document's examples of the batches have no message.
fn with_empty_message(task: &str) -> Json {
    json!({"Data": {}, "Message": "", "TaskId": task})
}

fn free_addresses(call: &mut Call) -> Result<Json, Refusal> {
    let id = call.params.required("PrivateId");
    let network = call.cloud[VDC]
        .networks
        .get(id)
        .filter(|network| !network.is_public());
    let network = network
        .ok_or_else(|| call.malformed("PrivateId", &format!("there is no private network {id}")))?;
    let segment = call.params.required("Segment").parse().ok();
    let free: Vec<_> = network
        .free(&call.cloud.addresses, segment)
        .map(|address| address.to_string())
        .collect();
    Ok(json!({"Data": {"AvailableIPTotal": free.len(), "AvailableIPList": free}}))
}
