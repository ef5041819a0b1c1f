//! What does not fit together in a state, as a person may have written it.

use super::state::{Network, VDC};
use crate::cloud::addresses::Range;
use crate::cloud::state::Cloud;
use crate::services::vpc::VPC;
use std::collections::HashSet;

/// What does not fit together.
pub(crate) fn problems(cloud: &Cloud) -> Vec<String> {
    let mut problems = Vec::new();
    let mut public: Vec<(Range, &str)> = Vec::new();
    let mut segments = HashSet::new();
    for network in cloud[VDC].networks.iter() {
        let mut report =
            |problem: String| problems.push(format!("vdc.networks, {}: {problem}", network.id));
        if !cloud[VDC].vdcs.contains(&network.vdc_id) {
            report(format!("there is no VDC {}", network.vdc_id));
        }
        if !network.is_public() && network.segments.len() != 1 {
            report("a private network has one range".to_owned());
        }
        for segment in &network.segments {
            if network.is_public() && !segments.insert(&segment.id) {
                report(format!("another range has the id {} too", segment.id));
            }
            if let Some((other, owner)) = public
                .iter()
                .find(|(other, _)| network.is_public() && other.overlaps(segment.range))
            {
                report(format!(
                    "its range {} overlaps with {other} of {owner}",
                    segment.range
                ));
            }
            public.extend(
                network
                    .is_public()
                    .then_some((segment.range, network.id.as_str())),
            );
        }
    }
    let mut joined = HashSet::new();
    for gpn in cloud[VDC].gpns.iter() {
        let mut report =
            |problem: String| problems.push(format!("vdc.gpns, {}: {problem}", gpn.id));
        for id in &gpn.networks {
            if cloud[VDC].networks.get(id).is_none_or(Network::is_public) {
                report(format!("there is no private network {id}"));
            }
        }
        for id in gpn
            .subnets
            .iter()
            .filter(|id| cloud[VPC].nets.get(id).is_none_or(|net| !net.is_subnet()))
        {
            report(format!("there is no subnet {id}"));
        }
        for id in gpn.pops.iter().filter(|id| !cloud[VDC].pops.contains(id)) {
            report(format!("there is no point of presence {id}"));
        }
        for id in gpn
            .networks
            .iter()
            .chain(&gpn.subnets)
            .filter(|id| !joined.insert(*id))
        {
            report(format!("another GPN has {id} too"));
        }
    }
    problems
}
