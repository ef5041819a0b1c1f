//! Making, showing, renaming and deleting snapshots.

use super::describe::{PAGE_SIZE, region_of, wanted_zones};
use super::disk::is_chinese;
use super::state::{Disk, EBS, Snapshot};
use super::{Effect, work};
use crate::cloud::call::{Call, Handler};
use crate::cloud::format::format_time;
use crate::cloud::listing::list_answer;
use crate::cloud::refusal::Refusal;
use crate::cloud::state::Cloud;
use crate::cloud::task::Plan;
use crate::services::ecs::{Os, filled, ids, ids_in_text, started};
use cumulua_core::catalog::Action;
use serde_json::{Value as Json, json};

pub(super) const ACTIONS: &[(&str, Handler)] = &[
    ("CreateSnapshot", create),
    ("DescribeSnapshotList", list),
    ("DescribeSnapshot", one),
    ("RenameSnapshot", rename),
    ("DeleteSnapshot", delete),
];

/// A snapshot that is wanted, checked.
pub(super) struct Wish {
    name: Option<String>,
    kept_days: Option<u32>,
}

impl Wish {
    pub(super) fn of(call: &Call, name: Option<&str>, kept: Option<&str>) -> Result<Self, Refusal> {
        let name = name
            .filter(|name| !name.is_empty())
            .map(|name| acceptable_name(call, name, 128))
            .transpose()?;
        let kept_days = match kept.filter(|kept| !kept.is_empty()).unwrap_or("1") {
            "Forever" => None,
            days => {
                let days = days.parse().ok().filter(|days| (1..=36_500).contains(days));
                Some(days.ok_or_else(|| {
                    call.malformed("ReservedTime", "it is neither a number of days nor Forever")
                })?)
            }
        };
        Ok(Self { name, kept_days })
    }

    /// Makes the snapshot; its id.
    pub(super) fn make(self, cloud: &mut Cloud, disk: &Disk, zone: &str) -> String {
        let source = Source {
            id: &disk.id,
            name: &disk.name,
            size: disk.size,
            system: disk.system.as_ref(),
        };
        add(cloud, source, zone, self.name, self.kept_days)
    }
}

/// What a snapshot says of its disk.
#[derive(Clone, Copy)]
pub(super) struct Source<'a> {
    pub(super) id: &'a str,
    pub(super) name: &'a str,
    pub(super) size: u64,
    pub(super) system: Option<&'a Os>,
}

/// Adds a snapshot to the chain of its disk in a zone, which begins with it where there is none;
/// its id.
pub(super) fn add(
    cloud: &mut Cloud,
    source: Source,
    zone: &str,
    name: Option<String>,
    kept_days: Option<u32>,
) -> String {
    let in_zone = |chain: &&str| {
        cloud[EBS]
            .chain(chain)
            .next()
            .is_some_and(|snapshot| snapshot.zone == zone)
    };
    let known = cloud[EBS]
        .chains_of(source.id)
        .find(in_zone)
        .map(str::to_owned);
    let chain = known.unwrap_or_else(|| {
        let letters: String = cloud.ids.short("").chars().skip(1).take(4).collect();
        format!("sl-{}-{letters}", source.id)
    });
    let stem = chain.replacen("sl-", "s-", 1);
    let snapshots = &cloud.states[EBS].snapshots;
    let number = cloud.ids.number(&chain, 1, |number| {
        snapshots.contains(&format!("{stem}-{number:02}"))
    });
    let id = format!("{stem}-{number:02}");
    let created = cloud.now();
    cloud[EBS].add_snapshot(Snapshot {
        name: name.unwrap_or_else(|| id.clone()),
        id: id.clone(),
        chain,
        disk_id: source.id.to_owned(),
        disk_name: source.name.to_owned(),
        disk_size: source.size,
        system: source.system.cloned(),
        zone: zone.to_owned(),
        kept_days,
        created,
    });
    id
}

/// Letters, digits, Chinese characters and hyphens, not beginning with `auto`.
fn acceptable_name(call: &Call, name: &str, longest: usize) -> Result<String, Refusal> {
    let is_known =
        |letter: char| letter.is_ascii_alphanumeric() || is_chinese(letter) || letter == '-';
    // The document's own example of a rollback has an underscore.
    let is_acceptable = (2..=longest).contains(&name.chars().count())
        && !name.starts_with("auto")
        && name.chars().all(|letter| is_known(letter) || letter == '_');
    let why = format!(
        "2 to {longest} letters, digits, Chinese characters or hyphens, not beginning with auto"
    );
    if is_acceptable {
        Ok(name.to_owned())
    } else {
        Err(call.malformed("SnapshotName", &why))
    }
}

