//! Images made of snapshots, and copies of snapshots in other zones.

use super::snapshot::{Source, add};
use super::{Effect, work};
use crate::cloud::call::{Call, Handler};
use crate::cloud::refusal::Refusal;
use crate::cloud::task::Plan;
use crate::services::ecs::{self, Image, filled};
use serde_json::{Value as Json, json};

pub(super) const ACTIONS: &[(&str, Handler)] = &[
    ("CreateImageBySnapshot", make_image),
    ("CopySnapshotCrossAZ", copy),
];

fn make_image(call: &mut Call) -> Result<Json, Refusal> {
    let (source, name) = (
        filled(call, "SnapshotId")?.to_owned(),
        filled(call, "ImageName")?.to_owned(),
    );
    let snapshot = call.cloud.idle_snapshot(&source)?.clone();
    let of_data = || {
        Refusal::new(
            "InvalidOperation",
            format!("The snapshot {source} is one of a data disk"),
        )
    };
    let os = snapshot.system.ok_or_else(of_data)?;
    let id = call.cloud.ids.short("img");
    let image = Image {
        id: id.clone(),
        name,
        os,
        zones: vec![snapshot.zone],
        created: call.cloud.now(),
    };
    let plan = Plan::holding(work::CREATE_IMAGE, vec![source])
        .making(vec![id.clone()])
        .then(ecs::Effect::AddImage(image));
    let event = call.cloud.start(plan);
    Ok(json!({"Data": {"EventId": event, "ImageId": id}}))
}

fn copy(call: &mut Call) -> Result<Json, Refusal> {
    let source = filled(call, "SnapshotId")?.to_owned();
    let zone = call.edge_zone("AvailableZoneCode")?.code;
    let snapshot = call.cloud.idle_snapshot(&source)?.clone();
    if snapshot.zone == zone {
        return Err(Refusal::new(
            "InvalidOperation",
            format!("The snapshot {source} is in {zone} already"),
        ));
    }
    let of_disk = Source {
        id: &snapshot.disk_id,
        name: &snapshot.disk_name,
        size: snapshot.disk_size,
        system: snapshot.system.as_ref(),
    };
    let id = add(
        call.cloud,
        of_disk,
        zone,
        Some(snapshot.name.clone()),
        snapshot.kept_days,
    );
    let plan = Plan::holding(work::COPY, vec![id.clone(), source])
        .making(vec![id.clone()])
        .or_else(Effect::RemoveSnapshots {
            snapshots: vec![id.clone()],
        });
    let event = call.cloud.start(plan);
    Ok(json!({"Data": {"EventId": event, "SnapshotId": id}}))
}
