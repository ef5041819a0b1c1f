//! What does not fit together in a state, as a person may have written it.

use super::state::{BMS, ChargeType};
use crate::cloud::state::Cloud;
use crate::services::vdc::VDC;
use std::collections::HashSet;

/// What does not fit together, as a person may have written it.
pub(crate) fn problems(cloud: &Cloud) -> Vec<String> {
    let mut problems = Vec::new();
    let mut addresses = HashSet::new();
    for server in cloud[BMS].servers.iter() {
        let mut report =
            |problem: String| problems.push(format!("bms.servers, {}: {problem}", server.id));
        if !cloud[VDC].vdcs.contains(&server.vdc_id) {
            report(format!("there is no VDC {}", server.vdc_id));
        }
        for card in &server.cards {
            match cloud[VDC].networks.get(&card.network) {
                None => report(format!("there is no network {}", card.network)),
                Some(network) if network.vdc_id != server.vdc_id => {
                    report(format!("the network {} is not in its VDC", network.id));
                }
                Some(network) if !network.has(card.address) => {
                    report(format!(
                        "{} is not an address of the network {}",
                        card.address, network.id
                    ));
                }
                Some(_) => {}
            }
            if !addresses.insert((&card.network, card.address)) {
                report(format!("another server has {} too", card.address));
            }
        }
        if (server.charge_type == ChargeType::Prepaid) != server.paid_until.is_some() {
            report("servers that are prepaid have paid_until, and no others".to_owned());
        }
    }
    problems
}
