//! What does not fit together in a state, as a person may have written it.

use super::state::{CCS, Instance};
use crate::cloud::ids::is_uuid;
use crate::cloud::state::Cloud;
use crate::services::vdc::VDC;
use std::collections::HashSet;

/// What does not fit together.
pub(crate) fn problems(cloud: &Cloud) -> Vec<String> {
    let mut problems = Vec::new();
    let mut addresses = HashSet::new();
    for instance in cloud[CCS].instances.iter() {
        let mut report =
            |problem: String| problems.push(format!("ccs.instances, {}: {problem}", instance.id));
        if !is_uuid(&instance.id) {
            report("the id of a server is a UUID".to_owned());
        }
        if !cloud[VDC].vdcs.contains(&instance.vdc_id) {
            report(format!("there is no VDC {}", instance.vdc_id));
        }
        for tag in instance
            .tags
            .iter()
            .filter(|tag| !cloud[CCS].tags.contains_key(tag))
        {
            report(format!("there is no tag {tag}"));
        }
        for interface in &instance.interfaces {
            match cloud[VDC].networks.get(&interface.network) {
                None => report(format!("there is no network {}", interface.network)),
                Some(network) if network.vdc_id != instance.vdc_id => {
                    report(format!("the network {} is not in its VDC", network.id));
                }
                Some(network) => {
                    if let Some(address) =
                        interface.address.filter(|address| !network.has(*address))
                    {
                        report(format!(
                            "{address} is not an address of the network {}",
                            network.id
                        ));
                    }
                }
            }
            if let Some(address) = interface
                .address
                .filter(|own| !addresses.insert((&interface.network, *own)))
            {
                report(format!("another server has {address} too"));
            }
        }
    }
    for group in cloud[CCS].security_groups.iter() {
        for (interface, server) in &group.interfaces {
            let known = cloud[CCS]
                .instances
                .get(server)
                .is_some_and(|server| server.interfaces.iter().any(|own| own.id == *interface));
            if !known {
                problems.push(format!(
                    "ccs.security_groups, {}: no server {server} has an interface {interface}",
                    group.id
                ));
            }
        }
    }
    for group in cloud[CCS].network_groups.iter() {
        for (interface, member) in &group.members {
            let server = cloud[CCS].instances.get(&member.server);
            let has = |server: &Instance| server.interfaces.iter().any(|own| own.id == *interface);
            if !server.is_some_and(has) {
                problems.push(format!(
                    "ccs.network_groups, {}: no server {} has an interface {interface}",
                    group.id, member.server
                ));
            }
        }
    }
    problems
}
