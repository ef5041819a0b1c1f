//! Templates: private images made of servers.

use super::{Call, Handler, page, started_with_data, written};
use crate::simulator::group::Template;
use crate::simulator::refusal::Refusal;
use crate::simulator::task::Work;
use crate::simulator::world::Plan;
use serde_json::{Value as Json, json};

pub(super) const ACTIONS: &[(&str, Handler)] = &[
    ("CreateTemplate", create),
    ("DeleteTemplate", |call| in_zone(call, false)),
    ("SyncTemplate", |call| in_zone(call, true)),
    ("DescribeTemplateInfo", describe),
];

fn create(call: &mut Call) -> Result<Json, Refusal> {
    let source = call.params.required("InstanceId").to_owned();
    let instance = call.world.idle(&source)?.clone();
    let region = call.world.vdc(&instance.vdc_id)?.region.clone();
    let id = call.world.ids.uuid();
    let name = call.params.required("DisplayName").to_owned();
    // The task is about the template, but the server is held all the same.
    let plan = Plan::holding(Work::TEMPLATE, vec![source]).making(vec![id.clone()]);
    let task = call.world.start(plan, move |world| {
        let created = world.now();
        let (image, system_size) = (instance.image, instance.system.size);
        world.templates.push(Template { id, name, image, system_size, regions: vec![region], created });
    });
    Ok(started_with_data(task))
}

/// Copies a template into a zone, or takes it away there; one that is nowhere is gone.
fn in_zone(call: &mut Call, copy: bool) -> Result<Json, Refusal> {
    call.zone("RegionId")?;
    let (id, region) = (call.params.required("TemplateId").to_owned(), call.params.required("RegionId").to_owned());
    let missing = || Refusal::new("InvalidLaunchTemplateVersion.NotFound", format!("There is no template {id:?} there"));
    let template = call.world.templates.iter().find(|template| template.id == id).ok_or_else(missing)?;
    if !copy && !template.regions.contains(&region) {
        return Err(missing());
    }
    let task = call.world.start(Plan::about(Work::TEMPLATE, vec![id.clone()]), move |world| {
        for template in world.templates.iter_mut().filter(|template| template.id == id) {
            template.regions.retain(|known| *known != region);
            if copy {
                template.regions.push(region.clone());
            }
        }
        world.templates.retain(|template| !template.regions.is_empty());
    });
    Ok(started_with_data(task))
}

fn describe(call: &mut Call) -> Result<Json, Refusal> {
    let params = call.params;
    let keyword = params.text("Keyword").unwrap_or_default();
    let found: Vec<_> = call.world.templates.iter().filter(|template| template.name.contains(keyword)).collect();
    let number = params.count("PageNumber").filter(|number| *number > 0);
    let number = number.ok_or_else(|| call.malformed("PageNumber", "pages count from 1"))?;
    let size =
        params.count("PageSize").filter(|size| *size > 0).ok_or_else(|| call.malformed("PageSize", "it must be positive"))?;
    let (shown, pages) = page(found, number, size);
    let shown: Vec<_> = shown.into_iter().map(|template| described(call, template)).collect();
    Ok(json!({"Data": {"TotalPage": pages, "TemplateList": shown}}))
}

fn described(call: &Call, template: &Template) -> Json {
    let region = |id: &String| json!({"Status": "normal", "RegionId": id, "RegionName": super::public::zone_name(call.action, id)});
    json!({
        "TemplateId": template.id,
        "Name": template.name,
        "Status": "normal",
        "OSType": template.image,
        "Count": template.regions.len(),
        "Region": template.regions.iter().map(region).collect::<Vec<_>>(),
        "CreateTime": written(template.created),
    })
}
