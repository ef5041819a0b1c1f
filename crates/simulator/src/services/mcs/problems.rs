//! What does not fit together in a state, as a person may have written it.

use super::public_key::PublicKey;
use super::state::MCS;
use crate::cloud::state::Cloud;
use std::collections::HashSet;

/// What does not fit together.
pub(crate) fn problems(cloud: &Cloud) -> Vec<String> {
    let mcs = &cloud[MCS];
    let mut problems = Vec::new();
    let mut addresses = HashSet::new();
    for instance in mcs.instances.iter() {
        let mut report =
            |problem: String| problems.push(format!("mcs.instances, {}: {problem}", instance.id));
        if !mcs.instance_types.contains(&instance.type_id) {
            report(format!("there is no instance type {}", instance.type_id));
        }
        if !mcs.templates.contains(&instance.template_id) {
            report(format!("there is no template {}", instance.template_id));
        }
        if instance.lease_ends < instance.lease_began {
            report("its lease ends before it begins".to_owned());
        }
        if let Some(why) = instance
            .key
            .as_ref()
            .and_then(|key| PublicKey::parse(&key.public_key).err())
        {
            report(format!("its key: {why}"));
        }
        if let Some(address) = instance.address {
            if !mcs.network.range.offers(address) {
                report(format!(
                    "{address} is not an address of the network {}",
                    mcs.network.range
                ));
            }
            if !addresses.insert(address) {
                report(format!("another machine has {address} too"));
            }
        }
    }
    let mut names = HashSet::new();
    for key in mcs.key_pairs.iter() {
        if let Err(why) = PublicKey::parse(&key.public_key) {
            problems.push(format!("mcs.key_pairs, {}: {why}", key.id));
        }
        if !names.insert(&key.name) {
            problems.push(format!(
                "mcs.key_pairs, {}: another one is called {} too",
                key.id, key.name
            ));
        }
    }
    problems
}
