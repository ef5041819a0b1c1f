//! What does not fit together in a state, as a person may have written it.

use super::state::ECS;
use crate::cloud::state::Cloud;
use crate::services::vpc::VPC;
use std::collections::HashSet;

/// What does not fit together.
pub(crate) fn problems(cloud: &Cloud) -> Vec<String> {
    let mut problems = Vec::new();
    let mut addresses = HashSet::new();
    for server in cloud[ECS].servers.iter() {
        let own = std::iter::once((&server.subnet_id, server.address));
        for (network, address) in own.chain(
            server
                .exits
                .iter()
                .map(|exit| (&exit.network, exit.address)),
        ) {
            let mut report =
                |problem: String| problems.push(format!("ecs.servers, {}: {problem}", server.id));
            match cloud[VPC].nets.get(network) {
                None => report(format!("there is no network {network}")),
                Some(known) if !known.zone.eq_ignore_ascii_case(&server.zone) => {
                    report(format!("the network {network} is not in its zone"));
                }
                Some(known) if !known.offers(address) => {
                    report(format!("{address} is not an address of {}", known.range));
                }
                Some(_) => {}
            }
            if !addresses.insert((network, address)) {
                report(format!("another server has {address} too"));
            }
        }
    }
    problems
}
