//! What follows from the state, found out when a cloud begins.

use super::state::MCS;
use crate::cloud::state::Cloud;

/// Finds out which addresses the machines have, and when their leases end.
pub(crate) fn index(cloud: &mut Cloud) {
    let network = cloud.states[MCS].network.id.clone();
    for address in cloud.states[MCS]
        .instances
        .iter()
        .filter_map(|instance| instance.address)
    {
        cloud.addresses.take(&network, address);
    }
    let ids: Vec<_> = cloud.states[MCS]
        .instances
        .iter()
        .map(|instance| instance.id.clone())
        .collect();
    for id in &ids {
        cloud.watch_lease(id);
    }
}
