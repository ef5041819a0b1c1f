//! Cloud disks and their snapshots.

use crate::cloud::refusal::Refusal;
use crate::cloud::store::{Keyed, Store};
use crate::cloud::world::World;
use crate::services::billing::Use;
use crate::services::ecs::{self, Os};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};

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
    index: Index,
}

impl Default for State {
    /// The quotas of the document's examples.
    fn default() -> Self {
        let (disks, snapshots, index) = (Store::default(), Store::default(), Index::default());
        Self { disks, snapshots, zone_quota: 10_240, snapshot_quota: 10, index }
    }
}

/// What is found without a walk over all disks or snapshots.
#[derive(Debug, Clone, Default)]
struct Index {
    /// The disks of each server.
    attached: HashMap<String, Vec<String>>,
    /// The snapshots of each chain.
    chains: BTreeMap<String, Vec<String>>,
    /// The chains of each disk.
    chains_of: HashMap<String, Vec<String>>,
    /// When the days of the next snapshot are over, at the earliest.
    next_end: Option<Timestamp>,
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

impl Keyed for Disk {
    fn key(&self) -> &str {
        &self.id
    }
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

impl Keyed for Snapshot {
    fn key(&self) -> &str {
        &self.id
    }
}

impl Snapshot {
    fn ends(&self) -> Option<Timestamp> {
        let days = self.kept_days?;
        self.created.checked_add(SignedDuration::from_hours(24 * i64::from(days))).ok()
    }
}

impl State {
    /// The snapshots of a chain, oldest first.
    pub(super) fn chain(&self, id: &str) -> impl Iterator<Item = &Snapshot> {
        self.index.chains.get(id).into_iter().flatten().filter_map(|id| self.snapshots.get(id))
    }

    /// The ids of all chains.
    pub(super) fn chains(&self) -> impl Iterator<Item = &str> {
        self.index.chains.keys().map(String::as_str)
    }

    /// The chains of a disk, one for each zone that has snapshots of it.
    pub(super) fn chains_of(&self, disk: &str) -> impl Iterator<Item = &str> {
        self.index.chains_of.get(disk).into_iter().flatten().map(String::as_str)
    }

    /// The snapshots of a disk in all zones.
    pub(super) fn snapshots_of<'a>(&'a self, disk: &str) -> impl Iterator<Item = &'a Snapshot> {
        self.index.chains_of.get(disk).into_iter().flatten().flat_map(|chain| self.chain(chain))
    }

    fn note_snapshot(&mut self, id: &str) {
        let Some(snapshot) = self.snapshots.get(id) else { return };
        self.index.next_end = self.index.next_end.into_iter().chain(snapshot.ends()).min();
        let Snapshot { chain, disk_id, .. } = snapshot;
        let members = self.index.chains.entry(chain.clone()).or_default();
        if members.is_empty() {
            self.index.chains_of.entry(disk_id.clone()).or_default().push(chain.clone());
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
        let Some(Snapshot { chain, disk_id, .. }) = self.snapshots.remove(id) else { return };
        let Some(members) = self.index.chains.get_mut(&chain) else { return };
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
        let Some(disk) = self.disks.get_mut(id) else { return };
        let before = std::mem::replace(&mut disk.server, server.map(str::to_owned));
        disk.releases &= server.is_some();
        if let Some(disks) = before.as_ref().and_then(|server| self.index.attached.get_mut(server)) {
            disks.retain(|disk| disk != id);
            if disks.is_empty() {
                self.index.attached.remove(before.as_deref().unwrap_or_default());
            }
        }
        if let Some(server) = server {
            self.index.attached.entry(server.to_owned()).or_default().push(id.to_owned());
        }
    }
}

impl World {
    /// A disk by its id.
    pub(crate) fn ebs_disk(&self, id: &str) -> Result<&Disk, Refusal> {
        self.ebs.disks.get(id).ok_or_else(|| Refusal::new("InvalidDiskId.NotFound", format!("There is no disk {id}")))
    }

    /// A disk that no task works on.
    pub(super) fn idle_ebs_disk(&self, id: &str) -> Result<&Disk, Refusal> {
        let disk = self.ebs_disk(id)?;
        if self.tasks.holder(id).is_none() { Ok(disk) } else { Err(self.wrong_disk_state(disk)) }
    }

