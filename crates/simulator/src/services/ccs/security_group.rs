//! Security groups and the interfaces in them.

use super::answers::{done_at_once, started_with_data};
use super::state::{CCS, SecurityGroup};
use super::{Effect, work};
use crate::cloud::call::{Call, Handler};
use crate::cloud::format::format_time;
use crate::cloud::refusal::Refusal;
use crate::cloud::state::Cloud;
use crate::cloud::task::Plan;
use serde_json::{Value as Json, json};
use std::collections::{BTreeMap, BTreeSet};

pub(super) const ACTIONS: &[(&str, Handler)] = &[
    ("CreateSecurityGroup", create),
    ("DeleteSecurityGroup", delete),
    ("ForceDeleteSecurityGroup", force_delete),
    ("ModifySecurityGroupAttribute", modify),
    ("DescribeSecurityGroups", describe),
    ("JoinSecurityGroup", |call| bind(call, true)),
    ("LeaveSecurityGroup", |call| bind(call, false)),
];

/// The group that `SecurityGroupId` names.
pub(super) fn group<'a>(call: &'a mut Call) -> Result<&'a mut SecurityGroup, Refusal> {
    let id = call.params.required("SecurityGroupId");
    let missing = || {
        Refusal::new(
            "InvalidSecurityGroupId.NotFound",
            format!("There is no security group {id:?}"),
        )
    };
    call.cloud[CCS]
        .security_groups
        .get_mut(id)
        .ok_or_else(missing)
}

fn create(call: &mut Call) -> Result<Json, Refusal> {
    let params = call.params;
    if params.required("SecurityGroupName").trim().is_empty() {
        return Err(call.malformed("SecurityGroupName", "it is empty"));
    }
    let (id, now) = (call.cloud.ids.uuid(), call.cloud.now());
    call.cloud[CCS].security_groups.insert(SecurityGroup {
        id,
        name: params.required("SecurityGroupName").to_owned(),
        description: params.required("Description").to_owned(),
        kind: params.required("SecurityGroupType").to_owned(),
        rules: Vec::new(),
        interfaces: BTreeMap::new(),
        created: now,
        updated: now,
    });
    Ok(done_at_once())
}

fn delete(call: &mut Call) -> Result<Json, Refusal> {
    let group = group(call)?;
    if !group.interfaces.is_empty() {
        return Err(Refusal::new(
            "InvalidSecurityGroupId.InUse",
            format!("The security group {} has interfaces in it", group.id),
        ));
    }
    let id = group.id.clone();
    call.cloud[CCS].security_groups.remove(&id);
    Ok(done_at_once())
}

fn force_delete(call: &mut Call) -> Result<Json, Refusal> {
    let id = group(call)?.id.clone();
    let plan =
        Plan::about(work::SECURITY_GROUP, vec![id.clone()]).then(Effect::RemoveGroup { group: id });
    Ok(started_with_data(&call.cloud.start(plan)))
}

fn modify(call: &mut Call) -> Result<Json, Refusal> {
    let (name, description) = (
        call.params.required("SecurityGroupName"),
        call.params.required("Description"),
    );
    let now = call.cloud.now();
    let group = group(call)?;
    (group.name, group.description, group.updated) = (name.to_owned(), description.to_owned(), now);
    Ok(done_at_once())
}

#[expect(clippy::unnecessary_wraps, reason = "handlers have one form")]
fn describe(call: &mut Call) -> Result<Json, Refusal> {
    let (params, cloud) = (call.params, &*call.cloud);
    let wanted = |name: &str| params.text(name).filter(|text| !text.is_empty());
    let (id, kind) = (wanted("SecurityGroupId"), wanted("SecurityGroupType"));
    let keyword = params.text("Keyword").unwrap_or_default();
    let found = cloud[CCS].security_groups.iter().filter(|group| {
        id.is_none_or(|id| id == group.id)
            && kind.is_none_or(|kind| kind == group.kind)
            && group.name.contains(keyword)
    });
    let groups: Vec<_> = found.map(|group| view(cloud, group)).collect();
    Ok(json!({"Data": {"SecurityGroupCount": groups.len(), "SecurityGroup": groups}, "TaskId": ""}))
}

fn view(cloud: &Cloud, group: &SecurityGroup) -> Json {
    let members: BTreeSet<_> = group.interfaces.values().collect();
    let vdcs: BTreeSet<_> = members
        .iter()
        .filter_map(|id| cloud[CCS].instances.get(id))
        .map(|server| &server.vdc_id)
        .collect();
    json!({
        "SecurityGroupId": group.id,
        "SecurityGroupName": group.name,
        "SecurityGroupType": group.kind,
        "Description": group.description,
        "BindInstanceCount": members.len(),
        "BindInterfaceCount": group.interfaces.len(),
        "BindVdcCount": vdcs.len(),
        "CreateTime": format_time(group.created),
        "UpdateTime": format_time(group.updated),
    })
}

/// Puts the interfaces of `BindData` into the group, or takes them out.
fn bind(call: &mut Call, join: bool) -> Result<Json, Refusal> {
    let group_id = group(call)?.id.clone();
    let mut interfaces = BTreeMap::new();
    let mut instances = Vec::new();
    for entry in call.params.objects("BindData") {
        let instance = call.cloud.idle_instance(entry.required("InstanceId"))?;
        let network = entry.text("PrivateId").or(entry.text("PublicId"));
        let mut wanted = instance
            .interfaces
            .iter()
            .filter(|own| network.is_none_or(|id| own.network == id))
            .peekable();
        if wanted.peek().is_none() {
            return Err(call.malformed("BindData", "the server has no interface in the network"));
        }
        interfaces.extend(wanted.map(|own| (own.id.clone(), instance.id.clone())));
        instances.push(instance.id.clone());
    }
    if interfaces.is_empty() {
        return Err(call.malformed("BindData", "it is empty"));
    }
    let effect = if join {
        Effect::JoinGroup {
            group: group_id,
            interfaces,
        }
    } else {
        Effect::LeaveGroup {
            group: group_id,
            interfaces,
        }
    };
    Ok(started_with_data(&call.cloud.start(
        Plan::about(work::SECURITY_GROUP, instances).then(effect),
    )))
}
