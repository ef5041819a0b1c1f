//! Servers with their disks and interfaces, security groups and templates.

use super::payment::{self, Paid};
use crate::cloud::index::Mark;
use crate::cloud::refusal::Refusal;
use crate::cloud::store::{Keyed, Store};
use crate::cloud::world::{World, is_uuid};
use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize};
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::net::Ipv4Addr;

/// What the account has here.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct State {
    pub(crate) instances: Store<Instance>,
    /// Names by number.
    pub(crate) tags: BTreeMap<u64, String>,
    pub(crate) security_groups: Store<SecurityGroup>,
    pub(crate) templates: Store<Template>,
    /// When the next paid term ends; it follows from the servers.
    #[serde(skip)]
    pub(super) next_end: Option<Timestamp>,
}

/// Whether a server is switched on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Power {
    Running,
    Stopped,
}

/// A disk; the system disk too.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Disk {
    pub(crate) id: String,
    /// In GB.
    pub(crate) size: u64,
    pub(crate) kind: String,
    /// Packages of IOPS.
    #[serde(default)]
    pub(crate) packages: u64,
}

impl Disk {
    /// IOPS that the size and the packages give: ten a GB, as in the document's example, and 500 a package.
    pub(crate) fn iops(&self) -> u64 {
        self.packages.saturating_mul(500).saturating_add(self.size.saturating_mul(10))
    }
}

/// A data disk of a template.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DiskPlan {
    /// In GB.
    pub(crate) size: u64,
    pub(crate) kind: String,
    /// Packages of IOPS.
    #[serde(default)]
    pub(crate) packages: u64,
}

impl From<Disk> for DiskPlan {
    fn from(disk: Disk) -> Self {
        Self { size: disk.size, kind: disk.kind, packages: disk.packages }
    }
}

/// A network interface.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Interface {
    pub(crate) id: String,
    pub(crate) network: String,
    #[serde(default)]
    pub(crate) address: Option<Ipv4Addr>,
    #[serde(default)]
    pub(crate) ipv6: Option<String>,
    pub(crate) mac: String,
    #[serde(default = "yes")]
    pub(crate) connected: bool,
}

fn yes() -> bool {
    true
}

/// A list without room for more: most servers have one disk and one interface, and room for four of each would be half of what a
/// file of many servers takes.
fn snug<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Vec<T>, D::Error> {
    let mut list = Vec::deserialize(deserializer)?;
    list.shrink_to_fit();
    Ok(list)
}

/// A cloud server.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Instance {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) vdc_id: String,
    pub(crate) cpu: u64,
    /// In GB.
    pub(crate) ram: u64,
    pub(crate) kind: String,
    pub(crate) image: String,
    /// Whether its Windows was activated with a key.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) is_activated: bool,
    /// The dedicated host that it was ordered on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) dedicated_host: Option<String>,
    pub(crate) charge_type: String,
    /// What is paid in advance; a prepaid server without it is paid for good.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) paid: Option<Paid>,
    pub(crate) power: Power,
    pub(crate) system: Disk,
    #[serde(default, deserialize_with = "snug")]
    pub(crate) disks: Vec<Disk>,
    #[serde(default, deserialize_with = "snug")]
    pub(crate) interfaces: Vec<Interface>,
    #[serde(default)]
    pub(crate) tags: BTreeSet<u64>,
    #[serde(default)]
    pub(crate) is_protected: bool,
    pub(crate) created: Timestamp,
}

impl Keyed for Instance {
    const IS_MARKED: bool = true;

    fn key(&self) -> &str {
        &self.id
    }

    /// Its VDC, its tags and its addresses: what `DescribeInstances` filters by.
    fn marks(&self) -> impl Iterator<Item = Mark<'_>> {
        let tags = self.tags.iter().map(|tag| Mark::Number(*tag));
        let addresses = self.interfaces.iter().filter_map(|own| own.address).map(|address| Mark::Rare(u32::from(address).into()));
        let ipv6 = self.interfaces.iter().filter_map(|own| own.ipv6.as_deref()).map(Mark::Text);
        std::iter::once(Mark::Text(&self.vdc_id)).chain(tags).chain(addresses).chain(ipv6)
    }
}

/// A rule of a security group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rule {
    pub(crate) id: String,
    #[serde(default)]
    pub(crate) description: String,
    pub(crate) target_address: String,
    pub(crate) target_port: String,
    pub(crate) local_port: String,
    pub(crate) direction: String,
    pub(crate) protocol: String,
    pub(crate) kind: String,
    pub(crate) priority: u64,
    pub(crate) allows: bool,
    pub(crate) created: Timestamp,
}

/// A security group.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SecurityGroup {
    pub(crate) id: String,
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) description: String,
    pub(crate) kind: String,
    #[serde(default)]
    pub(crate) rules: Vec<Rule>,
    /// The interfaces that it guards, each with its server.
    #[serde(default)]
    pub(crate) interfaces: BTreeMap<String, String>,
    pub(crate) created: Timestamp,
    pub(crate) updated: Timestamp,
}

impl Keyed for SecurityGroup {
    fn key(&self) -> &str {
        &self.id
    }
}

/// A private image.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Template {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) image: String,
    /// The system disk's size in GB.
    pub(crate) system_size: u64,
    /// The data disks that a server made from it gets.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) disks: Vec<DiskPlan>,
    /// The zones where it can be used.
    pub(crate) regions: Vec<String>,
    pub(crate) created: Timestamp,
}

