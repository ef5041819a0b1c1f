//! Network security groups, which have taken the place of security groups, with their rules and the
//! interfaces in them.

use super::rule::{is_address, is_port};
use super::state::{CCS, Member, MemberStatus, NetworkGroup, NetworkRule};
use super::{Effect, work};
use crate::cloud::call::{Call, Handler};
use crate::cloud::format::format_time;
use crate::cloud::params::Params;
use crate::cloud::refusal::Refusal;
use crate::cloud::state::Cloud;
use crate::cloud::task::Plan;
use serde_json::{Value as Json, json};
use std::collections::{BTreeMap, BTreeSet};

pub(super) const ACTIONS: &[(&str, Handler)] = &[
    ("CreateNSG", create),
    ("DeleteNSG", delete),
    ("ModifyNSGAttribute", rename),
    ("DescribeNSGs", describe_all),
    ("DescribeNSGAttribute", describe),
    ("DescribeNSGMembers", members),
    ("AddNSGRule", add_rule),
    ("RemoveNSGRule", remove_rule),
    ("ModifyNSGRule", change_rule),
    ("ModifyNSGRulePriority", prioritize),
    ("JoinNSG", join),
    ("LeaveNSG", leave),
];

/// The project of what names none.
const DEFAULT_PROJECT: &str = "0-0";
/// The port that stands for all.
const ALL_PORTS: &str = "0";

/// The group that `SecurityGroupId` names.
fn group<'a>(call: &'a mut Call) -> Result<&'a mut NetworkGroup, Refusal> {
    let id = call.params.required("SecurityGroupId");
    let missing = || {
        Refusal::new(
            "InvalidSecurityGroupId.NotFound",
            format!("There is no network security group {id:?}"),
        )
    };
    let groups = &mut call.cloud[CCS].network_groups;
    groups.get_mut(id).ok_or_else(missing)
}

fn create(call: &mut Call) -> Result<Json, Refusal> {
    let params = call.params;
    let name = named(call)?;
    let (id, now) = (call.cloud.ids.uuid(), call.cloud.now());
    let project = params.text("ProjectId").filter(|id| !id.is_empty());
    call.cloud[CCS].network_groups.insert(NetworkGroup {
        id: id.clone(),
        name,
        description: params.required("Description").to_owned(),
        kind: params.required("SecurityGroupType").to_owned(),
        project: project.unwrap_or(DEFAULT_PROJECT).to_owned(),
        rules: Vec::new(),
        members: BTreeMap::new(),
        created: now,
        updated: now,
    });
    Ok(json!({"Data": {"SecurityGroupId": id}, "TaskId": ""}))
}

/// A name that is not empty.
fn named(call: &Call) -> Result<String, Refusal> {
    let name = call.params.required("SecurityGroupName");
    if name.trim().is_empty() {
        return Err(call.malformed("SecurityGroupName", "it is empty"));
    }
    Ok(name.to_owned())
}

fn delete(call: &mut Call) -> Result<Json, Refusal> {
    let is_forced = call.params.flag("ForceDelete") == Some(true);
    let group = group(call)?;
    if !group.members.is_empty() && !is_forced {
        let message = format!(
            "The network security group {} has interfaces in it; ForceDelete deletes it all the same",
            group.id
        );
        return Err(Refusal::new("InvalidSecurityGroupId.InUse", message));
    }
    let id = group.id.clone();
    call.cloud[CCS].network_groups.remove(&id);
    Ok(done())
}

fn done() -> Json {
    json!({"Data": {}})
}

fn rename(call: &mut Call) -> Result<Json, Refusal> {
    let (name, now) = (named(call)?, call.cloud.now());
    let description = call.params.required("Description").to_owned();
    let group = group(call)?;
    (group.name, group.description, group.updated) = (name, description, now);
    Ok(json!({"Data": {}, "TaskId": ""}))
}

#[expect(clippy::unnecessary_wraps, reason = "handlers have one form")]
fn describe_all(call: &mut Call) -> Result<Json, Refusal> {
    let wanted = |name: &str| call.params.text(name).filter(|text| !text.is_empty());
    let (kind, project) = (wanted("SecurityGroupType"), wanted("ProjectId"));
    let keyword = wanted("Keyword").unwrap_or_default();
    let found = call.cloud[CCS].network_groups.iter().filter(|group| {
        kind.is_none_or(|kind| kind == group.kind)
            && project.is_none_or(|project| project == group.project)
            && group.name.contains(keyword)
    });
    let groups: Vec<Json> = found.map(view).collect();
    Ok(json!({"Data": {"SecurityGroupCount": groups.len(), "SecurityGroups": groups}}))
}

