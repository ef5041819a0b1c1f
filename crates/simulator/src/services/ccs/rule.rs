//! Rules of security groups.

use super::answers::{done_at_once, started_with_data};
use super::security_group::group;
use super::state::{Rule, SecurityGroup};
use super::{Effect, work};
use crate::cloud::addresses::Range;
use crate::cloud::call::{Call, Handler};
use crate::cloud::format::format_time;
use crate::cloud::refusal::Refusal;
use crate::cloud::task::Plan;
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use std::net::Ipv4Addr;

pub(super) const ACTIONS: &[(&str, Handler)] = &[
    ("DescribeSecurityGroupAttribute", describe),
    ("AddSecurityGroupRule", add),
    ("RemoveSecurityGroupRule", remove),
    ("ModifySecurityGroupRule", modify),
    ("ModifySecurityGroupRulePriority", prioritise),
];

fn describe(call: &mut Call) -> Result<Json, Refusal> {
    let wanted = call.params.text("RuleId").filter(|id| !id.is_empty());
    let group = group(call)?;
    let rules: Vec<_> = group
        .rules
        .iter()
        .filter(|rule| wanted.is_none_or(|id| rule.id == id))
        .map(view)
        .collect();
    Ok(json!({
        "Data": {
            "SecurityGroupType": group.kind,
            "SecurityGroupName": group.name,
            "SecurityGroupRuleCount": group.rules.len(),
            "SecurityGroupRules": rules,
        },
        "TaskId": "",
    }))
}

fn view(rule: &Rule) -> Json {
    json!({
        "Status": "ok",
        "RuleId": rule.id,
        "Description": rule.description,
        "TargetAddress": rule.target_address,
        "TargetPort": rule.target_port,
        "LocalPort": rule.local_port,
        "Direction": rule.direction,
        "Protocol": rule.protocol,
        "Type": rule.kind,
        "Priority": rule.priority,
        "Action": u8::from(rule.allows),
        "CreateTime": format_time(rule.created),
    })
}

fn add(call: &mut Call) -> Result<Json, Refusal> {
    let params = call.params;
    let group_id = group(call)?.id.clone();
    let target = params.required("TargetAddress");
    if params.required("RuleType") == "ip" && !is_address(target) {
        return Err(call.malformed("TargetAddress", "it is neither an address nor a range"));
    }
    for name in ["TargetPort", "LocalPort"] {
        if params.text(name).is_some_and(|port| !is_port(port)) {
            return Err(call.malformed(name, "it is not a port"));
        }
    }
    let id = call.cloud.ids.uuid();
    let text = |name: &str| params.text(name).unwrap_or_default().to_owned();
    let rule = Rule {
        id: id.clone(),
        description: text("Description"),
        target_address: text("TargetAddress"),
        target_port: text("TargetPort"),
        local_port: text("LocalPort"),
        direction: text("Direction"),
        protocol: text("Protocol"),
        kind: text("RuleType"),
        priority: params.required("Priority").parse().unwrap_or(1),
        allows: params.required("Action") == "1",
        created: call.cloud.now(),
    };
    let plan = Plan::about(work::SECURITY_GROUP, vec![id]).then(Effect::AddRule {
        group: group_id,
        rule,
    });
    Ok(started_with_data(&call.cloud.start(plan)))
}

/// Several of something: the vendor's clients separate them by semicolons, and the document says
/// nothing.
fn several(text: &str) -> impl Iterator<Item = &str> {
    text.split(';').map(str::trim)
}

/// A port, a range of ports, or several of either; 0 is all of them.
pub(super) fn is_port(text: &str) -> bool {
    let mut ports = several(text).flat_map(|part| part.split('-'));
    ports.all(|port| port.trim().parse::<u16>().is_ok())
}

/// An address, a range of addresses, or several of either.
pub(super) fn is_address(text: &str) -> bool {
    several(text).all(|part| part.parse::<Ipv4Addr>().is_ok() || part.parse::<Range>().is_ok())
}

fn remove(call: &mut Call) -> Result<Json, Refusal> {
    let ids: Vec<String> = call
        .params
        .texts("RuleIds")
        .into_iter()
        .map(str::to_owned)
        .collect();
    let group = group(call)?;
    for id in &ids {
        own_rule(group, id)?;
    }
    let effect = Effect::RemoveRules {
        group: group.id.clone(),
        rules: ids.clone(),
    };
    Ok(started_with_data(&call.cloud.start(
        Plan::about(work::SECURITY_GROUP, ids).then(effect),
    )))
}

fn modify(call: &mut Call) -> Result<Json, Refusal> {
    let (id, description) = (
        call.params.required("RuleId"),
        call.params.required("Description"),
    );
    own_rule(group(call)?, id)?.description = description.to_owned();
    Ok(done_at_once())
}

fn prioritise(call: &mut Call) -> Result<Json, Refusal> {
    let entries = call.params.objects("BindData");
    let group = group(call)?;
    let mut priorities = BTreeMap::new();
    for entry in entries {
        let rule = own_rule(group, entry.required("RuleId"))?;
        priorities.insert(
            rule.id.clone(),
            entry.count("Priority").unwrap_or(rule.priority),
        );
    }
    let plan = Plan::about(work::SECURITY_GROUP, priorities.keys().cloned().collect());
    let effect = Effect::PrioritiseRules {
        group: group.id.clone(),
        priorities,
    };
    Ok(started_with_data(&call.cloud.start(plan.then(effect))))
}

fn own_rule<'a>(group: &'a mut SecurityGroup, id: &str) -> Result<&'a mut Rule, Refusal> {
    let missing = || {
        Refusal::new(
            "InvalidSecurityGroupRuleId.NotFound",
            format!("The security group has no rule {id:?}"),
        )
    };
    group
        .rules
        .iter_mut()
        .find(|rule| rule.id == id)
        .ok_or_else(missing)
}
