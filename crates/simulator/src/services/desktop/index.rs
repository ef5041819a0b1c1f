//! What follows from the state, found out when a cloud begins.

use super::state::{DESKTOP, Desktop};
use super::work;
use crate::cloud::state::Cloud;

/// Finds out which addresses the desktops have, and when their terms end.
pub(crate) fn index(cloud: &mut Cloud) {
    let taken: Vec<_> = cloud[DESKTOP]
        .desktops
        .iter()
        .flat_map(|desktop| cloud.desktop_addresses(desktop))
        .collect();
    for (network, address) in taken {
        cloud.addresses.take(&network, address);
    }
    let is_metered = |desktop: &&Desktop| {
        let is_new = cloud
            .tasks
            .holder(&desktop.id)
            .is_some_and(|task| task.kind == work::CREATE.kind);
        !is_new && cloud.use_of(&desktop.id).is_none()
    };
    let unmetered: Vec<_> = cloud[DESKTOP]
        .desktops
        .iter()
        .filter(is_metered)
        .map(|desktop| desktop.id.clone())
        .collect();
    for id in unmetered {
        cloud.meter_desktop(&id, None);
    }
    cloud[DESKTOP].next_end = cloud[DESKTOP]
        .desktops
        .iter()
        .filter_map(|desktop| desktop.paid_until)
        .min();
}
