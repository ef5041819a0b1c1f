//! Images: public ones, and private ones made of servers and snapshots.

use super::answers::started;
use super::arguments::{filled, ids, ids_in_text};
use super::state::{ECS, Image};
use super::{Effect, Os, work, zones};
use crate::cloud::call::{Call, Handler};
use crate::cloud::format::format_time;
use crate::cloud::ids as chance;
use crate::cloud::refusal::Refusal;
use crate::cloud::state::Cloud;
use crate::cloud::task::Plan;
use serde_json::{Value as Json, json};
use std::collections::HashSet;

pub(super) const ACTIONS: &[(&str, Handler)] = &[
    ("DescribeImages", describe),
    ("CreateImage", create),
    ("DeleteImage", delete),
    ("SyncImage", sync),
];

/// Public images: name, system, version, size in GB, driver.
const PUBLIC: &[(&str, &str, &str, u64, &str)] = &[
    ("Ubuntu 20.04 64位", "Ubuntu", "20.04", 24, "Datacenter"),
    ("Centos 7.4 64位", "Centos", "7.4", 24, ""),
    ("Ubuntu 18.04 64位", "Ubuntu", "18.04", 24, ""),
    (
        "Windows 10 64位-GPU-Geforce",
        "Windows",
        "10",
        40,
        "Geforce",
    ),
    ("Windows Server 2019 64位", "Windows", "2019", 40, ""),
];

/// When public images were made: the time of the document's example.
const PUBLIC_SINCE: &str = "2022-01-24 17:46:17";

/// The public images; every zone has all of them.
fn public() -> impl Iterator<Item = Os> {
    (1..)
        .zip(PUBLIC)
        .map(|(number, (name, kind, version, size, driver))| Os {
            // The first one is the example of the document.
            image_id: if number == 1 {
                "667a49df-20ff-4569-9cdc-35180b28d16f".to_owned()
            } else {
                chance::uuid(0, "public image", number)
            },
            image_name: (*name).to_owned(),
            kind: (*kind).to_owned(),
            version: (*version).to_owned(),
            bits: 64,
            size: *size,
            driver: (*driver).to_owned(),
        })
}

/// The system of an image that is meant by its id or its name, if a zone has it.
pub(super) fn system_of(cloud: &Cloud, meant: &str, zone: &str) -> Result<Os, Refusal> {
    if let Some(os) = public().find(|os| os.image_id == meant || os.image_name == meant) {
        return Ok(os);
    }
    let by_name = || {
        cloud[ECS]
            .images
            .iter()
            .find(|image| image.name == meant && image.zones.iter().any(|own| own == zone))
    };
    let image = cloud[ECS]
        .images
        .get(meant)
        .or_else(by_name)
        .filter(|image| image.zones.iter().any(|own| own == zone));
    let image = image.ok_or_else(|| {
        Refusal::new(
            "InvalidImage.NotFound",
            format!("There is no image {meant} in {zone}"),
        )
    })?;
    Ok(Os {
        image_id: image.id.clone(),
        image_name: image.name.clone(),
        ..image.os.clone()
    })
}

