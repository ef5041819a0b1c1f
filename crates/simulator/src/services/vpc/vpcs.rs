//! VPCs.

use super::answers::started;
use super::net::{self, Wish};
use super::refusals::{in_use, wrong_state};
use super::state::{NetKind, VPC, Vpc};
use super::{Effect, load_balancer, site, work};
use crate::cloud::addresses::Range;
use crate::cloud::call::{Call, Handler};
use crate::cloud::format::format_time;
use crate::cloud::listing::list_answer;
use crate::cloud::refusal::Refusal;
use crate::cloud::task::Plan;
use serde_json::{Value as Json, json};

pub(super) const ACTIONS: &[(&str, Handler)] = &[
    ("DescribeVPC", describe),
    ("CreateVPC", create),
    ("DeleteVPC", delete),
    ("UpdateVPCBandwidthType", change_carrier),
];

fn describe(call: &mut Call) -> Result<Json, Refusal> {
    let page = call.page(10)?;
    let (region, keyword) = (
        call.region_if_given()?,
        call.params.text("Keyword").unwrap_or_default(),
    );
    let cloud = &*call.cloud;
    let found: Vec<_> = cloud[VPC]
        .vpcs
        .iter()
        .filter(|vpc| {
            let is_meant = vpc.name.contains(keyword) || vpc.id == keyword;
            region.is_none_or(|region| site::same(&vpc.region, region)) && is_meant
        })
        .collect();
    let total = found.len();
    let views = page.take(found.into_iter()).into_iter().map(|vpc| {
        let mut json = json!({
            "VPCId": vpc.id,
            "VPCNmae": vpc.name,
            "VPCSegment": vpc.range.to_string(),
            "Status": cloud.network_status(&vpc.id),
            "RegionCode": vpc.region,
            "CreateTime": format_time(vpc.created),
        });
        if let Some(carrier) = &vpc.carrier {
            json["BandwidthType"] = json!(carrier);
        }
        json
    });
    Ok(list_answer(call.action, page, total, views.collect()))
}

fn create(call: &mut Call) -> Result<Json, Refusal> {
    let params = call.params;
    let region = call.region()?;
    let range: Range = params
        .required("VPCSegment")
        .parse()
        .map_err(|why: String| call.malformed("VPCSegment", &why))?;
    let wishes = Wish::list(call, "SubnetList", region, range, &[])?;
    let cloud = &mut *call.cloud;
    let (id, created) = (cloud.ids.uuid(), cloud.now());
    let vpc = Vpc {
        id: id.clone(),
        name: params.required("VPCName").to_owned(),
        range,
        region: region.to_owned(),
        carrier: None,
        created,
    };
    cloud[VPC].vpcs.insert(vpc);
    let plan = Plan::holding(work::CREATE_VPC, vec![id.clone()]).showing("creating");
    let task = cloud.start(plan.or_else(Effect::RemoveVpc { vpc: id.clone() }));
    let (subnets, tasks) = net::create_all(cloud, &id, wishes);
    Ok(
        json!({"Data": {"VPCId": id, "SubnetIdList": subnets, "SubnetTaskId": tasks}, "TaskId": task}),
    )
}

fn delete(call: &mut Call) -> Result<Json, Refusal> {
    let id = call.params.required("VPCId").to_owned();
    call.cloud.vpc(&id)?;
    call.idle(&id)?;
    if let Some(net) = call.cloud[VPC].nets.iter().find(|net| net.vpc_id == id) {
        let kind = if net.kind == NetKind::Subnet {
            "subnet"
        } else {
            "virtual gateway"
        };
        return Err(in_use(format!(
            "The VPC has the {kind} {}; delete it first",
            net.id
        )));
    }
    load_balancer::none_in(call.cloud, &id)?;
    let plan = Plan::holding(work::DELETE_VPC, vec![id.clone()]).showing("deleting");
    Ok(started(
        &call.cloud.start(plan.then(Effect::RemoveVpc { vpc: id })),
    ))
}

fn change_carrier(call: &mut Call) -> Result<Json, Refusal> {
    let (id, carrier) = (
        call.params.required("VPCID"),
        call.params.required("BandwidthType"),
    );
    call.carrier("BandwidthType", carrier)?;
    let region = &call.cloud.vpc(id)?.region;
    if !site::is_edge(region) {
        return Err(wrong_state(format!(
            "{region} is not an edge site; its VPCs have no type of bandwidth"
        )));
    }
    call.idle(id)?;
    if let Some(vpc) = call.cloud[VPC].vpcs.get_mut(id) {
        vpc.carrier = Some(carrier.to_owned());
    }
    Ok(json!({"Data": null}))
}
