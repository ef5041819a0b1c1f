//! Load balancers of VPCs with their listeners and the servers behind these. What the documents say
//! of them is in the catalogue, from which they are carried out; here is what they have to do with
//! VPCs and shared bandwidths.

use super::answers::started;
use super::refusals::{in_use, not_found, wrong_state};
use super::state::VPC;
use super::{site, work};
use crate::cloud::call::{Call, Handler};
use crate::cloud::refusal::Refusal;
use crate::cloud::state::Cloud;
use crate::cloud::task::Plan;
use crate::services::ecs::{ECS, Server};
use crate::services::generic::{self, GENERIC, Row};
use crate::services::vdc::VDC;
use serde_json::{Map, Value as Json, json};

pub(crate) const ACTIONS: &[(&str, Handler)] = &[
    ("CreateVpcSlb", create),
    ("DeleteVpcSlb", generic::carry_out),
    ("UpdateVpcSlb", generic::carry_out),
    ("DescribeVpcSlbListInfo", generic::carry_out),
    ("DescribeVpcSlbDetailInfo", describe),
    ("DescribeVpcSlbListenCreateInfo", generic::carry_out),
    ("CreateVpcSLBListen", generic::carry_out),
    ("DeleteVpcSLBListen", generic::carry_out),
    ("UpdateVpcSLBListen", generic::carry_out),
    ("DescribeVpcSlbListenList", generic::carry_out),
    ("QueryVpcSLBListen", generic::carry_out),
    ("DescribeVpcSlbListenRsInfo", servers),
    ("CreateVpcSLBRsPort", generic::carry_out),
    ("DeleteVpcSLBRsPort", generic::carry_out),
    ("UpdateVpcSLBRsPort", generic::carry_out),
    ("QueryVpcSLBRsPort", generic::carry_out),
    ("DescribeAlarmObject", watched),
    ("DescribeVDCIPUSEDAY", generic::carry_out),
    ("BandwidthBindResource", bind),
    ("BandwidthUnbindResource", unbind),
];

const SERVICE: &str = "cds.vpc";
/// The kind in the catalogue.
const KIND: &str = "load_balancer";

fn balancers(cloud: &Cloud) -> impl Iterator<Item = &Row> {
    cloud[GENERIC].rows(SERVICE, KIND)
}

fn text<'a>(row: &'a Row, field: &str) -> &'a str {
    let value = row.fields.get(field).and_then(Json::as_str);
    value.unwrap_or_default()
}

fn create(call: &mut Call) -> Result<Json, Refusal> {
    let (region, zone) = (call.region()?, call.params.required("AvailableZoneCode"));
    call.zone_in(zone, region)?;
    let vpc = call.cloud.vpc(call.params.required("VpcId"))?;
    if !site::same(&vpc.region, region) {
        return Err(call.malformed("RegionCode", "the VPC is in another region"));
    }
    generic::carry_out(call)
}

/// The shared bandwidth is an object of its own here.
fn describe(call: &mut Call) -> Result<Json, Refusal> {
    let mut answer = generic::carry_out(call)?;
    let id = call.params.required("SlbId");
    if let Some(row) = balancers(call.cloud).find(|row| row.id == id) {
        let (id, name) = (text(row, "BandwidthId"), text(row, "BandwidthName"));
        answer["Data"]["BandwidthInfo"] = json!({"Id": id, "Name": name});
    }
    Ok(answer)
}

/// The servers that can stand behind a listener: those of the VPC.
fn servers(call: &mut Call) -> Result<Json, Refusal> {
    let vpc = call.cloud.vpc(call.params.required("VpcId"))?;
    let kind = call.params.required("VmType");
    let cloud = &*call.cloud;
    let is_inside = |server: &&Server| {
        let net = cloud[VPC].nets.get(&server.subnet_id);
        kind == "kvm" && net.is_some_and(|net| net.vpc_id == vpc.id)
    };
    let views = cloud[ECS].servers.iter().filter(is_inside).map(|server| {
        let mut exits = server.exits.iter();
        let public = exits.find_map(|exit| cloud.eip_at(&exit.network, exit.address));
        json!({
            "vm_id": server.id,
            "vm_name": server.name,
            "vm_private_ip": server.address.to_string(),
            "vm_public_ip": public.map_or(String::new(), |eip| eip.address.to_string()),
            "vm_type": kind,
        })
    });
    Ok(json!({"Data": views.collect::<Vec<_>>()}))
}

