//! What uses the addresses and the bandwidth of networks.

use super::state::{Network, VDC};
use crate::cloud::call::{Call, Handler};
use crate::cloud::refusal::Refusal;
use crate::cloud::state::Cloud;
use crate::services::ccs::CCS;
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use std::net::Ipv4Addr;

pub(super) const ACTIONS: &[(&str, Handler)] = &[
    ("DescribePublicIp", |call| addresses(call, "PublicId")),
    ("DescribePrivateIp", |call| addresses(call, "PrivateId")),
    ("DescribeBandwidthTraffic", bandwidth_traffic),
];

/// The bandwidth limit of a private network that is in no GPN, in Mbps; the document gives none.
const PRIVATE_LIMIT: u64 = 1000;

/// What has the taken addresses of a network, in the document's words with the resource in
/// brackets.
pub(crate) fn users(cloud: &Cloud, network: &Network) -> BTreeMap<Ipv4Addr, String> {
    let taken = |address: &Ipv4Addr| cloud.addresses.is_taken(&network.id, *address);
    let taken = network
        .ranges()
        .flat_map(crate::cloud::addresses::Range::hosts)
        .filter(taken);
    // A running task may have reserved an address for something that does not have it yet.
    let mut users: BTreeMap<_, _> = taken
        .map(|address| (address, "已使用".to_owned()))
        .collect();
    for server in cloud[CCS].instances.iter() {
        for interface in server
            .interfaces
            .iter()
            .filter(|own| own.network == network.id)
        {
            users.extend(
                interface
                    .address
                    .map(|address| (address, format!("云服务器使用({})", server.name))),
            );
        }
    }
    users
}

/// The traffic of a network in Mbps, in and out: chance, always the same within five minutes; none
/// where no address is in use.
pub(crate) fn traffic(cloud: &Cloud, network: &str, limit: u64) -> (f64, f64) {
    if cloud.addresses.count(network) == 0 {
        return (0.0, 0.0);
    }
    let slot = u64::try_from(cloud.now().as_second() / 300).unwrap_or(0);
    #[expect(clippy::cast_precision_loss, reason = "a bandwidth is far below 2^53")]
    let flow = |way: &str| {
        (cloud.fraction(&format!("{network} {way}"), slot) * limit as f64 * 1000.0).round() / 1000.0
    };
    (flow("in"), flow("out"))
}

fn addresses(call: &mut Call, name: &str) -> Result<Json, Refusal> {
    let (cloud, id) = (&*call.cloud, call.params.required(name));
    let vdc = cloud.vdc(call.params.required("VdcId"))?;
    let own = |network: &&Network| {
        network.vdc_id == vdc.id && network.is_public() == (name == "PublicId")
    };
    let network = cloud[VDC].networks.get(id).filter(own);
    let network = network
        .ok_or_else(|| call.malformed(name, &format!("the VDC has no such network {id}")))?;
    let users = users(cloud, network);
    let free: Vec<_> = network
        .free(&cloud.addresses, None)
        .map(|address| address.to_string())
        .collect();
    let used: Vec<_> = users
        .iter()
        .map(|(address, usage)| json!({"Address": address.to_string(), "Usage": usage}))
        .collect();
    Ok(json!({
        "Data": {"UnusedTotal": free.len(), "UnusedList": free, "UsedTotal": used.len(), "UsedList": used},
        "TaskId": "",
    }))
}

fn bandwidth_traffic(call: &mut Call) -> Result<Json, Refusal> {
    let (cloud, id) = (&*call.cloud, call.params.required("NetworkId"));
    let network = cloud[VDC].networks.get(id);
    let network =
        network.ok_or_else(|| call.malformed("NetworkId", &format!("there is no network {id}")))?;
    let limit = match network.bandwidth() {
        Some(bandwidth) => bandwidth.qos,
        None => cloud.gpn_of(id).map_or(PRIVATE_LIMIT, |gpn| gpn.qos),
    };
    let (inbound, outbound) = traffic(cloud, id, limit);
    Ok(
        json!({"Data": {"LastFiveMinutesUsage": {"Inbps": inbound, "Outbps": outbound}, "MaxQos": limit}}),
    )
}
