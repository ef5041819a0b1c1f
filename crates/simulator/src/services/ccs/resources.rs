//! The resources: found, checked and changed for the Actions and the ends of tasks.

use super::state::{CCS, Instance, Interface, Power};
use crate::cloud::call::Call;
use crate::cloud::ids::is_uuid;
use crate::cloud::refusal::Refusal;
use crate::cloud::state::Cloud;
use crate::services::vpc::VPC;
use std::net::Ipv4Addr;

impl Cloud {
    /// A server by its id.
    pub(crate) fn instance(&self, id: &str) -> Result<&Instance, Refusal> {
        if !is_uuid(id) {
            return Err(Refusal::new(
                "InvalidInstanceID.Malformed",
                format!("{id:?} is not the id of a server"),
            ));
        }
        self[CCS]
            .instances
            .get(id)
            .ok_or_else(|| Refusal::new("InstanceNotFound", format!("There is no server {id}")))
    }

    /// A server that no task works on.
    pub(crate) fn idle_instance(&self, id: &str) -> Result<&Instance, Refusal> {
        let instance = self.instance(id)?;
        match self.tasks.state_of(id) {
            None => Ok(instance),
            Some(state) => Err(Refusal::new(
                "IncorrectInstanceStatus",
                format!("The server {id} is {state}"),
            )),
        }
    }

    /// As `InstanceStatus` writes it.
    pub(crate) fn instance_status<'a>(&'a self, instance: &Instance) -> &'a str {
        self.tasks
            .state_of(&instance.id)
            .unwrap_or(match instance.power {
                Power::Running => "running",
                Power::Stopped => "stop",
            })
    }

    /// A server that is still there, for what a task does at its end. From then on it costs what it
    /// is then.
    pub(super) fn change_instance(&mut self, id: &str, change: impl FnOnce(&mut Instance)) {
        if self[CCS].instances.change(id, change).is_some() {
            self.meter_instance(id);
        }
    }

    /// Takes servers away, and all that hangs on them.
    pub(super) fn remove_instances(&mut self, ids: &[String]) {
        let gone: Vec<_> = ids
            .iter()
            .filter_map(|id| self[CCS].instances.remove(id))
            .collect();
        for instance in &gone {
            self.end_use(&instance.id);
            for interface in &instance.interfaces {
                self.forget_interface(interface);
            }
        }
    }

    /// A new interface, connected, whose address is taken from now on.
    pub(crate) fn new_interface(
        &mut self,
        network: &str,
        address: Option<Ipv4Addr>,
        with_ipv6: bool,
    ) -> Interface {
        if let Some(address) = address {
            self.addresses.take(network, address);
        }
        let ipv6 = with_ipv6.then(|| address.map(ipv6_of)).flatten();
        Interface {
            id: self.ids.uuid(),
            network: network.to_owned(),
            address,
            ipv6,
            mac: self.ids.mac(),
            connected: true,
        }
    }

    /// Sets an interface's address free and takes it out of every security group and VLINK.
    pub(crate) fn forget_interface(&mut self, interface: &Interface) {
        if let Some(address) = interface.address {
            self.addresses.release(&interface.network, address);
        }
        for group in self[CCS].security_groups.iter_mut() {
            group.interfaces.remove(&interface.id);
        }
        for group in self[CCS].network_groups.iter_mut() {
            group.members.remove(&interface.id);
        }
        for vlink in self[VPC].vlinks.iter_mut() {
            vlink.servers.retain(|_, own| *own != interface.id);
        }
    }
}

/// The IPv6 address beside an IPv4 one.
pub(super) fn ipv6_of(address: Ipv4Addr) -> String {
    let [_, _, third, fourth] = address.octets();
    format!("2000:1:2:{third:x}::{fourth:x}")
}

impl Call<'_> {
    /// The servers of a list or of a comma-separated text, each once; none that a task works on.
    pub(super) fn idle_instances(&self, ids: &[&str]) -> Result<Vec<String>, Refusal> {
        let mut found: Vec<String> = Vec::new();
        for id in ids {
            self.cloud.idle_instance(id)?;
            if !found.iter().any(|known| known == id) {
                found.push((*id).to_owned());
            }
        }
        if found.is_empty() {
            Err(self.malformed("InstanceIds", "it names no server"))
        } else {
            Ok(found)
        }
    }
}
