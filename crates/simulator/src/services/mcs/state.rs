//! What an account with Meituan has: machines, key pairs, money, and what it can choose from.

use super::public_key::PublicKey;
use super::refusal;
use crate::cloud::addresses::Range;
use crate::cloud::money::{Money, Wallet};
use crate::cloud::refusal::Refusal;
use crate::cloud::store::{Keyed, Store};
use crate::cloud::world::World;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::net::Ipv4Addr;

/// How long a machine is kept after its lease has ended, as in the document's example.
pub(super) const KEPT: SignedDuration = SignedDuration::from_hours(24);

/// What the account has here.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct State {
    /// The account's money with Meituan.
    pub(crate) wallet: Wallet,
    /// When the balance last changed; an account that never had money has none.
    pub(crate) balance_changed: Option<Timestamp>,
    pub(crate) templates: Store<Template>,
    pub(crate) instance_types: Store<InstanceType>,
    /// The one network that machines are connected to.
    pub(crate) network: Network,
    pub(crate) key_pairs: Store<KeyPair>,
    pub(crate) instances: Store<Instance>,
    /// When to look at a machine's lease again; follows from the machines. Each has an entry that is not late.
    #[serde(skip)]
    leases: BTreeSet<(Timestamp, String)>,
}

impl Default for State {
    fn default() -> Self {
        let network = Network {
            id: "40480c6f-2c7e-4ba8-b040-92a64a948c90".to_owned(),
            name: "public".to_owned(),
            range: Range::new(Ipv4Addr::new(10, 168, 0, 0), 16),
        };
        Self {
            wallet: Wallet::default(),
            balance_changed: "2013-07-19T15:52:02Z".parse().ok(),
            templates: super::offer::templates().into_iter().collect(),
            instance_types: super::offer::instance_types().into_iter().collect(),
            network,
            key_pairs: Store::default(),
            instances: Store::default(),
            leases: BTreeSet::new(),
        }
    }
}

/// An image that machines are made from.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Template {
    pub(crate) id: String,
    pub(crate) name: String,
    /// In bytes.
    pub(crate) size: u64,
    /// MD5, hexadecimal.
    pub(crate) checksum: String,
    /// Machines are made from active ones only.
    #[serde(default = "active")]
    pub(crate) status: String,
    /// The size of a system disk made from it, in MB.
    pub(crate) system_disk: u64,
    /// The first account in a machine made from it.
    pub(crate) account: String,
    /// What a machine made from it tells as `os_name`, `os_version` and so on.
    #[serde(default)]
    pub(crate) metadata: BTreeMap<String, String>,
}

fn active() -> String {
    "active".to_owned()
}

impl Keyed for Template {
    fn key(&self) -> &str {
        &self.id
    }
}

/// A size that machines are sold in.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct InstanceType {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) cpu: u64,
    /// In MB.
    pub(crate) memory: u64,
    /// The data disk in MB.
    pub(crate) volume: u64,
    /// In Mbps.
    pub(crate) internal_bandwidth: u64,
    /// In Mbps.
    pub(crate) external_bandwidth: u64,
    pub(crate) price_of_an_hour: Money,
    pub(crate) price_of_a_month: Money,
}

impl Keyed for InstanceType {
    fn key(&self) -> &str {
        &self.id
    }
}

/// A network.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Network {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) range: Range,
}

/// The public half of a key pair.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct KeyPair {
    pub(crate) id: String,
    pub(crate) name: String,
    /// In OpenSSH's format.
    pub(crate) public_key: String,
}

impl Keyed for KeyPair {
    fn key(&self) -> &str {
        &self.id
    }
}

/// The state of a machine that no work is done on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Condition {
    Running,
    /// Shut off.
    Ready,
    /// Its lease has ended; it waits to be renewed.
    Suspend,
    /// It could not be made.
    Error,
}

impl Condition {
    /// As `status` writes it.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Ready => "ready",
            Self::Suspend => "suspend",
            Self::Error => "error",
        }
    }
}

/// A disk of a machine.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Disk {
    pub(crate) id: String,
    pub(crate) name: String,
    /// In MB.
    pub(crate) size: u64,
}

/// A virtual machine.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Instance {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) type_id: String,
    pub(crate) template_id: String,
    pub(crate) condition: Condition,
    /// The system disk first.
    #[serde(default)]
    pub(crate) disks: Vec<Disk>,
    #[serde(default)]
    pub(crate) address: Option<Ipv4Addr>,
    #[serde(default)]
    pub(crate) mac: String,
    #[serde(default)]
    pub(crate) metadata: BTreeMap<String, String>,
    /// The key pair as it was when the machine was made: it may be deleted since.
    #[serde(default)]
    pub(crate) key: Option<KeyPair>,
    /// When its first password was made.
    pub(crate) password_made: Timestamp,
    pub(crate) lease_began: Timestamp,
    pub(crate) lease_ends: Timestamp,
}

