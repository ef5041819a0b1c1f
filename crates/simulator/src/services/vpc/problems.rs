//! What does not fit together in a state, as a person may have written it.

use super::state::{Net, VPC};
use crate::cloud::state::Cloud;
use crate::services::ccs::CCS;
use crate::services::vdc::{Network, VDC};
use std::collections::HashSet;

/// What does not fit together.
pub(crate) fn problems(cloud: &Cloud) -> Vec<String> {
    let mut problems = Vec::new();
    let mut ranges: Vec<&Net> = Vec::new();
    for net in cloud[VPC].nets.iter() {
        let mut report =
            |problem: String| problems.push(format!("vpc.nets, {}: {problem}", net.id));
        match cloud[VPC].vpcs.get(&net.vpc_id) {
            None => report(format!("there is no VPC {}", net.vpc_id)),
            Some(vpc) if !vpc.range.covers(net.range) => report(format!(
                "{} is not in the VPC's range {}",
                net.range, vpc.range
            )),
            Some(_) => {}
        }
        if let Some(other) = ranges
            .iter()
            .find(|other| other.vpc_id == net.vpc_id && other.range.overlaps(net.range))
        {
            report(format!(
                "{} overlaps with {} of {}",
                net.range, other.range, other.id
            ));
        }
        ranges.push(net);
    }
    let (mut addresses, mut bound) = (HashSet::new(), HashSet::new());
    for eip in cloud[VPC].eips.iter() {
        let mut report =
            |problem: String| problems.push(format!("vpc.eips, {}: {problem}", eip.id));
        if !addresses.insert(eip.address) {
            report(format!("another EIP has {} too", eip.address));
        }
        if cloud.line_of(eip).is_none() {
            report("its shared bandwidth is not there".to_owned());
        }
        let Some(binding) = &eip.bound else { continue };
        match cloud[VPC].nets.get(&binding.net) {
            None => report(format!("there is no subnet or gateway {}", binding.net)),
            Some(net) if !net.offers(binding.address) => {
                report(format!(
                    "{} is not an address of {} that can be used",
                    binding.address, net.id
                ));
            }
            Some(_) => {}
        }
        if !bound.insert((&binding.net, binding.address)) {
            report(format!("another EIP is bound to {} too", binding.address));
        }
    }
    for vlink in cloud[VPC].vlinks.iter() {
        let mut report =
            |problem: String| problems.push(format!("vpc.vlinks, {}: {problem}", vlink.id));
        if cloud[VPC]
            .nets
            .get(&vlink.subnet)
            .is_none_or(|net| !net.is_subnet())
        {
            report(format!("there is no subnet {}", vlink.subnet));
        }
        if cloud[VDC]
            .networks
            .get(&vlink.network)
            .is_none_or(Network::is_public)
        {
            report(format!("there is no private network {}", vlink.network));
        }
        for (server, card) in &vlink.servers {
            let known = cloud[CCS]
                .instances
                .get(server)
                .is_some_and(|server| server.interfaces.iter().any(|own| own.id == *card));
            if !known {
                report(format!("no server {server} has an interface {card}"));
            }
        }
    }
    problems
}
