//! What does not fit together in a state, as a person may have written it.

use super::state::DESKTOP;
use crate::cloud::state::Cloud;
use std::collections::HashSet;

/// What does not fit together, as a person may have written it.
pub(crate) fn problems(cloud: &Cloud) -> Vec<String> {
    let state = &cloud[DESKTOP];
    let mut problems = Vec::new();
    let mut addresses = HashSet::new();
    for vpc in state
        .vpcs
        .iter()
        .filter(|vpc| !state.sites.contains(&vpc.site))
    {
        problems.push(format!(
            "desktop.vpcs, {}: there is no site {}",
            vpc.id, vpc.site
        ));
    }
    for image in state
        .images
        .iter()
        .filter(|image| !state.products.contains(&image.product))
    {
        problems.push(format!(
            "desktop.images, {}: there is no product {}",
            image.id, image.product
        ));
    }
    for desktop in state.desktops.iter() {
        let mut report =
            |problem: String| problems.push(format!("desktop.desktops, {}: {problem}", desktop.id));
        if !state.sites.contains(&desktop.site) {
            report(format!("there is no site {}", desktop.site));
        }
        if !state.products.contains(&desktop.product) {
            report(format!("there is no product {}", desktop.product));
        }
        if let Some(account) = desktop
            .account
            .as_ref()
            .filter(|account| !state.accounts.contains(account))
        {
            report(format!("there is no sub-account {account}"));
        }
        let vpc = state.vpcs.get(&desktop.vpc);
        let network = |id: &str| vpc.and_then(|vpc| vpc.network(id));
        for (id, address) in [
            (&desktop.subnet, desktop.private_address),
            (&desktop.gateway, desktop.public_address),
        ] {
            match network(id) {
                None => report(format!("the VPC {} has no network {id}", desktop.vpc)),
                Some(network) if !network.range.offers(address) => {
                    report(format!("{address} is not an address of the network {id}"));
                }
                Some(_) => {}
            }
            if !addresses.insert((id, address)) {
                report(format!("another desktop has {address} too"));
            }
        }
    }
    problems
}