fn create(call: &mut Call) -> Result<Json, Refusal> {
    let id = filled(call, "DiskId")?;
    let wish = Wish::of(
        call,
        call.params.text("SnapshotName"),
        call.params.text("ReservedTime"),
    )?;
    let disk = call.cloud.idle_ebs_disk(id)?.clone();
    call.cloud.check_snapshot_quota(id)?;
    let zone = disk.zone.clone();
    let snapshot = wish.make(call.cloud, &disk, &zone);
    let plan = Plan::holding(work::CREATE_SNAPSHOT, vec![snapshot.clone(), disk.id])
        .making(vec![snapshot.clone()])
        .or_else(Effect::RemoveSnapshots {
            snapshots: vec![snapshot.clone()],
        });
    let event = call.cloud.start(plan);
    Ok(json!({"Data": {"EventId": event, "SnapshotId": snapshot}}))
}

fn list(call: &mut Call) -> Result<Json, Refusal> {
    let page = call.page(PAGE_SIZE)?;
    let zones = wanted_zones(call)?;
    let cloud = &*call.cloud;
    let disk = call.params.text("DiskId").filter(|id| !id.is_empty());
    let fits = |snapshot: &&Snapshot| {
        zones
            .as_ref()
            .is_none_or(|zones| zones.contains(&snapshot.zone.as_str()))
            && disk.is_none_or(|id| id == snapshot.disk_id)
    };
    let found: Vec<_> = match (ids_in_text(call, "SnapshotIds")?, disk) {
        (Some(ids), _) => ids
            .iter()
            .filter_map(|id| cloud[EBS].snapshots.get(id))
            .filter(fits)
            .collect(),
        (None, Some(disk)) => cloud[EBS].snapshots_of(disk).filter(fits).collect(),
        (None, None) => cloud[EBS].snapshots.iter().filter(fits).collect(),
    };
    let count = found.len();
    let views: Vec<_> = page
        .take(found.into_iter())
        .into_iter()
        .map(|own| view(call.action, cloud, own))
        .collect();
    Ok(list_answer(call.action, page, count, views))
}

fn one(call: &mut Call) -> Result<Json, Refusal> {
    let snapshot = call.cloud.snapshot(filled(call, "SnapshotId")?)?;
    Ok(json!({"Data": {"SnapshotInfo": view(call.action, call.cloud, snapshot)}}))
}

pub(super) fn view(action: &Action, cloud: &Cloud, snapshot: &Snapshot) -> Json {
    // The disk as it is now, while it is there.
    let name = cloud[EBS]
        .disks
        .get(&snapshot.disk_id)
        .map_or(&snapshot.disk_name, |disk| &disk.name);
    json!({
        "SnapshotId": snapshot.id,
        "SnapshotName": snapshot.name,
        "DiskId": snapshot.disk_id,
        "DiskName": name,
        "DiskSize": snapshot.disk_size,
        "ReservedTime": snapshot.kept_days.map_or_else(|| "Forever".to_owned(), |days| days.to_string()),
        "SnapshotStatus": cloud.snapshot_status(snapshot),
        "CreateTime": format_time(snapshot.created),
        "RegionCode": region_of(action, &snapshot.zone),
        "AvailableZoneCode": snapshot.zone,
        "DiskProperty": if snapshot.system.is_some() { "system" } else { "data" },
    })
}

fn rename(call: &mut Call) -> Result<Json, Refusal> {
    let id = filled(call, "SnapshotId")?;
    let name = acceptable_name(call, filled(call, "SnapshotName")?, 126)?;
    call.cloud.snapshot(id)?;
    if let Some(snapshot) = call.cloud[EBS].snapshots.get_mut(id) {
        snapshot.name = name;
    }
    Ok(json!({"Data": {}}))
}

fn delete(call: &mut Call) -> Result<Json, Refusal> {
    let snapshots = ids(call, "SnapshotIds")?;
    for id in &snapshots {
        call.cloud.idle_snapshot(id)?;
    }
    let plan = Plan::holding(work::DELETE_SNAPSHOT, snapshots.clone())
        .then(Effect::RemoveSnapshots { snapshots });
    Ok(started(&call.cloud.start(plan)))
}
