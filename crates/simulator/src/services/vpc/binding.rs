//! EIPs bound to addresses of subnets, and at edge sites of virtual egress gateways.

use super::answers::started;
use super::effect::Reservation;
use super::refusals::{not_found, wrong_state};
use super::state::{Net, NetKind, VPC};
use super::{Effect, eip, price, site, work};
use crate::cloud::call::{Call, Handler};
use crate::cloud::refusal::Refusal;
use crate::cloud::task::Plan;
use serde_json::{Value as Json, json};
use std::net::Ipv4Addr;

pub(super) const ACTIONS: &[(&str, Handler)] = &[
    ("BindEIP", bind),
    ("UnbindEIP", unbind),
    ("ReserveIPAndBindEIP", reserve),
    ("NetEIPInfo", bound),
];

/// The name under which a running task holds an address, so that no other one binds to it.
fn place(net: &str, address: Ipv4Addr) -> String {
    format!("{net} {address}")
}

/// A subnet or gateway that no task works on.
fn idle_net<'a>(call: &'a Call, id: &str) -> Result<&'a Net, Refusal> {
    let net = call.cloud[VPC]
        .nets
        .get(id)
        .ok_or_else(|| not_found("NetId", id))?;
    call.idle(id)?;
    Ok(net)
}

/// An address of a net that an EIP can be bound to and none is.
fn open_address(call: &Call, net: &Net, name: &str, text: &str) -> Result<Ipv4Addr, Refusal> {
    let address = text.parse().ok().filter(|address| net.offers(*address));
    let address = address.ok_or_else(|| {
        call.malformed(
            name,
            &format!("{text} is not an address of {} that can be used", net.id),
        )
    })?;
    if let Some(other) = call.cloud.eip_at(&net.id, address) {
        return Err(wrong_state(format!(
            "The EIP {} is bound to {text} already",
            other.id
        )));
    }
    call.idle(&place(&net.id, address))?;
    Ok(address)
}

/// Refuses an EIP that cannot be bound to a net: it is bound, or it lies elsewhere.
fn bindable(call: &Call, eip: &super::state::Eip, net: &Net) -> Result<(), Refusal> {
    if eip.bound.is_some() {
        return Err(wrong_state(format!(
            "The EIP {} is bound already; unbind it first",
            eip.id
        )));
    }
    let region = &call.cloud.vpc(&net.vpc_id)?.region;
    if !site::same(region, &eip.region) {
        return Err(call.malformed(
            "NetId",
            &format!("it is in {region}, the EIP in {}", eip.region),
        ));
    }
    if site::is_edge(region) && !site::same(&net.zone, &eip.zone) {
        return Err(call.malformed(
            "NetId",
            &format!("it is in {}, the EIP in {}", net.zone, eip.zone),
        ));
    }
    if site::is_edge(region) == net.is_subnet() {
        let kind = if net.is_subnet() {
            "virtual gateway at an edge site"
        } else {
            "subnet at a cloud platform site"
        };
        return Err(call.malformed("NetId", &format!("it must be a {kind}")));
    }
    Ok(())
}

fn bind(call: &mut Call) -> Result<Json, Refusal> {
    let params = call.params;
    let eip = eip::idle(call, params.required("EIPId"))?;
    let net = idle_net(call, params.required("NetId"))?;
    bindable(call, eip, net)?;
    let address = open_address(call, net, "IP", params.required("IP"))?;
    let (eip, net) = (eip.id.clone(), net.id.clone());
    let plan = Plan::holding(work::EIP, vec![eip.clone(), place(&net, address)])
        .making(vec![eip.clone()])
        .reserving(vec![(net.clone(), address)])
        .then(Effect::Bind { eip, net, address });
    Ok(started(&call.cloud.start(plan)))
}

fn unbind(call: &mut Call) -> Result<Json, Refusal> {
    let params = call.params;
    let eip = eip::idle(call, params.required("EIPId"))?;
    let (net, address) = (params.required("NetId"), params.required("IP"));
    if !eip
        .bound
        .as_ref()
        .is_some_and(|bound| bound.net == net && bound.address.to_string() == address)
    {
        return Err(wrong_state(format!(
            "The EIP {} is not bound to {address} of {net}",
            eip.id
        )));
    }
    let id = eip.id.clone();
    let plan = Plan::holding(work::EIP, vec![id.clone()]).then(Effect::Unbind { eip: id });
    Ok(started(&call.cloud.start(plan)))
}

