//! Events: how the tasks of elastic servers and of their disks stand.

use super::arguments::filled;
use crate::cloud::call::{Call, Handler};
use crate::cloud::format::format_time;
use crate::cloud::ids;
use crate::cloud::refusal::Refusal;
use crate::cloud::state::Cloud;
use crate::cloud::task::{Dialect, Stage, Task};
use serde_json::{Value as Json, json};

pub(super) const ACTIONS: &[(&str, Handler)] =
    &[("DescribeEvent", |call| describe(call, Dialect::EcsEvent))];

/// What the document calls a kind of event; it names `create_ecs` and `unmount_disk`.
fn kind_display(kind: &str) -> &'static str {
    match kind {
        "create_ecs" => "创建云服务器",
        "delete_ecs" => "删除云服务器",
        "start_up_ecs" => "开机",
        "shutdown_ecs" => "关机",
        "restart_ecs" => "重启",
        "hard_shutdown_ecs" => "断电",
        "reset_password" => "修改密码",
        "create_image" => "创建镜像",
        "delete_image" => "删除镜像",
        "sync_image" => "同步镜像",
        "create_disk" => "创建云盘",
        "delete_disk" => "删除云盘",
        "mount_disk" => "挂载云盘",
        "unmount_disk" => "卸载云盘",
        "extend_disk" => "扩容云盘",
        "create_snapshot" => "创建快照",
        "delete_snapshot" => "删除快照",
        "rollback_disk" => "回滚云盘",
        "copy_snapshot" => "复制快照",
        _ => "",
    }
}

/// The kind of a resource, and what the document calls it, by the beginning of its id.
fn resource_kind(id: &str) -> (&'static str, &'static str) {
    match id {
        id if id.starts_with("disk-") => ("disk", "云盘"),
        id if id.starts_with("s-disk-") => ("snapshot", "快照"),
        id if id.starts_with("img-") => ("image", "镜像"),
        _ => ("ecs", "云服务器"),
    }
}

/// How an event of one of the two services stands.
pub(crate) fn describe(call: &mut Call, dialect: Dialect) -> Result<Json, Refusal> {
    let id = filled(call, "EventId")?;
    let cloud = &*call.cloud;
    let missing = || Refusal::new("InvalidEvent.NotFound", format!("There is no event {id}"));
    // Clients of the vendor ask one of the services for the events of both.
    let dialects = [dialect, Dialect::EcsEvent, Dialect::EbsEvent];
    let task = dialects
        .into_iter()
        .find_map(|dialect| cloud.tasks.get(dialect, id))
        .ok_or_else(missing)?;
    let mut answer = view(cloud, task);
    // The document has no field for the reason; the text is the only place for it.
    if let Some(reason) = task
        .failure
        .as_ref()
        .filter(|_| cloud.tasks.stage(task) == Stage::Failed)
    {
        answer["Msg"] = json!(reason);
    }
    Ok(answer)
}

fn view(cloud: &Cloud, event: &Task) -> Json {
    let status = cloud.tasks.status(event);
    let display = match cloud.tasks.stage(event) {
        Stage::Waiting | Stage::Working => "进行中",
        Stage::Done => "成功",
        Stage::Failed => "失败",
    };
    let (kind, created) = (event.kind.as_str(), format_time(event.created));
    let ended = event.ended().map(format_time);
    let tasks = (0..).zip(&event.resources).map(|(number, resource)| {
        let (resource_type, resource_display) = resource_kind(resource);
        json!({
            "TaskId": ids::uuid(cloud.ids.seed(), &event.id, number),
            "Status": status,
            "StatusDisplay": display,
            "ResourceId": resource,
            "CreateTime": created,
            "UpdateTime": ended.as_ref().unwrap_or(&created),
            "EndTime": ended.as_deref().unwrap_or_default(),
            "ResourceType": resource_type,
            "ResourceDisplay": resource_display,
            "TaskType": kind,
            "TaskTypeDisplay": kind_display(kind),
        })
    });
    json!({"Data": {
        "EventId": event.id,
        "EventStatus": status,
        "EventStatusDisplay": display,
        "EventType": kind,
        "EventTypeDisplay": kind_display(kind),
        "CreateTime": created,
        "TaskList": tasks.collect::<Vec<_>>(),
    }})
}
