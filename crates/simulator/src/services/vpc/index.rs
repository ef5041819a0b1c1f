//! What follows from the state, found out when a cloud begins.

use super::metering;
use super::resources::EIPS;
use super::state::{NetKind, VPC};
use crate::cloud::state::Cloud;

/// Finds out which addresses subnets, gateways and EIPs have, and what the account lacks of their
/// use.
pub(crate) fn index(cloud: &mut Cloud) {
    for eip in cloud.states[VPC].eips.iter() {
        cloud.addresses.take(EIPS, eip.address);
        if let Some(bound) = &eip.bound
            && cloud.states[VPC]
                .nets
                .get(&bound.net)
                .is_some_and(|net| !net.is_subnet())
        {
            cloud.addresses.take(&bound.net, bound.address);
        }
    }
    for net in cloud.states[VPC].nets.iter() {
        let (routers, system) = net.system_addresses();
        let reserved = match &net.kind {
            NetKind::Gateway { reserved, .. } => reserved.keys().copied().collect(),
            NetKind::Subnet => Vec::new(),
        };
        for address in routers.into_iter().chain(system).chain(reserved) {
            cloud.addresses.take(&net.id, address);
        }
    }
    metering::index(cloud);
}
