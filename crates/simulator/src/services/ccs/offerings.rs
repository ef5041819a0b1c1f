//! What is on sale, and how tasks stand.

use crate::cloud::call::{Call, Handler};
use crate::cloud::refusal::Refusal;
use crate::cloud::service::Elsewhere;
use crate::cloud::task::{Dialect, Stage, Task};
use cumulua_core::catalog::{Action, KnownValue, Labelled};
use serde_json::{Value as Json, json};

pub(super) const ACTIONS: &[(&str, Handler)] = &[
    ("DescribeTask", task),
    ("DescribeAvailableResource", on_sale),
    ("DescribeInstanceType", sizes),
];

/// The vendor's Go client and its controller for Kubernetes ask at `/vpc` how tasks of VPCs stand.
pub(super) const ELSEWHERE: &[Elsewhere] = &[Elsewhere {
    path: "/vpc",
    action: "DescribeTask",
    handler: task_of_vpc,
}];

/// How many instance types a zone sells: the first ones of the document's table.
const TYPES_ON_SALE: usize = 8;

fn task(call: &mut Call) -> Result<Json, Refusal> {
    let id = call.params.required("TaskId");
    let tasks = &call.cloud.tasks;
    let task = tasks
        .get(Dialect::CdsTask, id)
        .ok_or_else(|| call.malformed("TaskId", &format!("there is no task {id:?}")))?;
    let mut answer = view(task, tasks.status(task));
    // The document has no field for the reason; the text is the only place for it.
    if let Some(reason) = task
        .failure
        .as_ref()
        .filter(|_| tasks.stage(task) == Stage::Failed)
    {
        answer["Message"] = json!(reason);
    }
    Ok(answer)
}

/// The same in the words of these clients, which look for `success` and `error`; no document has
/// it.
fn task_of_vpc(call: &mut Call) -> Result<Json, Refusal> {
    let mut answer = task(call)?;
    let tasks = &call.cloud.tasks;
    let stage = tasks
        .get(Dialect::CdsTask, call.params.required("TaskId"))
        .map_or(Stage::Failed, |task| tasks.stage(task));
    answer["Data"]["TaskStatus"] = json!(match stage {
        Stage::Waiting | Stage::Working => "doing",
        Stage::Done => "success",
        Stage::Failed => "error",
    });
    Ok(answer)
}

fn view(task: &Task, status: &str) -> Json {
    json!({
        "Data": {
            "Status": status,
            "ResourceId": task.resources.first(),
            "ResourceIds": task.resources,
            "TaskType": task.kind,
        },
        "TaskId": task.id,
    })
}

fn on_sale(call: &mut Call) -> Result<Json, Refusal> {
    call.zone("RegionId")?;
    let region = call.params.required("RegionId");
    let types: Vec<_> = table(call.action, "InstanceType")
        .iter()
        .take(TYPES_ON_SALE)
        .map(|kind| offering(call, kind))
        .collect();
    let bandwidths = table(call.action, "Bandwidth").iter().map(|bandwidth| {
        json!({
            "BillingMethod": [
                {"MaxQos": 51200, "Key": "DataPackage"},
                {"MaxQos": 500, "Key": "BandwIdth"},
                {"MaxQos": 500, "Key": "Traffic"},
            ],
            "Type": bandwidth.value,
        })
    });
    Ok(json!({"Data": {
        "RegionId": region,
        "RegionName": zone_name(call.action, region),
        "RegionStatus": "1",
        "RegionStatusZh": "正常",
        "WanGoods": bandwidths.collect::<Vec<_>>(),
        "InstanceGoods": types,
    }}))
}

fn offering(call: &Call, kind: &Labelled) -> Json {
    let images = table(call.action, "PublicImage").iter().map(|image| {
        let system = image
            .value
            .as_str()
            .and_then(|id| id.split('_').next())
            .unwrap_or_default()
            .to_lowercase();
        json!({"GicDisplayName": image.label, "ImageType": system, "ImageId": image.value})
    });
    json!({
        "InstanceType": kind.value,
        "ImageGoods": {"PublicImage": images.collect::<Vec<_>>(), "PrivateImages": null},
        "DiskGoods": [
            {"MinSize": 100, "MaxSize": super::new_disks::MAX_DATA_DISK, "Type": "high_disk", "Step": 100},
            {"MinSize": 50, "MaxSize": super::new_disks::MAX_DATA_DISK, "Type": "ssd_disk", "Step": 50},
        ],
        "SystemDiskGoods": [
            {"MinSize": 0, "MaxSize": super::new_disks::MAX_SYSTEM_DISK, "Type": "system_disk", "Step": 10},
            {"MinSize": 0, "MaxSize": super::new_disks::MAX_SYSTEM_DISK, "Type": "ssd_system_disk", "Step": 10},
        ],
    })
}

/// The sizes of a type: one to eight GB a CPU, out of the sizes that a server can have.
fn sizes(call: &mut Call) -> Result<Json, Refusal> {
    call.zone("RegionId")?;
    let kind = call.params.required("InstanceType");
    let unsold = || {
        Refusal::new(
            "InvalidInstanceType.ValueUnauthorized",
            format!("There is no instance type {kind}"),
        )
    };
    call.in_table("InstanceType", kind, unsold)?;
    let values = |name: &str| -> Vec<u64> {
        let create = call.action.service.action("CreateInstance");
        let values = create
            .and_then(|action| action.param(name))
            .map_or(&[][..], |param| &param.values);
        values
            .iter()
            .map(KnownValue::value)
            .filter_map(Json::as_u64)
            .collect()
    };
    let (cpus, rams) = (values("Cpu"), values("Ram"));
    let mut sizes = Vec::new();
    for cpu in cpus {
        for ram in rams.iter().filter(|ram| (cpu..=cpu * 8).contains(*ram)) {
            sizes.push(json!({"Cpu": cpu, "Ram": ram, "Name": format!("{cpu}核{ram}G")}));
        }
    }
    Ok(json!({"Data": sizes}))
}

/// A zone as the vendor calls it.
pub(super) fn zone_name(action: &Action, id: &str) -> String {
    let zone = table(action, "Region").iter().find(|zone| zone.value == id);
    zone.map_or_else(
        || id.to_owned(),
        |zone| zone.term.clone().unwrap_or_else(|| zone.label.clone()),
    )
}

fn table<'a>(action: &'a Action, name: &str) -> &'a [Labelled] {
    action
        .product
        .tables
        .get(name)
        .map_or(&[], |table| &table.values)
}