impl Keyed for Template {
    fn key(&self) -> &str {
        &self.id
    }
}

impl World {
    /// A server by its id.
    pub(crate) fn instance(&self, id: &str) -> Result<&Instance, Refusal> {
        if !is_uuid(id) {
            return Err(Refusal::new("InvalidInstanceID.Malformed", format!("{id:?} is not the id of a server")));
        }
        self.ccs.instances.get(id).ok_or_else(|| Refusal::new("InstanceNotFound", format!("There is no server {id}")))
    }

    /// A server that no task works on.
    pub(crate) fn idle_instance(&self, id: &str) -> Result<&Instance, Refusal> {
        let instance = self.instance(id)?;
        match self.tasks.shown(id) {
            None => Ok(instance),
            Some(state) => Err(Refusal::new("IncorrectInstanceStatus", format!("The server {id} is {state}"))),
        }
    }

    /// As `InstanceStatus` writes it.
    pub(crate) fn instance_status<'a>(&'a self, instance: &Instance) -> &'a str {
        self.tasks.shown(&instance.id).unwrap_or(match instance.power {
            Power::Running => "running",
            Power::Stopped => "stopped",
        })
    }

    /// A server that is still there, for what a task does at its end. From then on it costs what it is then.
    pub(super) fn change_instance(&mut self, id: &str, change: impl FnOnce(&mut Instance)) {
        if self.ccs.instances.change(id, change).is_some() {
            self.meter_instance(id);
        }
    }

    /// Takes servers away, and all that hangs on them.
    pub(super) fn remove_instances(&mut self, ids: &[String]) {
        let gone: Vec<_> = ids.iter().filter_map(|id| self.ccs.instances.remove(id)).collect();
        for instance in &gone {
            self.end_use(&instance.id);
            for interface in &instance.interfaces {
                self.forget_interface(interface);
            }
        }
    }

    /// A new interface, connected, whose address is taken from now on.
    pub(crate) fn new_interface(&mut self, network: &str, address: Option<Ipv4Addr>, with_ipv6: bool) -> Interface {
        if let Some(address) = address {
            self.addresses.take(network, address);
        }
        let ipv6 = with_ipv6.then(|| address.map(ipv6_of)).flatten();
        Interface { id: self.ids.uuid(), network: network.to_owned(), address, ipv6, mac: self.ids.mac(), connected: true }
    }

    /// Sets an interface's address free and takes it out of every security group and VLINK.
    pub(crate) fn forget_interface(&mut self, interface: &Interface) {
        if let Some(address) = interface.address {
            self.addresses.release(&interface.network, address);
        }
        for group in self.ccs.security_groups.iter_mut() {
            group.interfaces.remove(&interface.id);
        }
        for vlink in self.vpc.vlinks.iter_mut() {
            vlink.servers.retain(|_, own| *own != interface.id);
        }
    }
}

/// What does not fit together.
pub(crate) fn problems(world: &World) -> Vec<String> {
    let mut problems = Vec::new();
    let mut addresses = HashSet::new();
    for instance in world.ccs.instances.iter() {
        let mut tell = |problem: String| problems.push(format!("ccs.instances, {}: {problem}", instance.id));
        if !is_uuid(&instance.id) {
            tell("the id of a server is a UUID".to_owned());
        }
        if !world.vdc.vdcs.contains(&instance.vdc_id) {
            tell(format!("there is no VDC {}", instance.vdc_id));
        }
        for tag in instance.tags.iter().filter(|tag| !world.ccs.tags.contains_key(tag)) {
            tell(format!("there is no tag {tag}"));
        }
        for interface in &instance.interfaces {
            match world.vdc.networks.get(&interface.network) {
                None => tell(format!("there is no network {}", interface.network)),
                Some(network) if network.vdc_id != instance.vdc_id => {
                    tell(format!("the network {} is not in its VDC", network.id));
                }
                Some(network) => {
                    if let Some(address) = interface.address.filter(|address| !network.has(*address)) {
                        tell(format!("{address} is not an address of the network {}", network.id));
                    }
                }
            }
            if let Some(address) = interface.address.filter(|own| !addresses.insert((&interface.network, *own))) {
                tell(format!("another server has {address} too"));
            }
        }
    }
    for group in world.ccs.security_groups.iter() {
        for (interface, server) in &group.interfaces {
            let known =
                world.ccs.instances.get(server).is_some_and(|server| server.interfaces.iter().any(|own| own.id == *interface));
            if !known {
                problems.push(format!("ccs.security_groups, {}: no server {server} has an interface {interface}", group.id));
            }
        }
    }
    problems
}

/// Finds out which addresses the servers have, and how they are paid.
pub(crate) fn index(world: &mut World) {
    for interface in world.ccs.instances.iter().flat_map(|instance| &instance.interfaces) {
        if let Some(address) = interface.address {
            world.addresses.take(&interface.network, address);
        }
    }
    payment::index(world);
}

/// The IPv6 address beside an IPv4 one.
pub(super) fn ipv6_of(address: Ipv4Addr) -> String {
    let [_, _, third, fourth] = address.octets();
    format!("2000:1:2:{third:x}::{fourth:x}")
}