    pub(super) fn wrong_disk_state(&self, disk: &Disk) -> Refusal {
        let message = format!("The disk {} has the state {}", disk.id, self.ebs_disk_status(disk));
        Refusal::new("InvalidOperation.DiskStatusUnsupported", message)
    }

    /// As `Status` of a disk writes it. No word for a disk that is being deleted is documented.
    pub(crate) fn ebs_disk_status(&self, disk: &Disk) -> &'static str {
        match self.tasks.holder(&disk.id).map(|task| task.kind.as_str()) {
            Some("create_disk" | "create_ecs") => "building",
            Some("mount_disk") => "mounting",
            Some("unmount_disk") => "unmounting",
            Some("create_snapshot") => "creating_snapshot",
            Some("rollback_disk") => "rollback",
            Some(_) => "updating",
            None if disk.server.is_some() => "running",
            None => "waiting",
        }
    }

    /// A snapshot by its id.
    pub(super) fn snapshot(&self, id: &str) -> Result<&Snapshot, Refusal> {
        self.ebs.snapshots.get(id).ok_or_else(|| Refusal::new("InvalidSnapshotId.NotFound", format!("There is no snapshot {id}")))
    }

    /// A snapshot that no task works on.
    pub(super) fn idle_snapshot(&self, id: &str) -> Result<&Snapshot, Refusal> {
        let snapshot = self.snapshot(id)?;
        if self.tasks.holder(id).is_none() {
            return Ok(snapshot);
        }
        let message = format!("The snapshot {id} has the state {}", self.snapshot_status(snapshot));
        Err(Refusal::new("InvalidOperation.SnapshotStatusUnsupported", message))
    }

    /// A snapshot of a data disk, for a new data disk.
    pub(crate) fn data_snapshot(&self, id: &str) -> Result<&Snapshot, Refusal> {
        let snapshot = self.idle_snapshot(id)?;
        if snapshot.system.is_none() {
            return Ok(snapshot);
        }
        Err(Refusal::new("InvalidOperation", format!("The snapshot {id} is one of a system disk")))
    }

