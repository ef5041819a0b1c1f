//! The interfaces of servers that are created, and their addresses.

use crate::cloud::addresses::Range;
use crate::cloud::call::Call;
use crate::cloud::refusal::Refusal;
use crate::services::vdc::{Network, VDC};
use std::collections::BTreeSet;
use std::net::Ipv4Addr;

/// An interface that each server gets: its network and the servers' addresses.
pub(super) struct NewInterface {
    pub(super) network: String,
    /// By the server's number; a server beyond them has no interface here.
    pub(super) addresses: Vec<Option<Ipv4Addr>>,
    pub(super) with_ipv6: bool,
}

/// The interfaces of the servers. `OrderedIP` puts `PublicIp` and `PrivateIp` out of force.
pub(super) fn new_interfaces(
    call: &Call,
    vdc: &str,
    servers: usize,
) -> Result<Vec<NewInterface>, Refusal> {
    let params = call.params;
    let with_ipv6 = params.flag("Ipv6Bind") == Some(true);
    let mut named = BTreeSet::new();
    let mut promised = BTreeSet::new();
    let mut interfaces = Vec::new();
    let ordered = params.objects("OrderedIP");
    let mut wanted: Vec<(&Network, Vec<&str>, Option<Range>)> = Vec::new();
    if ordered.is_empty() {
        let public = params.texts("PublicIp");
        if !public.is_empty() {
            let network = call.cloud[VDC]
                .networks
                .iter()
                .find(|network| network.is_public() && network.vdc_id == vdc);
            wanted.push((
                network
                    .ok_or_else(|| call.malformed("PublicIp", "the VDC has no public network"))?,
                public,
                None,
            ));
        }
        for private in params.objects("PrivateIp") {
            let segment = private
                .text("Segment")
                .and_then(|segment| segment.parse().ok());
            wanted.push((
                network_of(call, vdc, private.required("PrivateId"))?,
                private.texts("IP"),
                segment,
            ));
        }
    } else {
        for pipe in ordered {
            wanted.push((
                network_of(call, vdc, pipe.required("PipeId"))?,
                pipe.texts("IP"),
                None,
            ));
        }
    }
    for (network, texts, segment) in wanted {
        if texts.len() > servers {
            return Err(Refusal::new(
                "InvalidIp.Address",
                "There are more addresses than servers",
            ));
        }
        // A single `auto` is for every server; further ones are counted off.
        let texts = match texts.as_slice() {
            [] => vec![None; servers],
            ["auto"] => vec![Some("auto"); servers],
            several => several.iter().copied().map(Some).collect(),
        };
        let mut addresses = Vec::new();
        for text in texts {
            let address = text
                .map(|text| address(call, network, text, segment, &promised, &mut named))
                .transpose()?;
            promised.extend(address.map(|address| (network.id.clone(), address)));
            addresses.push(address);
        }
        interfaces.push(NewInterface {
            network: network.id.clone(),
            addresses,
            with_ipv6: with_ipv6 && network.is_public(),
        });
    }
    Ok(interfaces)
}

fn network_of<'a>(call: &'a Call, vdc: &str, id: &str) -> Result<&'a Network, Refusal> {
    let network = call.cloud.ready_network(id)?;
    if network.vdc_id == vdc {
        Ok(network)
    } else {
        Err(Refusal::new(
            "InvalidParameter",
            format!("The network {id} is not in the VDC"),
        ))
    }
}

/// A given address that is free, or for `auto` the first one.
fn address(
    call: &Call,
    network: &Network,
    text: &str,
    segment: Option<Range>,
    promised: &BTreeSet<(String, Ipv4Addr)>,
    named: &mut BTreeSet<Ipv4Addr>,
) -> Result<Ipv4Addr, Refusal> {
    let kind = if network.is_public() {
        "Public"
    } else {
        "Private"
    };
    if text == "auto" {
        let none = || {
            Refusal::new(
                "InvalidIp.Address",
                format!("The network {} has no free address", network.id),
            )
        };
        let mut free = network.free(&call.cloud.addresses, segment);
        return free
            .find(|address| !promised.contains(&(network.id.clone(), *address)))
            .ok_or_else(none);
    }
    let address = text.parse().ok().filter(|address| network.offers(*address));
    let outside = || {
        Refusal::malformed(
            call.action,
            &format!("{kind}Ip"),
            format!("{text} is not an address of the network"),
        )
    };
    let address = address.ok_or_else(outside)?;
    if !named.insert(address) {
        return Err(Refusal::new(
            "InvalidIp.IpRepeated",
            format!("{text} occurs more than once"),
        ));
    }
    if call.cloud.addresses.is_taken(&network.id, address)
        || promised.contains(&(network.id.clone(), address))
    {
        let code = if network.is_public() {
            "InvalidPublicIpAddress.Duplicated"
        } else {
            "InvalidPrivateIpAddress.Duplicated"
        };
        return Err(Refusal::new(code, format!("{text} is in use")));
    }
    Ok(address)
}
