//! The names by which the server is asked. A browser sends the name of the page's own host: were any
//! taken, a page from elsewhere whose name is made to lead to this machine (DNS rebinding) could
//! read the simulator and change it.

use cumulua_core::catalog::Catalog;
use http::uri::Authority;
use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::{Arc, OnceLock};

/// The names that the server answers to.
pub(crate) struct HostNames {
    catalog: Arc<Catalog>,
    /// Those of the clouds, which clients of the vendors send. They are looked up when the first
    /// name asks for them, because that reads the whole catalogue.
    clouds: OnceLock<BTreeSet<String>>,
    /// Those that whoever started the server has added, in lower case.
    added: Vec<String>,
}

impl HostNames {
    pub(crate) fn new(catalog: Arc<Catalog>, added: &[String]) -> Self {
        Self {
            catalog,
            clouds: OnceLock::new(),
            added: added.iter().map(|name| name.to_lowercase()).collect(),
        }
    }

    /// Whether a request to this `Host` is answered: an address, `localhost`, a name without a dot
    /// (which no one can register), a host of the clouds, and what was added.
    pub(crate) fn have(&self, host: &str) -> bool {
        let Ok(authority) = host.parse::<Authority>() else {
            return false;
        };
        let name = authority.host().to_lowercase();
        let name = name.strip_suffix('.').unwrap_or(&name);
        let address = name
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'))
            .unwrap_or(name);
        address.parse::<IpAddr>().is_ok()
            || !name.is_empty() && !name.contains('.')
            || name.ends_with(".localhost")
            || self.added.iter().any(|added| added == name)
            || self.clouds().contains(name)
            || self.is_of_objects(name)
    }

    /// Whether it is below a domain of the clouds' where objects are reached.
    fn is_of_objects(&self, name: &str) -> bool {
        let services = self.catalog.services();
        let mut services = services
            .iter()
            .filter_map(|name| self.catalog.service(name).ok());
        services.any(|service| service.has_domain(name))
    }

    fn clouds(&self) -> &BTreeSet<String> {
        self.clouds.get_or_init(|| {
            let actions = self.catalog.actions().unwrap_or_default();
            let of_actions = actions
                .iter()
                .filter_map(|action| action.host().map(str::to_lowercase));
            let products = self.catalog.products();
            let of_regions = products
                .iter()
                .filter_map(|name| self.catalog.product(name).ok())
                .flat_map(|product| {
                    let regions = product.regions.values();
                    let hosts: Vec<_> = regions.flat_map(|region| region.hosts.values()).collect();
                    hosts
                        .into_iter()
                        .map(|host| host.to_lowercase())
                        .collect::<Vec<_>>()
                });
            of_actions.chain(of_regions).collect()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::HostNames;
    use std::sync::Arc;

    #[test]
    fn a_name_that_could_be_anyones_is_refused() {
        let names = HostNames::new(Arc::default(), &["Sim.CI.example".to_owned()]);
        for host in [
            "localhost",
            "LocalHost:8080",
            "sim.localhost",
            "127.0.0.1:8080",
            "[::1]:8080",
            "10.1.2.3",
            "simulator:8080",
            "sim.ci.example:80",
            "SIM.ci.example.",
            "cdsapi.capitalonline.net",
            "cdsapi-us.capitalonline.net:443",
        ] {
            assert!(names.have(host), "{host}");
        }
        for host in [
            "",
            "attacker.example",
            "localhost.attacker.example",
            "127.0.0.1.attacker.example:8080",
            "cdsapi.capitalonline.net.attacker.example",
            "xsim.ci.example",
            "a b",
            "user@attacker.example",
        ] {
            assert!(!names.have(host), "{host}");
        }
    }
}
