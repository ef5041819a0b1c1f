//! What an account with Meituan has: machines, key pairs, money, and what it can choose from.

use crate::cloud::addresses::Range;
use crate::cloud::money::{Money, Wallet};
use crate::cloud::service_states::StateKey;
use crate::cloud::store::{Store, keyed_by_id};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;

/// Where the state is kept.
pub(crate) const MCS: StateKey<State> = StateKey::new("mcs");

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
    /// When to look at a machine's lease again; follows from the machines. Each has an entry that
    /// is not late.
    #[serde(skip)]
    pub(super) leases: BTreeSet<(Timestamp, String)>,
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

impl Instance {
    /// Until when it is kept if it is not renewed.
    pub(super) fn kept_until(&self) -> Timestamp {
        self.lease_ends
            .saturating_add(KEPT)
            .unwrap_or(Timestamp::MAX)
    }
}

keyed_by_id!(Template, InstanceType, KeyPair, Instance);