impl Keyed for Instance {
    fn key(&self) -> &str {
        &self.id
    }
}

impl Instance {
    /// Until when it is kept if nobody renews it.
    pub(super) fn kept_until(&self) -> Timestamp {
        self.lease_ends.saturating_add(KEPT).unwrap_or(Timestamp::MAX)
    }
}

impl World {
    /// A machine by its id, else by its name.
    pub(super) fn mcs_instance(&self, id_or_name: &str) -> Result<&Instance, Refusal> {
        let instances = &self.mcs.instances;
        if let Some(instance) = instances.get(id_or_name) {
            return Ok(instance);
        }
        let mut named = instances.iter().filter(|instance| instance.name == id_or_name);
        match (named.next(), named.next()) {
            (Some(instance), None) => Ok(instance),
            (Some(_), Some(_)) => Err(refusal(409, format!("Several instances are called {id_or_name}; give the id of one"))),
            (None, _) => Err(refusal(404, format!("Instance {id_or_name} not found"))),
        }
    }

    /// As `status` writes it.
    pub(super) fn mcs_status<'a>(&'a self, instance: &Instance) -> &'a str {
        self.tasks.shown(&instance.id).unwrap_or(instance.condition.word())
    }

    /// Takes a machine away and sets its address free.
    pub(super) fn remove_mcs_instance(&mut self, id: &str) {
        if let Some(address) = self.mcs.instances.remove(id).and_then(|instance| instance.address) {
            self.addresses.release(&self.mcs.network.id, address);
        }
    }

    /// Sees to it that a machine's lease is looked at when it ends.
    pub(super) fn watch_lease(&mut self, id: &str) {
        if let Some(instance) = self.mcs.instances.get(id) {
            let is_over = instance.condition == Condition::Suspend;
            let next = if is_over { instance.kept_until() } else { instance.lease_ends };
            self.mcs.leases.insert((next, id.to_owned()));
        }
    }

    /// Notes that money has moved.
    pub(super) fn mcs_balance_changed(&mut self) {
        self.mcs.balance_changed = Some(self.now());
    }
}

/// Suspends the machines whose lease has ended, and takes away those that were kept long enough.
pub(crate) fn pass(world: &mut World) {
    let now = world.now();
    while world.mcs.leases.first().is_some_and(|(time, _)| *time <= now) {
        let Some((_, id)) = world.mcs.leases.pop_first() else { return };
        let Some(instance) = world.mcs.instances.get_mut(&id) else { continue };
        if instance.kept_until() <= now {
            world.remove_mcs_instance(&id);
            continue;
        }
        if instance.lease_ends <= now && instance.condition != Condition::Error {
            instance.condition = Condition::Suspend;
        }
        let next = if instance.lease_ends <= now { instance.kept_until() } else { instance.lease_ends };
        world.mcs.leases.insert((next, id));
    }
}

/// What does not fit together.
pub(crate) fn problems(world: &World) -> Vec<String> {
    let mcs = &world.mcs;
    let mut problems = Vec::new();
    let mut addresses = HashSet::new();
    for instance in mcs.instances.iter() {
        let mut tell = |problem: String| problems.push(format!("mcs.instances, {}: {problem}", instance.id));
        if !mcs.instance_types.contains(&instance.type_id) {
            tell(format!("there is no instance type {}", instance.type_id));
        }
        if !mcs.templates.contains(&instance.template_id) {
            tell(format!("there is no template {}", instance.template_id));
        }
        if instance.lease_ends < instance.lease_began {
            tell("its lease ends before it begins".to_owned());
        }
        if let Some(why) = instance.key.as_ref().and_then(|key| PublicKey::parse(&key.public_key).err()) {
            tell(format!("its key: {why}"));
        }
        if let Some(address) = instance.address {
            if !mcs.network.range.offers(address) {
                tell(format!("{address} is not an address of the network {}", mcs.network.range));
            }
            if !addresses.insert(address) {
                tell(format!("another machine has {address} too"));
            }
        }
    }
    let mut names = HashSet::new();
    for key in mcs.key_pairs.iter() {
        if let Err(why) = PublicKey::parse(&key.public_key) {
            problems.push(format!("mcs.key_pairs, {}: {why}", key.id));
        }
        if !names.insert(&key.name) {
            problems.push(format!("mcs.key_pairs, {}: another one is called {} too", key.id, key.name));
        }
    }
    problems
}

/// Finds out which addresses the machines have, and when their leases end.
pub(crate) fn index(world: &mut World) {
    let network = world.mcs.network.id.clone();
    for address in world.mcs.instances.iter().filter_map(|instance| instance.address) {
        world.addresses.take(&network, address);
    }
    let ids: Vec<_> = world.mcs.instances.iter().map(|instance| instance.id.clone()).collect();
    for id in &ids {
        world.watch_lease(id);
    }
}
