//! Servers with their disks and interfaces, security groups and templates.

use crate::cloud::index::Mark;
use crate::cloud::money::Money;
use crate::cloud::service_states::StateKey;
use crate::cloud::store::{Keyed, Store, keyed_by_id};
use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;

/// Where the state is kept.
pub(crate) const CCS: StateKey<State> = StateKey::new("ccs");

/// What the account has here.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct State {
    pub(crate) instances: Store<Instance>,
    /// Names by number.
    pub(crate) tags: BTreeMap<u64, String>,
    pub(crate) security_groups: Store<SecurityGroup>,
    pub(crate) network_groups: Store<NetworkGroup>,
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
    /// IOPS that the size and the packages give: ten a GB, as in the document's example, and 500 a
    /// package.
    pub(crate) fn iops(&self) -> u64 {
        self.packages
            .saturating_mul(500)
            .saturating_add(self.size.saturating_mul(10))
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
        Self {
            size: disk.size,
            kind: disk.kind,
            packages: disk.packages,
        }
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

/// A list without room for more: most servers have one disk and one interface, and room for four of
/// each would be half of what a file of many servers takes.
fn snug<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Vec<T>, D::Error> {
    let mut list = Vec::deserialize(deserializer)?;
    list.shrink_to_fit();
    Ok(list)
}

/// What is paid in advance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Paid {
    /// When the term ends.
    pub(crate) until: Timestamp,
    /// How many months a renewal buys, one at least.
    #[serde(default = "one")]
    pub(crate) months: u64,
    #[serde(default)]
    pub(crate) renews: bool,
    /// What a month of it costs: of the server as it was when it was paid.
    pub(crate) month_price: Money,
}

fn one() -> u64 {
    1
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
        let addresses = self
            .interfaces
            .iter()
            .filter_map(|own| own.address)
            .map(|address| Mark::Rare(u32::from(address).into()));
        let ipv6 = self
            .interfaces
            .iter()
            .filter_map(|own| own.ipv6.as_deref())
            .map(Mark::Text);
        std::iter::once(Mark::Text(&self.vdc_id))
            .chain(tags)
            .chain(addresses)
            .chain(ipv6)
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

/// A rule of a network security group.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NetworkRule {
    pub(crate) id: String,
    #[serde(default)]
    pub(crate) description: String,
    pub(crate) protocol: String,
    /// `ACCEPT` or `DROP`.
    pub(crate) action: String,
    /// 0 for what comes in, 1 for what goes out.
    pub(crate) direction: u64,
    pub(crate) addresses: Vec<String>,
    pub(crate) ports: Vec<String>,
    /// No two rules of a group have the same.
    pub(crate) priority: u64,
    pub(crate) created: Timestamp,
    pub(crate) updated: Timestamp,
}

impl NetworkRule {
    /// How much of the quota it takes, as the document reckons it.
    pub(crate) fn quota(&self) -> usize {
        self.addresses.len().saturating_mul(self.ports.len())
    }
}

/// How an interface stands in a network security group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum MemberStatus {
    Ok,
    /// It does not follow the group's rules as they are yet.
    Syncing,
    Unbinding,
    Error,
}

/// An interface in a network security group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Member {
    pub(crate) server: String,
    pub(crate) status: MemberStatus,
}

/// A network security group.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NetworkGroup {
    pub(crate) id: String,
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) description: String,
    pub(crate) kind: String,
    pub(crate) project: String,
    #[serde(default)]
    pub(crate) rules: Vec<NetworkRule>,
    /// By interface.
    #[serde(default)]
    pub(crate) members: BTreeMap<String, Member>,
    pub(crate) created: Timestamp,
    pub(crate) updated: Timestamp,
}

keyed_by_id!(SecurityGroup, NetworkGroup, Template);