fn describe(call: &mut Call) -> Result<Json, Refusal> {
    let zone = call
        .edge_zone_if_given("AvailableZoneCode")?
        .map(|zone| zone.code);
    let wanted = ids_in_text(call, "ImageIds")?;
    let cloud = &*call.cloud;
    if let Some(missing) = wanted
        .iter()
        .flatten()
        .find(|id| !cloud[ECS].images.contains(id) && !public().any(|os| os.image_id == **id))
    {
        return Err(Refusal::new(
            "InvalidImage.NotFound",
            format!("There is no image {missing}"),
        ));
    }
    let wanted: Option<HashSet<String>> = wanted.map(|ids| ids.into_iter().collect());
    let is_wanted = |id: &str| wanted.as_ref().is_none_or(|ids| ids.contains(id));
    let mut views = Vec::new();
    for place in zones(call.action).filter(|place| zone.is_none_or(|code| code == place.code)) {
        let entry = |id: &str, name: &str, kind: &str, os: &Os, created: &str| {
            json!({
                "TemplateType": kind, "ImageId": id, "ImageName": name, "Status": "running", "StatusDisplay": "可用",
                "OsType": os.kind, "OsVersion": os.version, "OsBit": os.bits, "OsSize": os.size,
                "Username": if os.is_windows() { "administrator" } else { "root" },
                "SupportType": [if os.driver.is_empty() { "cpu" } else { "gpu" }], "SupportGpuDriver": os.driver,
                "AzId": place.id(), "AzName": place.name, "AvailableZoneCode": place.code, "CreateTime": created,
            })
        };
        let held = cloud[ECS]
            .images
            .iter()
            .filter(|image| image.zones.iter().any(|code| code == place.code));
        views.extend(held.filter(|image| is_wanted(&image.id)).map(|image| {
            entry(
                &image.id,
                &image.name,
                "private",
                &image.os,
                &format_time(image.created),
            )
        }));
        let public = public().filter(|os| is_wanted(&os.image_id));
        views.extend(
            public.map(|os| entry(&os.image_id, &os.image_name, "public", &os, PUBLIC_SINCE)),
        );
    }
    Ok(
        json!({"PageNumber": 1, "PageSize": views.len(), "TotalCount": views.len(), "Data": {"ImageList": views}}),
    )
}

fn create(call: &mut Call) -> Result<Json, Refusal> {
    let (source, name) = (
        filled(call, "EcsId")?.to_owned(),
        filled(call, "Name")?.to_owned(),
    );
    let server = call.cloud.idle_ecs_server(&source)?.clone();
    let id = call.cloud.ids.short("img");
    let image = Image {
        id: id.clone(),
        name,
        os: server.os,
        zones: vec![server.zone],
        created: call.cloud.now(),
    };
    let plan = Plan::holding(work::CREATE_IMAGE, vec![source])
        .making(vec![id.clone()])
        .then(Effect::AddImage(image));
    let event = call.cloud.start(plan);
    Ok(json!({"Data": {"EventId": event, "ImageId": id}}))
}

/// A private image that no task works on.
fn idle_image<'a>(call: &'a Call, id: &str) -> Result<&'a Image, Refusal> {
    if public().any(|os| os.image_id == id) {
        return Err(Refusal::new(
            "InvalidOperation",
            format!("The image {id} is public"),
        ));
    }
    let image = call.cloud[ECS].images.get(id);
    let image = image
        .ok_or_else(|| Refusal::new("InvalidImage.NotFound", format!("There is no image {id}")))?;
    if call.cloud.tasks.holder(id).is_some() {
        return Err(Refusal::new(
            "InvalidOperation",
            format!("A task works on the image {id}"),
        ));
    }
    Ok(image)
}

fn delete(call: &mut Call) -> Result<Json, Refusal> {
    let images = ids(call, "ImageIds")?;
    let zone = call
        .edge_zone_if_given("AvailableZoneCode")?
        .map(|zone| zone.code.to_owned());
    for id in &images {
        let image = idle_image(call, id)?;
        if let Some(zone) = zone.as_ref().filter(|zone| !image.zones.contains(zone)) {
            return Err(Refusal::new(
                "InvalidImage.NotFound",
                format!("There is no image {id} in {zone}"),
            ));
        }
    }
    let plan = Plan::holding(work::DELETE_IMAGE, images.clone())
        .then(Effect::RemoveImages { images, zone });
    Ok(started(&call.cloud.start(plan)))
}

fn sync(call: &mut Call) -> Result<Json, Refusal> {
    let id = filled(call, "ImageId")?.to_owned();
    let zones = ids(call, "AvailableZoneCodes")?;
    for zone in &zones {
        call.zone_of_code(zone)?;
    }
    idle_image(call, &id)?;
    let plan = Plan::holding(work::SYNC_IMAGE, vec![id.clone()])
        .then(Effect::CopyImage { image: id, zones });
    Ok(started(&call.cloud.start(plan)))
}