/// Keeps addresses of gateways and binds EIPs to the first of them, in order: the document does not
/// say how several pair up.
fn reserve(call: &mut Call) -> Result<Json, Refusal> {
    let zone = call.params.required("AvailableZoneCode");
    call.vpc_zone(zone)?;
    let (mut entries, mut holds, mut taken) = (Vec::<Reservation>::new(), Vec::new(), Vec::new());
    for entry in call.params.objects("Ips") {
        let net = idle_net(call, entry.required("NetId"))?;
        if net.is_subnet() || !site::same(&net.zone, zone) {
            return Err(call.malformed(
                "NetId",
                &format!("{} is not a virtual gateway in {zone}", net.id),
            ));
        }
        let (addresses, eips) = (entry.texts("AddressList"), entry.texts("EIPList"));
        if addresses.is_empty() || eips.len() > addresses.len() {
            return Err(call.malformed("AddressList", "each EIP needs an address"));
        }
        let mut eips = eips.into_iter();
        for text in addresses {
            let address = open_address(call, net, "AddressList", text)?;
            let key = place(&net.id, address);
            if call.cloud.addresses.is_taken(&net.id, address) || holds.contains(&key) {
                return Err(wrong_state(format!("{text} is in use already")));
            }
            let eip = eips
                .next()
                .map(|eip| free_eip(call, net, eip))
                .transpose()?;
            if eip.as_ref().is_some_and(|eip| holds.contains(eip)) {
                return Err(call.malformed("EIPList", "an EIP is named twice"));
            }
            holds.push(key);
            holds.extend(eip.clone());
            taken.push((net.id.clone(), address));
            let description = entry.required("Description").to_owned();
            entries.push(Reservation {
                net: net.id.clone(),
                address,
                description,
                eip,
            });
        }
    }
    if entries.is_empty() {
        return Err(call.malformed("Ips", "it is empty"));
    }
    call.cloud.start(
        Plan::holding(work::RESERVE, holds)
            .reserving(taken)
            .then(Effect::Reserve { entries }),
    );
    Ok(json!({}))
}

/// An EIP by its public address that can be bound to a net.
fn free_eip(call: &Call, net: &Net, text: &str) -> Result<String, Refusal> {
    let known = call.cloud[VPC]
        .eips
        .iter()
        .find(|eip| eip.address.to_string() == text);
    let known = known.ok_or_else(|| not_found("EIPId", text))?;
    let eip = eip::idle(call, &known.id)?;
    bindable(call, eip, net)?;
    Ok(eip.id.clone())
}

fn bound(call: &mut Call) -> Result<Json, Refusal> {
    let ids = call.params.texts("NetIdList");
    let nets = ids.into_iter().map(|id| {
        call.cloud[VPC]
            .nets
            .get(id)
            .ok_or_else(|| not_found("NetId", id))
    });
    let nets = nets.collect::<Result<Vec<_>, _>>()?;
    Ok(json!({"Data": nets.into_iter().map(|net| bound_there(call, net)).collect::<Vec<_>>()}))
}

fn bound_there(call: &Call, net: &Net) -> Json {
    let cloud = &*call.cloud;
    let bound = cloud[VPC]
        .eips
        .iter()
        .filter(|eip| eip.bound.as_ref().is_some_and(|bound| bound.net == net.id));
    let eips = bound.map(|eip| {
        let line = cloud.line_of(eip);
        json!({
            "EIP": eip.address.to_string(),
            "EIPId": eip.id,
            "Qos": line.map(|line| line.qos),
            "Status": "ok",
            "BandwidthType": line.map(|line| price::carrier_name(call, &line.carrier)),
            "BillScheme": line.map(|line| price::scheme_name(call, &line.scheme)),
            "ReginCode": eip.region,
        })
    });
    json!({
        "NetId": net.id,
        "NetName": net.name,
        "NetType": if net.kind == NetKind::Subnet { "subnet" } else { "vir" },
        "IPNum": net.range.address().to_string(),
        "IPMask": net.range.bits(),
        "EIP_INFO_LIST": eips.collect::<Vec<_>>(),
    })
}
