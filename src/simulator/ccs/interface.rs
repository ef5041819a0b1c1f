//! Network interfaces.

use super::{Call, Handler, started};
use crate::simulator::check::cidr;
use crate::simulator::network::Range;
use crate::simulator::refusal::Refusal;
use crate::simulator::task::Work;
use crate::simulator::world::{Plan, ipv6_of};
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
    let task = call.world.start(Plan::holding(Work::INTERFACE, vec![id.clone()]), move |world| {
        world.change(&id, |instance| {
            for own in instance.interfaces.iter_mut().filter(|own| own.id == interface) {
                own.connected = connected;
            }
        });
    });
    Ok(started(task))
}

fn readdress(call: &mut Call) -> Result<Json, Refusal> {
    let (id, interface, network) = own_interface(call)?;
    let network = call.world.network(&network)?;
    let text = call.params.required("Address");
    let address = match text {
        "None" => None,
        text => match text.parse::<Ipv4Addr>() {
            Ok(address) if network.offers(address) => Some(address),
            _ => return Err(Refusal::new("InvalidIp.Address", format!("{text} is not an address of the network"))),
        },
    };
    let present = call.world.instance(&id)?.interfaces.iter().find(|own| own.id == interface).and_then(|own| own.address);
    if address.is_some_and(|address| Some(address) != present && call.world.taken().contains(&address)) {
        return Err(Refusal::new("InvalidIp.IpAssigned", format!("{text} is in use")));
    }
    let wants_ipv6 = call.params.flag("Ipv6Bind") == Some(true) && network.is_public;
    let ipv6 = address.filter(|_| wants_ipv6).map(ipv6_of);
    let plan = Plan::holding(Work::INTERFACE, vec![id.clone()]).reserving(address.into_iter().collect());
    let task = call.world.start(plan, move |world| {
        world.change(&id, |instance| {
            for own in instance.interfaces.iter_mut().filter(|own| own.id == interface) {
                (own.address, own.ipv6) = (address, ipv6.clone());
            }
        });
    });
    Ok(started(task))
}

/// The ids of an idle server, of an interface of it, and of that one's network.
fn own_interface(call: &mut Call) -> Result<(String, String, String), Refusal> {
    let (id, interface) = (call.params.required("InstanceId").to_owned(), call.params.required("InterfaceId").to_owned());
    let own = call.world.idle(&id)?.interfaces.iter().find(|own| own.id == interface).map(|own| own.network.clone());
    let network = own.ok_or_else(|| call.malformed("InterfaceId", &format!("the server has no interface {interface}")))?;
    Ok((id, interface, network))
}

/// The network and the idle servers of a batch, all in one VDC.
fn batch(call: &mut Call) -> Result<(String, Vec<String>), Refusal> {
    let params = call.params;
    let vdc = call.world.vdc(params.required("VdcId"))?.id.clone();
    let name = if params.text("PublicId").is_some() { "PublicId" } else { "PrivateId" };
    let network = call.world.network(params.required(name))?;
    if network.vdc_id != vdc || network.is_public != (name == "PublicId") {
        return Err(call.malformed(name, "the VDC has no such network"));
    }
    let network = network.id.clone();
    let ids = call.idle_instances(&params.texts("InstanceIds"))?;
    for id in &ids {
        if call.world.instance(id)?.vdc_id != vdc {
            return Err(call.malformed("InstanceIds", &format!("the server {id} is not in the VDC")));
        }
    }
    Ok((network, ids))
}

fn add(call: &mut Call) -> Result<Json, Refusal> {
    let (network, ids) = batch(call)?;
    let taken = call.world.taken();
    let addresses: Vec<_> = call.world.network(&network)?.free(None, &taken).take(ids.len()).collect();
    if addresses.len() < ids.len() {
        return Err(Refusal::new("InvalidIp.Address", format!("The network {network} has no free address")));
    }
    let plan = Plan::holding(Work::INTERFACE, ids.clone()).reserving(addresses.clone());
    let task = call.world.start(plan, move |world| {
        for (id, address) in ids.iter().zip(addresses) {
            let interface = world.interface(&network, Some(address), false);
            world.change(id, |instance| instance.interfaces.push(interface));
        }
    });
    Ok(with_empty_message(task))
}

fn delete(call: &mut Call) -> Result<Json, Refusal> {
    let (network, ids) = batch(call)?;
    let mut gone = Vec::new();
    for id in &ids {
        let own = call.world.instance(id)?.interfaces.iter().filter(|own| own.network == network);
        let before = gone.len();
        gone.extend(own.map(|own| own.id.clone()));
        if gone.len() == before {
            return Err(Refusal::new("InvalidInterfaceID.Malformed", format!("The server {id} has no interface in the network")));
        }
    }
    let task = call.world.start(Plan::holding(Work::INTERFACE, ids.clone()), move |world| {
        for id in &ids {
            world.change(id, |instance| instance.interfaces.retain(|own| !gone.contains(&own.id)));
        }
        for interface in &gone {
            world.unbind(interface);
        }
    });
    Ok(with_empty_message(task))
}

/// The document's examples of the batches have no message.
fn with_empty_message(task: u64) -> Json {
    json!({"Data": {}, "Message": "", "TaskId": task.to_string()})
}

fn free_addresses(call: &mut Call) -> Result<Json, Refusal> {
    let network = call.world.network(call.params.required("PrivateId"))?;
    let segment = cidr(call.params.required("Segment")).map(|(address, bits)| Range::new(address, bits));
    let taken = call.world.taken();
    let free: Vec<_> = network.free(segment, &taken).map(|address| address.to_string()).collect();
    Ok(json!({"Data": {"AvailableIPTotal": free.len(), "AvailableIPList": free}}))
}
