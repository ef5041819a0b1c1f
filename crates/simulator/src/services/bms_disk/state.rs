//! Cloud disks and their snapshots.

use crate::cloud::refusal::Refusal;
use crate::cloud::store::{Keyed, Store};
use crate::cloud::world::World;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

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
        Self { disks: Store::default(), snapshots: Store::default(), pool_size: 100_000 }
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
        [Self::Ssd, Self::Nvme].into_iter().find(|kind| kind.text().eq_ignore_ascii_case(text))
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

impl Keyed for Disk {
    fn key(&self) -> &str {
        &self.id
    }
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

impl Keyed for Snapshot {
    fn key(&self) -> &str {
        &self.id
    }
}

/// The document has no code for what is not there or in the wrong state.
pub(super) fn refused(why: impl Into<String>) -> Refusal {
    Refusal::new("ParameterInvalid", why)
}

impl World {
    /// A disk that no task works on.
    pub(super) fn idle_bms_disk(&self, id: &str) -> Result<&Disk, Refusal> {
        let disk = self.bms_disk.disks.get(id).ok_or_else(|| refused(format!("There is no disk {id:?}")))?;
        match self.tasks.shown(id) {
            None => Ok(disk),
            Some(state) => Err(refused(format!("The disk {id} is {state}"))),
        }
    }

    /// A finished snapshot that no task works on.
    pub(super) fn idle_bms_snapshot(&self, id: &str) -> Result<&Snapshot, Refusal> {
        let snapshot = self.bms_disk.snapshots.get(id).ok_or_else(|| refused(format!("There is no snapshot {id:?}")))?;
        match self.tasks.shown(id) {
            None => Ok(snapshot),
            Some(state) => Err(refused(format!("The snapshot {id} is {state}"))),
        }
    }

    /// How many GB of a zone's pool are given to disks.
    pub(super) fn pool_use(&self, region: &str, kind: Kind) -> u64 {
        let disks = self.bms_disk.disks.iter().filter(|disk| disk.region == region && disk.kind == kind);
        disks.fold(0, |sum, disk| sum.saturating_add(disk.size))
    }

    /// Refuses so many more GB than a zone's pool has left.
    pub(super) fn fits_pool(&self, region: &str, kind: Kind, more: u64) -> Result<(), Refusal> {
        let left = self.bms_disk.pool_size.saturating_sub(self.pool_use(region, kind));
        if more <= left { Ok(()) } else { Err(refused(format!("The storage pool of {region} has only {left} GB left"))) }
    }

    /// A disk that is still there, for what a task does at its end.
    pub(super) fn change_bms_disk(&mut self, id: &str, change: impl FnOnce(&mut Disk)) {
        if let Some(disk) = self.bms_disk.disks.get_mut(id) {
            change(disk);
        }
    }

    /// Detaches whatever is attached to a bare-metal server that goes.
    pub(crate) fn detach_disks_of(&mut self, server: &str) {
        for disk in self.bms_disk.disks.iter_mut().filter(|disk| disk.server.as_deref() == Some(server)) {
            disk.server = None;
        }
    }
}

/// What does not fit together, as a person may have written it.
pub(crate) fn problems(world: &World) -> Vec<String> {
    let state = &world.bms_disk;
    let mut problems = Vec::new();
    for disk in state.disks.iter() {
        if let Some(server) = disk.server.as_ref().filter(|server| world.bare_metal(server).is_none()) {
            problems.push(format!("bms_disk.disks, {}: there is no bare-metal server {server}", disk.id));
        }
        if disk.used > disk.size {
            problems.push(format!("bms_disk.disks, {}: it uses more than it has", disk.id));
        }
    }
    for snapshot in state.snapshots.iter().filter(|snapshot| !state.disks.contains(&snapshot.disk)) {
        problems.push(format!("bms_disk.snapshots, {}: there is no disk {}", snapshot.id, snapshot.disk));
    }
    problems
}
