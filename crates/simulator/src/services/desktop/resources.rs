//! The resources: found, checked and changed for the Actions and the ends of tasks.

use super::line;
use super::state::{DESKTOP, Desktop, Power, Site};
use crate::cloud::refusal::Refusal;
use crate::cloud::state::Cloud;
use std::net::Ipv4Addr;

impl Cloud {
    /// A desktop by its id.
    pub(super) fn a_desktop(&self, id: &str, code: &'static str) -> Result<&Desktop, Refusal> {
        self[DESKTOP]
            .desktops
            .get(id)
            .ok_or_else(|| Refusal::new(code, format!("There is no desktop {id:?}")))
    }

    /// A desktop that no task works on.
    pub(super) fn idle_desktop(&self, id: &str, code: &'static str) -> Result<&Desktop, Refusal> {
        let desktop = self.a_desktop(id, code)?;
        match self.tasks.state_of(id) {
            None => Ok(desktop),
            Some(state) => Err(Refusal::new(code, format!("The desktop {id} is {state}"))),
        }
    }

    /// As `status` writes it.
    pub(super) fn desktop_status<'a>(&'a self, desktop: &Desktop) -> &'a str {
        let idle = match desktop.power {
            _ if desktop.has_lapsed(self.now()) => "asMonthExpired",
            Power::On => "using",
            Power::Off => "stop",
        };
        self.tasks.state_of(&desktop.id).unwrap_or(idle)
    }

    /// A site that is there.
    pub(super) fn desktop_site(&self, id: &str) -> Result<&Site, Refusal> {
        self[DESKTOP].sites.get(id).ok_or_else(|| {
            Refusal::new(
                super::arguments::UNKNOWN,
                format!("There is no site {id:?}"),
            )
        })
    }

    /// A desktop that is still there, for what a task does at its end.
    pub(super) fn change_desktop(&mut self, id: &str, change: impl FnOnce(&mut Desktop)) {
        if let Some(desktop) = self[DESKTOP].desktops.get_mut(id) {
            change(desktop);
        }
    }

    /// Adds a desktop, whose addresses are taken and whose end is kept in mind from now on.
    pub(super) fn add_desktop(&mut self, desktop: Desktop) {
        for (network, address) in self.desktop_addresses(&desktop) {
            self.addresses.take(&network, address);
        }
        self.mind_desktop_end(desktop.paid_until);
        self[DESKTOP].desktops.insert(desktop);
    }

    /// Takes a desktop away and sets its addresses free.
    pub(super) fn remove_desktop(&mut self, id: &str) {
        let Some(desktop) = self[DESKTOP].desktops.remove(id) else {
            return;
        };
        self.end_use(id);
        for (network, address) in self.desktop_addresses(&desktop) {
            self.addresses.release(&network, address);
        }
    }

    /// The addresses of a desktop with their networks.
    pub(super) fn desktop_addresses(&self, desktop: &Desktop) -> [(String, Ipv4Addr); 3] {
        let vpc = self[DESKTOP].vpcs.get(&desktop.vpc);
        let line = vpc
            .and_then(|vpc| vpc.network(&desktop.gateway))
            .and_then(|gateway| gateway.line);
        [
            (desktop.subnet.clone(), desktop.private_address),
            (desktop.gateway.clone(), desktop.public_address),
            (line::pool(line.unwrap_or(0)), desktop.elastic_address),
        ]
    }
}