fn view(group: &NetworkGroup) -> Json {
    let servers: BTreeSet<_> = group
        .members
        .values()
        .map(|member| &member.server)
        .collect();
    json!({
        "SecurityGroupId": group.id,
        "SecurityGroupName": group.name,
        "SecurityGroupType": group.kind,
        "Description": group.description,
        "ProjectId": group.project,
        "InstanceCount": servers.len(),
        "InterfaceCount": group.members.len(),
        "CreateTime": format_time(group.created),
        "UpdateTime": format_time(group.updated),
    })
}

fn describe(call: &mut Call) -> Result<Json, Refusal> {
    let group = group(call)?;
    let mut rules: Vec<&NetworkRule> = group.rules.iter().collect();
    rules.sort_by_key(|rule| rule.priority);
    let quota: usize = rules.iter().map(|rule| rule.quota()).sum();
    Ok(json!({"Data": {
        "SecurityGroupId": group.id,
        "SecurityGroupName": group.name,
        "SecurityGroupType": group.kind,
        "Description": group.description,
        "ProjectId": group.project,
        "QuotaCount": quota,
        "RuleCount": rules.len(),
        "Rules": rules.into_iter().map(rule_view).collect::<Vec<_>>(),
        "CreateTime": format_time(group.created),
        "UpdateTime": format_time(group.updated),
    }}))
}

fn rule_view(rule: &NetworkRule) -> Json {
    json!({
        "RuleId": rule.id,
        "Description": rule.description,
        "Protocol": rule.protocol,
        "Action": rule.action,
        "Direction": rule.direction,
        "IpList": rule.addresses,
        "PortList": rule.ports,
        "Priority": rule.priority,
        "QuotaCount": rule.quota(),
        "CreateTime": format_time(rule.created),
        "UpdateTime": format_time(rule.updated),
    })
}

fn members(call: &mut Call) -> Result<Json, Refusal> {
    let members = group(call)?.members.clone();
    let cloud = &*call.cloud;
    let views = members.iter().filter_map(|(id, member)| {
        let server = cloud[CCS].instances.get(&member.server)?;
        let own = server.interfaces.iter().find(|own| own.id == *id)?;
        let address = own.address.map(|address| address.to_string());
        Some(json!({
            "InstanceId": server.id,
            "InstanceName": server.name,
            "InstanceStatus": cloud.instance_status(server),
            "InterfaceId": own.id,
            "InterfaceIpAddress": address.unwrap_or_default(),
            "InterfaceMac": own.mac,
            "InterfaceStatus": member.status,
        }))
    });
    let views: Vec<Json> = views.collect();
    Ok(json!({"Data": {"MemberCount": views.len(), "Members": views}}))
}

/// What a call gives a rule, where it does not fit refused.
fn give(call: &Call, rule: &mut NetworkRule) -> Result<(), Refusal> {
    let params = call.params;
    for (name, field) in [
        ("Description", &mut rule.description),
        ("Action", &mut rule.action),
        ("Protocol", &mut rule.protocol),
    ] {
        if let Some(text) = params.text(name) {
            text.clone_into(field);
        }
    }
    if let Some(direction) = params.count("Direction") {
        rule.direction = direction;
    }
    if let Some(priority) = params.count("Priority") {
        rule.priority = priority;
    }
    let given = |name: &str| params.has(name).then(|| params.several(name));
    if let Some(addresses) = given("IpList") {
        rule.addresses = addresses;
    }
    if let Some(ports) = given("PortList") {
        rule.ports = ports;
    }
    if rule.addresses.is_empty() || !rule.addresses.iter().all(|text| is_address(text)) {
        return Err(call.malformed("IpList", "it has no address, or what is none"));
    }
    let is_all = rule.ports == [ALL_PORTS];
    let has_ports = matches!(rule.protocol.as_str(), "TCP" | "UDP");
    if !is_all && !has_ports {
        return Err(call.malformed("PortList", "a protocol without ports has 0 alone"));
    }
    let are_ports = rule
        .ports
        .iter()
        .all(|text| is_port(text) && text != ALL_PORTS);
    if rule.ports.is_empty() || !(is_all || are_ports) {
        return Err(call.malformed("PortList", "it has no port, or what is none"));
    }
    Ok(())
}

/// Refuses a priority that two rules would have.
fn one_each(call: &Call, rules: &[NetworkRule]) -> Result<(), Refusal> {
    let mut taken = BTreeSet::new();
    if rules.iter().all(|rule| taken.insert(rule.priority)) {
        return Ok(());
    }
    Err(call.malformed("Priority", "another rule of the group has it"))
}

fn add_rule(call: &mut Call) -> Result<Json, Refusal> {
    let mut rules = group(call)?.rules.clone();
    let now = call.cloud.now();
    let mut rule = NetworkRule {
        id: call.cloud.ids.uuid(),
        created: now,
        updated: now,
        ..NetworkRule::default()
    };
    give(call, &mut rule)?;
    rules.push(rule);
    change(call, rules)
}

