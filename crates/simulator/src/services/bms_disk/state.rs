//! Cloud disks and their snapshots.

use crate::cloud::service_states::StateKey;
use crate::cloud::store::{Store, keyed_by_id};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Where the state is kept.
pub(crate) const BMS_DISK: StateKey<State> = StateKey::new("bms_disk");

/// What the account has here.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct State {
    pub(crate) disks: Store<Disk>,
    pub(crate) snapshots: Store<Snapshot>,
    /// How many GB a pool of a zone has.
    pub(crate) pool_size: u64,
}

impl Default for State {
    fn default() -> Self {
        Self {
            disks: Store::default(),
            snapshots: Store::default(),
            pool_size: 100_000,
        }
    }
}

/// The kind of storage that a disk is made of, which is a pool of each zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    Ssd,
    Nvme,
}

impl Kind {
    /// As `Type` and `DiskType` write it.
    pub(super) fn text(self) -> &'static str {
        match self {
            Self::Ssd => "ssd",
            Self::Nvme => "Nvme",
        }
    }

    pub(super) fn of(text: &str) -> Option<Self> {
        [Self::Ssd, Self::Nvme]
            .into_iter()
            .find(|kind| kind.text().eq_ignore_ascii_case(text))
    }

    pub(super) fn of_pool(name: &str) -> Option<Self> {
        name.strip_suffix("_pool").and_then(Self::of)
    }
}

/// A cloud disk.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Disk {
    pub(crate) id: String,
    pub(crate) name: String,
    /// As it was given: a zone or a UUID.
    pub(crate) region: String,
    /// In GB.
    pub(crate) size: u64,
    /// How much is written on it, in GB.
    #[serde(default)]
    pub(crate) used: u64,
    pub(crate) iops: u64,
    /// In Mb.
    pub(crate) bandwidth: u64,
    pub(crate) kind: Kind,
    /// The bare-metal server that it is attached to.
    #[serde(default)]
    pub(crate) server: Option<String>,
    pub(crate) created: Timestamp,
}

/// What a disk was at a time.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Snapshot {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) disk: String,
    /// In GB.
    pub(crate) size: u64,
    /// In GB.
    #[serde(default)]
    pub(crate) used: u64,
    pub(crate) created: Timestamp,
}

keyed_by_id!(Disk, Snapshot);
