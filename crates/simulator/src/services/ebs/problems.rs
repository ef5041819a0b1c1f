//! What does not fit together in a state, as a person may have written it.

use super::state::EBS;
use crate::cloud::state::Cloud;
use crate::services::ecs::ECS;
use std::collections::HashMap;

/// What does not fit together.
pub(crate) fn problems(cloud: &Cloud) -> Vec<String> {
    let mut problems = Vec::new();
    for disk in cloud[EBS].disks.iter() {
        let Some(server) = &disk.server else { continue };
        match cloud[ECS].servers.get(server) {
            None => problems.push(format!(
                "ebs.disks, {}: there is no server {server}",
                disk.id
            )),
            Some(server) if server.zone != disk.zone => {
                problems.push(format!(
                    "ebs.disks, {}: the server {} is not in its zone",
                    disk.id, server.id
                ));
            }
            Some(_) => {}
        }
    }
    let mut chains: HashMap<&str, (&str, &str)> = HashMap::new();
    for snapshot in cloud[EBS].snapshots.iter() {
        let own = (snapshot.disk_id.as_str(), snapshot.zone.as_str());
        if *chains.entry(&snapshot.chain).or_insert(own) != own {
            problems.push(format!(
                "ebs.snapshots, {}: its chain is another disk's or zone's",
                snapshot.id
            ));
        }
    }
    problems
}