    /// As `SnapshotStatus` writes it.
    pub(super) fn snapshot_status(&self, snapshot: &Snapshot) -> &'static str {
        match self.tasks.holder(&snapshot.id).map(|task| task.kind.as_str()) {
            Some("create_snapshot") => "creating",
            // The copy is held, and so is the snapshot that it is made from.
            Some("copy_snapshot") if self.tasks.holder(&snapshot.id).is_some_and(|task| task.resources.contains(&snapshot.id)) => {
                "creating"
            }
            Some("delete_snapshot" | "delete_disk") => "deleting",
            Some("create_disk" | "create_ecs") => "disk_creating",
            Some("rollback_disk") => "disk_rollback",
            _ => "running",
        }
    }

    /// The disks of a server, the system disk first.
    pub(crate) fn ebs_disks_of(&self, server: &str) -> impl Iterator<Item = &Disk> {
        self.ebs.index.attached.get(server).into_iter().flatten().filter_map(|id| self.ebs.disks.get(id))
    }

    /// How many GB the account has in a zone.
    pub(super) fn used_ebs_quota(&self, zone: &str) -> u64 {
        self.ebs.disks.iter().filter(|disk| disk.zone == zone).fold(0, |sum: u64, disk| sum.saturating_add(disk.size))
    }

    /// Refuses so many more GB in a zone than there are left.
    pub(crate) fn check_ebs_quota(&self, zone: &str, size: u64) -> Result<(), Refusal> {
        let free = self.ebs.zone_quota.saturating_sub(self.used_ebs_quota(zone));
        if size <= free {
            return Ok(());
        }
        Err(Refusal::new("InvalidOperation", format!("{size} GB are more than the {free} GB that are left in {zone}")))
    }

    /// Adds a disk, attached where it says so.
    pub(crate) fn add_ebs_disk(&mut self, mut disk: Disk) {
        let (id, server) = (disk.id.clone(), disk.server.take());
        self.ebs.disks.insert(disk);
        self.ebs.attach(&id, server.as_deref());
    }

    /// New disks are there: from now on they are metered, if they are not paid with their server.
    pub(crate) fn finish_ebs_disks(&mut self, ids: &[String], credit: Option<u64>) {
        for id in ids {
            let Some(disk) = self.ebs.disks.get(id).filter(|disk| !disk.is_prepaid) else { continue };
            let metered = Use::of(id, "cds.ebs", "CreateDisk", ecs::per_day_of_disk(disk.size));
            let metered = metered.named(&disk.name, &disk.zone).paid_by(credit);
            self.begin_use(metered);
        }
    }

    /// Takes a disk away. Its snapshots stay.
    pub(crate) fn remove_ebs_disk(&mut self, id: &str) {
        self.ebs.attach(id, None);
        self.end_use(id);
        self.ebs.disks.remove(id);
    }

    /// What becomes of the disks of a server that goes: those that go with it are taken away, with the snapshots that are not
    /// kept for ever, and the others are free.
    pub(crate) fn release_ebs_disks(&mut self, server: &str) {
        let disks: Vec<_> = self.ebs_disks_of(server).map(|disk| (disk.id.clone(), disk.releases)).collect();
        for (id, goes) in disks {
            if goes {
                self.remove_snapshots_of(&id);
                self.remove_ebs_disk(&id);
            } else {
                self.ebs.attach(&id, None);
            }
        }
    }

    /// Takes the snapshots of a disk away that are not kept for ever.
    pub(super) fn remove_snapshots_of(&mut self, disk: &str) {
        let goes = |snapshot: &&Snapshot| snapshot.kept_days.is_some() && self.tasks.holder(&snapshot.id).is_none();
        let gone: Vec<_> = self.ebs.snapshots_of(disk).filter(goes).map(|snapshot| snapshot.id.clone()).collect();
        for id in gone {
            self.ebs.remove_snapshot(&id);
        }
    }

    /// Takes the snapshots away whose days are over. What a task works on waits for its end.
    pub(crate) fn expire_snapshots(&mut self) {
        let now = self.now();
        if self.ebs.index.next_end.is_none_or(|end| now < end) {
            return;
        }
        let is_over =
            |snapshot: &&Snapshot| snapshot.ends().is_some_and(|end| end <= now) && self.tasks.holder(&snapshot.id).is_none();
        let over: Vec<_> = self.ebs.snapshots.iter().filter(is_over).map(|snapshot| snapshot.id.clone()).collect();
        for id in over {
            self.ebs.remove_snapshot(&id);
        }
        self.ebs.index.next_end = self.ebs.snapshots.iter().filter_map(Snapshot::ends).min();
    }
}

/// Finds out which disks servers have, which snapshots chains, and what is used that a file says nothing of.
pub(crate) fn index(world: &mut World) {
    let is_metered = |disk: &&Disk| {
        let is_new = world.tasks.holder(&disk.id).is_some_and(|task| ["create_disk", "create_ecs"].contains(&task.kind.as_str()));
        !is_new && world.use_of(&disk.id).is_none()
    };
    let unmetered: Vec<_> = world.ebs.disks.iter().filter(is_metered).map(|disk| disk.id.clone()).collect();
    world.finish_ebs_disks(&unmetered, None);
    let ebs = &mut world.ebs;
    ebs.index = Index::default();
    for disk in ebs.disks.iter() {
        if let Some(server) = &disk.server {
            ebs.index.attached.entry(server.clone()).or_default().push(disk.id.clone());
        }
    }
    for id in ebs.snapshots.iter().map(|snapshot| snapshot.id.clone()).collect::<Vec<_>>() {
        ebs.note_snapshot(&id);
    }
}

/// What does not fit together.
pub(crate) fn problems(world: &World) -> Vec<String> {
    let mut problems = Vec::new();
    for disk in world.ebs.disks.iter() {
        let Some(server) = &disk.server else { continue };
        match world.ecs.servers.get(server) {
            None => problems.push(format!("ebs.disks, {}: there is no server {server}", disk.id)),
            Some(server) if server.zone != disk.zone => {
                problems.push(format!("ebs.disks, {}: the server {} is not in its zone", disk.id, server.id));
            }
            Some(_) => {}
        }
    }
    let mut chains: HashMap<&str, (&str, &str)> = HashMap::new();
    for snapshot in world.ebs.snapshots.iter() {
        let own = (snapshot.disk_id.as_str(), snapshot.zone.as_str());
        if *chains.entry(&snapshot.chain).or_insert(own) != own {
            problems.push(format!("ebs.snapshots, {}: its chain is another disk's or zone's", snapshot.id));
        }
    }
    problems
}
