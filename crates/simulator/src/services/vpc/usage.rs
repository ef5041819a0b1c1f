//! What uses the addresses of subnets, gateways and public networks.

use super::refusals::not_found;
use super::state::{Net, NetKind, VPC};
use crate::cloud::addresses::Range;
use crate::cloud::call::{Call, Handler};
use crate::cloud::refusal::Refusal;
use crate::cloud::state::Cloud;
use crate::services::vdc::{self, VDC};
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use std::net::Ipv4Addr;

pub(super) const ACTIONS: &[(&str, Handler)] =
    &[("DescribeIPInfo", info), ("DescribeSubnetIp", subnet)];

/// What has the taken addresses of a subnet or gateway, in the document's words.
fn users(cloud: &Cloud, net: &Net) -> BTreeMap<Ipv4Addr, String> {
    let taken = net
        .range
        .hosts()
        .filter(|address| cloud.addresses.is_taken(&net.id, *address));
    let mut users: BTreeMap<_, _> = taken
        .map(|address| (address, "已使用".to_owned()))
        .collect();
    let (routers, system) = net.system_addresses();
    users.extend(
        routers
            .into_iter()
            .map(|address| (address, "路由使用".to_owned())),
    );
    users.extend(system.map(|address| (address, "系统占用".to_owned())));
    if let NetKind::Gateway { reserved, .. } = &net.kind {
        users.extend(
            reserved
                .iter()
                .map(|(address, remark)| (*address, remark.clone())),
        );
    }
    users
}

fn subnet(call: &mut Call) -> Result<Json, Refusal> {
    let (cloud, id) = (&*call.cloud, call.params.required("NetId"));
    let net = cloud[VPC]
        .nets
        .get(id)
        .filter(|net| net.is_subnet())
        .ok_or_else(|| not_found("NetId", id))?;
    let users = users(cloud, net);
    let free: Vec<_> = net
        .range
        .hosts()
        .filter(|address| !users.contains_key(address))
        .map(|own| own.to_string())
        .collect();
    let used: Vec<_> = users
        .iter()
        .map(|(address, usage)| json!({"IP": address.to_string(), "Usage": usage}))
        .collect();
    Ok(
        json!({"Data": {"UnusedNum": free.len(), "UnusedList": free, "UsedNum": used.len(), "UsedList": used}}),
    )
}

fn info(call: &mut Call) -> Result<Json, Refusal> {
    let (cloud, id) = (&*call.cloud, call.params.required("NetId"));
    let (ranges, users) = match call.params.required("IPType") {
        kind @ ("subnet" | "virtual_gateway") => {
            let net = cloud[VPC]
                .nets
                .get(id)
                .filter(|net| net.is_subnet() == (kind == "subnet"));
            let net = net.ok_or_else(|| not_found("NetId", id))?;
            let marked = users(cloud, net)
                .into_iter()
                .map(|(address, usage)| (address, format!("已标记,用处: {usage}")));
            (vec![net.range], marked.collect())
        }
        "pubnet" => {
            let network = cloud[VDC]
                .networks
                .get(id)
                .filter(|network| network.is_public());
            let network = network.ok_or_else(|| not_found("NetId", id))?;
            let mut users = vdc::users(cloud, network);
            users.extend(
                network
                    .ranges()
                    .filter_map(|range| range.hosts().next())
                    .map(|address| (address, "网关使用".to_owned())),
            );
            (network.ranges().collect(), users)
        }
        _ => return Err(call.malformed("IPType", "it must be subnet, virtual_gateway or pubnet")),
    };
    let segments: Vec<_> = ranges
        .into_iter()
        .flat_map(|range| segments(range, &users))
        .collect();
    Ok(json!({"Data": {"SegmentNum": segments.len(), "SegmentList": segments}}))
}

/// The addresses of a range, a segment for each value of the first three parts.
fn segments(range: Range, users: &BTreeMap<Ipv4Addr, String>) -> Vec<Json> {
    let mut segments: BTreeMap<[u8; 3], Vec<Json>> = BTreeMap::new();
    for address in range.hosts() {
        let usage = users.get(&address);
        let mut json = json!({"IPAddress": address.to_string(), "IPMask": range.bits(), "IPStatus": u8::from(usage.is_some())});
        if let Some(usage) = usage {
            json["IPUsage"] = json!(usage);
        }
        let [first, second, third, _] = address.octets();
        segments
            .entry([first, second, third])
            .or_default()
            .push(json);
    }
    let segment = |([first, second, third], addresses): ([u8; 3], Vec<Json>)| json!({"NetSignal": format!("{first}.{second}.{third}.*"), "IPList": addresses});
    segments.into_iter().map(segment).collect()
}
