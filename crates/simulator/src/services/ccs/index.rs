//! What follows from the state, found out when a cloud begins.

use super::payment;
use super::state::CCS;
use crate::cloud::state::Cloud;

/// Finds out which addresses the servers have, and how they are paid.
pub(crate) fn index(cloud: &mut Cloud) {
    for interface in cloud.states[CCS]
        .instances
        .iter()
        .flat_map(|instance| &instance.interfaces)
    {
        if let Some(address) = interface.address {
            cloud.addresses.take(&interface.network, address);
        }
    }
    payment::index(cloud);
}