/// Alarms watch public networks of VDCs.
#[expect(clippy::unnecessary_wraps, reason = "handlers have one form")]
fn watched(call: &mut Call) -> Result<Json, Refusal> {
    let networks = call.cloud[VDC].networks.iter();
    let networks = networks.filter(|network| network.is_public());
    let networks = networks.map(|own| json!({"instance_id": own.id, "instance_name": own.name}));
    let networks: Vec<Json> = networks.collect();
    Ok(json!({"Data": [{
        "product_type": "WAN",
        "product_type_str": "公网",
        "link_instances": networks,
    }]}))
}

/// Refuses to delete a VPC that has a load balancer.
pub(super) fn none_in(cloud: &Cloud, vpc: &str) -> Result<(), Refusal> {
    match balancers(cloud).find(|row| text(row, "VpcId") == vpc) {
        None => Ok(()),
        Some(row) => Err(in_use(format!(
            "The load balancer {} is in the VPC; delete it first",
            row.id
        ))),
    }
}

/// Refuses to delete a shared bandwidth that a load balancer has.
pub(super) fn none_has(cloud: &Cloud, bandwidth: &str) -> Result<(), Refusal> {
    match holder(cloud, bandwidth) {
        None => Ok(()),
        Some(row) => Err(in_use(format!(
            "The load balancer {} has the bandwidth; unbind it first",
            row.id
        ))),
    }
}

/// The load balancer that has a shared bandwidth.
fn holder<'a>(cloud: &'a Cloud, bandwidth: &str) -> Option<&'a Row> {
    balancers(cloud).find(|row| text(row, "BandwidthId") == bandwidth)
}

/// There are no NAT gateways here: one that is named is unknown.
fn bind(call: &mut Call) -> Result<Json, Refusal> {
    let (id, resource) = (
        call.params.required("BandwidthId").to_owned(),
        call.params.required("ResourceId"),
    );
    let is_balancer = call.params.required("BindType") == "VPCSLB";
    let bandwidth = call.cloud[VPC].bandwidths.get(&id);
    let bandwidth = bandwidth.ok_or_else(|| not_found("BandwidthId", &id))?;
    let row = balancers(call.cloud).find(|row| is_balancer && row.id == resource);
    let row = row.ok_or_else(|| not_found("ResourceId", resource))?;
    call.idle(&id)?;
    let own = text(row, "BandwidthId");
    if !own.is_empty() && own != id {
        return Err(wrong_state(format!(
            "The load balancer {resource} has the bandwidth {own}"
        )));
    }
    if let Some(other) = holder(call.cloud, &id).filter(|other| other.id != row.id) {
        return Err(wrong_state(format!(
            "The load balancer {} has the bandwidth {id}",
            other.id
        )));
    }
    let (balancer, name) = (row.id.clone(), bandwidth.name.clone());
    Ok(set(call, &id, balancer, &id, &name))
}

fn unbind(call: &mut Call) -> Result<Json, Refusal> {
    let id = call.params.required("BandwidthId").to_owned();
    if !call.cloud[VPC].bandwidths.contains(&id) {
        return Err(not_found("BandwidthId", &id));
    }
    call.idle(&id)?;
    let Some(row) = holder(call.cloud, &id) else {
        return Err(wrong_state(format!("Nothing has the bandwidth {id}")));
    };
    let balancer = row.id.clone();
    Ok(set(call, &id, balancer, "", ""))
}

/// Lets a load balancer have a bandwidth, or none, when a task has ended.
fn set(call: &mut Call, holds: &str, balancer: String, id: &str, name: &str) -> Json {
    let fields: Map<String, Json> = [("BandwidthId", id), ("BandwidthName", name)]
        .into_iter()
        .map(|(field, value)| (field.to_owned(), json!(value)))
        .collect();
    let plan =
        Plan::holding(work::BANDWIDTH, vec![holds.to_owned()]).making(vec![balancer.clone()]);
    let change = generic::change(SERVICE, KIND, vec![balancer], fields);
    started(&call.cloud.start(plan.then(change)))
}
