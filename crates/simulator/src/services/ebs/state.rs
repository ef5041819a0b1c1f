//! Cloud disks and their snapshots.

use crate::cloud::service_states::StateKey;
use crate::cloud::store::{Store, keyed_by_id};
use crate::services::ecs::Os;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};

/// Where the state is kept.
pub(crate) const EBS: StateKey<State> = StateKey::new("ebs");

/// What the account has here.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct State {
    pub(crate) disks: Store<Disk>,
    pub(crate) snapshots: Store<Snapshot>,
    /// How many GB of cloud disks the account may have in a zone.
    pub(crate) zone_quota: u64,
    /// How many snapshots a disk may have.
    pub(crate) snapshot_quota: u64,
    /// Follows from the disks and snapshots.
    #[serde(skip)]
    pub(super) index: Index,
}

impl Default for State {
    /// The quotas of the document's examples.
    fn default() -> Self {
        let (disks, snapshots, index) = (Store::default(), Store::default(), Index::default());
        Self {
            disks,
            snapshots,
            zone_quota: 10_240,
            snapshot_quota: 10,
            index,
        }
    }
}

/// What is found without a walk over all disks or snapshots.
#[derive(Debug, Clone, Default)]
pub(super) struct Index {
    /// The disks of each server.
    pub(super) attached: HashMap<String, Vec<String>>,
    /// The snapshots of each chain.
    pub(super) chains: BTreeMap<String, Vec<String>>,
    /// The chains of each disk.
    pub(super) chains_of: HashMap<String, Vec<String>>,
    /// When the days of the next snapshot are over, at the earliest.
    pub(super) next_end: Option<Timestamp>,
}

/// A cloud disk.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Disk {
    pub(crate) id: String,
    pub(crate) name: String,
    /// The code of its zone.
    pub(crate) zone: String,
    /// In GB.
    pub(crate) size: u64,
    /// What a system disk has on it; a data disk has none.
    #[serde(default)]
    pub(crate) system: Option<Os>,
    /// The server that it is attached to.
    #[serde(default)]
    pub(crate) server: Option<String>,
    /// Whether it is deleted with its server.
    #[serde(default)]
    pub(crate) releases: bool,
    /// Whether it is paid with its server.
    #[serde(default)]
    pub(crate) is_prepaid: bool,
    pub(crate) created: Timestamp,
}

impl Disk {
    pub(crate) fn is_system(&self) -> bool {
        self.system.is_some()
    }
}

/// A snapshot. It knows what its disk was like, because it may outlive it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Snapshot {
    pub(crate) id: String,
    pub(crate) name: String,
    /// The chain that it stands in: the snapshots of one disk in one zone.
    pub(crate) chain: String,
    pub(crate) disk_id: String,
    pub(crate) disk_name: String,
    /// In GB.
    pub(crate) disk_size: u64,
    /// What the disk had on it, where it was a system disk.
    #[serde(default)]
    pub(crate) system: Option<Os>,
    /// The code of its zone.
    pub(crate) zone: String,
    /// For how many days it is kept; without it for ever.
    #[serde(default)]
    pub(crate) kept_days: Option<u32>,
    pub(crate) created: Timestamp,
}

impl Snapshot {
    pub(super) fn ends(&self) -> Option<Timestamp> {
        let days = self.kept_days?;
        self.created
            .checked_add(SignedDuration::from_hours(24 * i64::from(days)))
            .ok()
    }
}

impl State {
    /// The snapshots of a chain, oldest first.
    pub(super) fn chain(&self, id: &str) -> impl Iterator<Item = &Snapshot> {
        self.index
            .chains
            .get(id)
            .into_iter()
            .flatten()
            .filter_map(|id| self.snapshots.get(id))
    }

    /// The ids of all chains.
    pub(super) fn chains(&self) -> impl Iterator<Item = &str> {
        self.index.chains.keys().map(String::as_str)
    }

    /// The chains of a disk, one for each zone that has snapshots of it.
    pub(super) fn chains_of(&self, disk: &str) -> impl Iterator<Item = &str> {
        self.index
            .chains_of
            .get(disk)
            .into_iter()
            .flatten()
            .map(String::as_str)
    }

    /// The snapshots of a disk in all zones.
    pub(super) fn snapshots_of<'a>(&'a self, disk: &str) -> impl Iterator<Item = &'a Snapshot> {
        self.index
            .chains_of
            .get(disk)
            .into_iter()
            .flatten()
            .flat_map(|chain| self.chain(chain))
    }

    pub(super) fn note_snapshot(&mut self, id: &str) {
        let Some(snapshot) = self.snapshots.get(id) else {
            return;
        };
        self.index.next_end = self.index.next_end.into_iter().chain(snapshot.ends()).min();
        let Snapshot { chain, disk_id, .. } = snapshot;
        let members = self.index.chains.entry(chain.clone()).or_default();
        if members.is_empty() {
            self.index
                .chains_of
                .entry(disk_id.clone())
                .or_default()
                .push(chain.clone());
        }
        members.push(id.to_owned());
    }

    pub(super) fn add_snapshot(&mut self, snapshot: Snapshot) {
        let id = snapshot.id.clone();
        self.snapshots.insert(snapshot);
        self.note_snapshot(&id);
    }

    /// Takes a snapshot away, and its chain with the last one.
    pub(super) fn remove_snapshot(&mut self, id: &str) {
        let Some(Snapshot { chain, disk_id, .. }) = self.snapshots.remove(id) else {
            return;
        };
        let Some(members) = self.index.chains.get_mut(&chain) else {
            return;
        };
        members.retain(|member| member != id);
        if !members.is_empty() {
            return;
        }
        self.index.chains.remove(&chain);
        if let Some(chains) = self.index.chains_of.get_mut(&disk_id) {
            chains.retain(|known| *known != chain);
            if chains.is_empty() {
                self.index.chains_of.remove(&disk_id);
            }
        }
    }

    /// Attaches a disk that is there to a server, or to none.
    pub(super) fn attach(&mut self, id: &str, server: Option<&str>) {
        let Some(disk) = self.disks.get_mut(id) else {
            return;
        };
        let before = std::mem::replace(&mut disk.server, server.map(str::to_owned));
        disk.releases &= server.is_some();
        if let Some(disks) = before
            .as_ref()
            .and_then(|server| self.index.attached.get_mut(server))
        {
            disks.retain(|disk| disk != id);
            if disks.is_empty() {
                self.index
                    .attached
                    .remove(before.as_deref().unwrap_or_default());
            }
        }
        if let Some(server) = server {
            self.index
                .attached
                .entry(server.to_owned())
                .or_default()
                .push(id.to_owned());
        }
    }
}

keyed_by_id!(Disk, Snapshot);
