//! Templates: private images made of servers.

use super::answers::started_with_data;
use super::state::{CCS, DiskPlan, Power, Template};
use super::{Effect, work};
use crate::cloud::call::{Call, Handler};
use crate::cloud::format::format_time;
use crate::cloud::listing::{Comparison, Filter, Listing};
use crate::cloud::refusal::Refusal;
use crate::cloud::task::Plan;
use serde_json::{Value as Json, json};

pub(super) const ACTIONS: &[(&str, Handler)] = &[
    ("CreateTemplate", create),
    ("DeleteTemplate", |call| in_zone(call, false)),
    ("SyncTemplate", |call| in_zone(call, true)),
];

fn create(call: &mut Call) -> Result<Json, Refusal> {
    let source = call.params.required("InstanceId").to_owned();
    let instance = call.cloud.idle_instance(&source)?.clone();
    let region = call.cloud.vdc(&instance.vdc_id)?.region.clone();
    // "Made with the server running" is about one that runs.
    let power = if call.params.flag("PowerOn") == Some(true) {
        Power::Running
    } else {
        Power::Stopped
    };
    if instance.power != power {
        let status = call.cloud.instance_status(&instance);
        return Err(Refusal::new(
            "IncorrectInstanceStatus",
            format!("The server {source} is {status}, PowerOn says otherwise"),
        ));
    }
    let goes_along = call.params.flag("WithDataDisk") != Some(false);
    let disks = instance
        .disks
        .into_iter()
        .filter(|_| goes_along)
        .map(DiskPlan::from)
        .collect();
    let id = call.cloud.ids.uuid();
    let name = call.params.required("DisplayName").to_owned();
    // The task is about the template, but the server is held all the same.
    let plan = Plan::holding(work::TEMPLATE, vec![source]).making(vec![id.clone()]);
    let effect = Effect::MakeTemplate {
        id,
        name,
        image: instance.image,
        system_size: instance.system.size,
        disks,
        region,
    };
    Ok(started_with_data(&call.cloud.start(plan.then(effect))))
}

/// Copies a template into a zone, or takes it away there; one that is nowhere is gone.
fn in_zone(call: &mut Call, copy: bool) -> Result<Json, Refusal> {
    call.zone("RegionId")?;
    let (id, region) = (
        call.params.required("TemplateId").to_owned(),
        call.params.required("RegionId").to_owned(),
    );
    let missing = || {
        Refusal::new(
            "InvalidLaunchTemplateVersion.NotFound",
            format!("There is no template {id:?} there"),
        )
    };
    let template = call.cloud[CCS].templates.get(&id).ok_or_else(missing)?;
    if !copy && !template.regions.contains(&region) {
        return Err(missing());
    }
    let plan = Plan::about(work::TEMPLATE, vec![id.clone()]);
    let effect = if copy {
        Effect::CopyTemplate {
            template: id,
            region,
        }
    } else {
        Effect::TakeTemplate {
            template: id,
            region,
        }
    };
    Ok(started_with_data(&call.cloud.start(plan.then(effect))))
}

pub(super) const TEMPLATES: Listing = Listing {
    action: "DescribeTemplateInfo",
    rows: |call| {
        call.cloud[CCS]
            .templates
            .iter()
            .map(|template| view(call, template))
            .collect()
    },
    filters: &[Filter {
        parameter: "Keyword",
        field: "Name",
        comparison: Comparison::Contains,
    }],
    page_size: 10,
};

fn view(call: &Call, template: &Template) -> Json {
    let region = |id: &String| json!({"Status": "normal", "RegionId": id, "RegionName": super::offerings::zone_name(call.action, id)});
    json!({
        "TemplateId": template.id,
        "Name": template.name,
        "Status": "normal",
        "OSType": template.image,
        "Count": template.regions.len(),
        "Region": template.regions.iter().map(region).collect::<Vec<_>>(),
        "CreateTime": format_time(template.created),
    })
}
