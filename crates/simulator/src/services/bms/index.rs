//! What follows from the state, found out when a cloud begins.

use super::price;
use super::state::{BMS, Server};
use crate::cloud::state::Cloud;

/// Finds out which addresses the servers have, and when their terms end.
pub(crate) fn index(cloud: &mut Cloud) {
    for card in cloud.states[BMS]
        .servers
        .iter()
        .flat_map(|server| &server.cards)
    {
        cloud.addresses.take(&card.network, card.address);
    }
    let is_metered = |server: &&Server| {
        cloud.tasks.state_of(&server.id) != Some("creating") && cloud.use_of(&server.id).is_none()
    };
    let unmetered: Vec<_> = cloud[BMS]
        .servers
        .iter()
        .filter(is_metered)
        .map(|server| server.id.clone())
        .collect();
    for id in unmetered {
        price::meter(cloud, &id, None);
    }
    cloud[BMS].next_end = cloud[BMS]
        .servers
        .iter()
        .filter_map(|server| server.paid_until)
        .min();
}
