//! VLINKs: a subnet of a VPC joined with a private network of a VDC.

use super::refusals::{in_use, not_found, wrong_state};
use super::state::{VPC, Vlink};
use super::{Effect, site, work};
use crate::cloud::call::{Call, Handler};
use crate::cloud::refusal::Refusal;
use crate::cloud::task::Plan;
use crate::services::ccs::CCS;
use crate::services::vdc::VDC;
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;

pub(super) const ACTIONS: &[(&str, Handler)] = &[
    ("CreateVLINK", create),
    ("DeleteVLINK", delete),
    ("VLINKAddVM", add),
    ("VLINKDeleteVM", remove),
];

fn create(call: &mut Call) -> Result<Json, Refusal> {
    let (subnet, pipe) = (
        call.params.required("SubnetId"),
        call.params.required("PipeId"),
    );
    let cloud = &*call.cloud;
    let net = cloud[VPC]
        .nets
        .get(subnet)
        .filter(|net| net.is_subnet())
        .ok_or_else(|| not_found("SubnetId", subnet))?;
    call.idle(subnet)?;
    let region = &cloud.vpc(&net.vpc_id)?.region;
    if site::is_edge(region) {
        return Err(wrong_state(format!(
            "{region} is an edge site; only cloud platform sites have VLINKs"
        )));
    }
    let private = cloud[VDC]
        .networks
        .get(pipe)
        .filter(|network| !network.is_public());
    private
        .ok_or_else(|| call.malformed("PipeId", &format!("there is no private network {pipe}")))?;
    call.idle(pipe)?;
    for end in [subnet, pipe] {
        if let Some(other) = cloud.vlink_to(end) {
            return Err(wrong_state(format!(
                "The VLINK {} leads to {end} already",
                other.id
            )));
        }
    }
    let id = call.cloud.ids.uuid();
    let vlink = Vlink {
        id: id.clone(),
        subnet: subnet.to_owned(),
        network: pipe.to_owned(),
        servers: BTreeMap::new(),
    };
    call.cloud[VPC].vlinks.insert(vlink);
    Ok(json!({"Data": {"VLINKId": id}}))
}

/// The VLINK of `VLINKId`, none that a task works on.
fn idle<'a>(call: &'a Call) -> Result<&'a Vlink, Refusal> {
    let id = call.params.required("VLINKId");
    let vlink = call.cloud[VPC]
        .vlinks
        .get(id)
        .ok_or_else(|| not_found("VLINKId", id))?;
    call.idle(id)?;
    Ok(vlink)
}

fn delete(call: &mut Call) -> Result<Json, Refusal> {
    let vlink = idle(call)?;
    if !vlink.servers.is_empty() {
        return Err(in_use("Servers are in the VLINK; take them out first"));
    }
    let id = vlink.id.clone();
    call.cloud[VPC].vlinks.remove(&id);
    Ok(json!({"Data": {"VLINKId": id}}))
}

/// The servers of `VMIdList`, each once, none that a task works on.
fn idle_servers(call: &Call) -> Result<Vec<String>, Refusal> {
    let mut ids: Vec<String> = Vec::new();
    for id in call.params.texts("VMIdList") {
        if !call.cloud[CCS].instances.contains(id) {
            return Err(not_found("VMId", id));
        }
        call.idle(id)?;
        if !ids.iter().any(|known| known == id) {
            ids.push(id.to_owned());
        }
    }
    if ids.is_empty() {
        Err(call.malformed("VMIdList", "it names no server"))
    } else {
        Ok(ids)
    }
}

fn add(call: &mut Call) -> Result<Json, Refusal> {
    let (vlink, servers) = (idle(call)?, idle_servers(call)?);
    if let Some(known) = servers
        .iter()
        .find(|server| vlink.servers.contains_key(*server))
    {
        return Err(wrong_state(format!(
            "The server {known} is in the VLINK already"
        )));
    }
    let network = call.cloud.ready_network(&vlink.network)?;
    let is_far = |id: &&String| {
        call.cloud[CCS]
            .instances
            .get(id)
            .is_some_and(|server| server.vdc_id != network.vdc_id)
    };
    if let Some(far) = servers.iter().find(is_far) {
        return Err(call.malformed(
            "VMIdList",
            &format!("the server {far} is not in the VDC that the VLINK leads to"),
        ));
    }
    let addresses: Vec<_> = network
        .free(&call.cloud.addresses, None)
        .take(servers.len())
        .collect();
    if addresses.len() < servers.len() {
        return Err(wrong_state(format!(
            "The network {} has no free address",
            network.id
        )));
    }
    let reserves = addresses
        .iter()
        .map(|address| (network.id.clone(), *address))
        .collect();
    let vlink = vlink.id.clone();
    let holds = servers.iter().cloned().chain([vlink.clone()]).collect();
    let plan = Plan::holding(work::VLINK, holds)
        .making(servers.clone())
        .reserving(reserves);
    let task = call.cloud.start(plan.then(Effect::AddCards {
        vlink,
        servers: servers.into_iter().zip(addresses).collect(),
    }));
    Ok(json!({"Data": {"Msg": "网卡添加中,请等待任务完成"}, "TaskId": task}))
}

fn remove(call: &mut Call) -> Result<Json, Refusal> {
    let (vlink, servers) = (idle(call)?, idle_servers(call)?);
    if let Some(unknown) = servers
        .iter()
        .find(|server| !vlink.servers.contains_key(*server))
    {
        return Err(wrong_state(format!(
            "The server {unknown} is not in the VLINK"
        )));
    }
    let vlink = vlink.id.clone();
    let holds = servers.iter().cloned().chain([vlink.clone()]).collect();
    let plan = Plan::holding(work::VLINK, holds).making(servers.clone());
    let task = call
        .cloud
        .start(plan.then(Effect::RemoveCards { vlink, servers }));
    Ok(json!({"Data": {"Msg": "网卡删除中,请等待任务完成"}, "TaskId": task}))
}
