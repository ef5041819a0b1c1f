//! What follows from the state, found out when a cloud begins.

use super::state::{ECS, Server};
use super::{price, renewal};
use crate::cloud::state::Cloud;

/// Finds out which addresses the servers have, and what is used on demand that a file says nothing
/// of.
pub(crate) fn index(cloud: &mut Cloud) {
    let is_metered = |server: &&Server| {
        let is_new = cloud
            .tasks
            .holder(&server.id)
            .is_some_and(|task| task.kind == "create_ecs");
        !is_new && cloud.use_of(&server.id).is_none()
    };
    let unmetered: Vec<_> = cloud.states[ECS]
        .servers
        .iter()
        .filter(is_metered)
        .map(|server| server.id.clone())
        .collect();
    for id in unmetered {
        price::meter_server(cloud, &id, None);
    }
    renewal::note_next_end(cloud, None);
    for server in cloud.states[ECS].servers.iter() {
        cloud.addresses.take(&server.subnet_id, server.address);
        for exit in &server.exits {
            cloud.addresses.take(&exit.network, exit.address);
        }
    }
}