/// Where the rule that `RuleId` names stands among those of its group.
fn place(rules: &[NetworkRule], id: &str) -> Result<usize, Refusal> {
    let missing = || {
        Refusal::new(
            "InvalidSecurityGroupRuleId.NotFound",
            format!("The network security group has no rule {id:?}"),
        )
    };
    let mut ids = rules.iter().map(|rule| &rule.id);
    ids.position(|own| own == id).ok_or_else(missing)
}

fn remove_rule(call: &mut Call) -> Result<Json, Refusal> {
    let mut rules = group(call)?.rules.clone();
    rules.remove(place(&rules, call.params.required("RuleId"))?);
    change(call, rules)
}

fn change_rule(call: &mut Call) -> Result<Json, Refusal> {
    let mut rules = group(call)?.rules.clone();
    let now = call.cloud.now();
    let rule = place(&rules, call.params.required("RuleId"))?;
    give(call, &mut rules[rule])?;
    rules[rule].updated = now;
    change(call, rules)
}

/// Priorities can be exchanged in one call.
fn prioritize(call: &mut Call) -> Result<Json, Refusal> {
    let mut rules = group(call)?.rules.clone();
    let now = call.cloud.now();
    let entries: Vec<Params> = call.params.objects("Rules");
    for entry in entries {
        let rule = place(&rules, entry.required("RuleId"))?;
        if let Some(priority) = entry.count("Priority") {
            (rules[rule].priority, rules[rule].updated) = (priority, now);
        }
    }
    change(call, rules)
}

/// Gives a group these rules. Its interfaces take a while to follow them.
fn change(call: &mut Call, rules: Vec<NetworkRule>) -> Result<Json, Refusal> {
    one_each(call, &rules)?;
    let now = call.cloud.now();
    let group = group(call)?;
    (group.rules, group.updated) = (rules, now);
    let members: Vec<String> = group.members.keys().cloned().collect();
    follow(call, &members)
}

/// Lets interfaces of a group follow its rules after a while.
fn follow(call: &mut Call, interfaces: &[String]) -> Result<Json, Refusal> {
    let group = group(call)?;
    for id in interfaces {
        if let Some(member) = group.members.get_mut(id) {
            member.status = MemberStatus::Syncing;
        }
    }
    let group = group.id.clone();
    let set = |to| Effect::SetMembers {
        group: group.clone(),
        interfaces: interfaces.to_vec(),
        to,
    };
    let plan = Plan::about(work::NETWORK_GROUP, interfaces.to_vec());
    let plan = plan.then(set(MemberStatus::Ok));
    call.cloud.start(plan.or_else(set(MemberStatus::Error)));
    Ok(done())
}

/// The interfaces that `InterfaceIds` names, each with its server.
fn interfaces(call: &Call) -> Result<BTreeMap<String, String>, Refusal> {
    let mut found = BTreeMap::new();
    for id in call.params.several("InterfaceIds") {
        let owner = owner(call.cloud, &id).ok_or_else(|| {
            Refusal::new(
                "InvalidInterfaceID.Malformed",
                format!("No server has an interface {id:?}"),
            )
        })?;
        found.insert(id, owner);
    }
    if found.is_empty() {
        return Err(call.malformed("InterfaceIds", "it names no interface"));
    }
    Ok(found)
}

/// The server that an interface is of.
fn owner(cloud: &Cloud, interface: &str) -> Option<String> {
    let mut servers = cloud[CCS].instances.iter();
    let has = |own: &super::state::Interface| own.id == interface;
    let server = servers.find(|server| server.interfaces.iter().any(has));
    server.map(|server| server.id.clone())
}

fn join(call: &mut Call) -> Result<Json, Refusal> {
    group(call)?;
    let interfaces = interfaces(call)?;
    let ids: Vec<String> = interfaces.keys().cloned().collect();
    let group = group(call)?;
    for (id, server) in interfaces {
        let status = MemberStatus::Syncing;
        group.members.insert(id, Member { server, status });
    }
    follow(call, &ids)
}

/// One that is not in the group is passed over.
fn leave(call: &mut Call) -> Result<Json, Refusal> {
    group(call)?;
    let interfaces: Vec<String> = interfaces(call)?.into_keys().collect();
    let group = group(call)?;
    for id in &interfaces {
        if let Some(member) = group.members.get_mut(id) {
            member.status = MemberStatus::Unbinding;
        }
    }
    let group = group.id.clone();
    let error = Effect::SetMembers {
        group: group.clone(),
        interfaces: interfaces.clone(),
        to: MemberStatus::Error,
    };
    let plan = Plan::about(work::NETWORK_GROUP, interfaces.clone());
    let plan = plan.then(Effect::LeaveNetworkGroup { group, interfaces });
    call.cloud.start(plan.or_else(error));
    Ok(done())
}
