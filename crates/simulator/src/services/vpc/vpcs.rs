//! VPCs.

use super::net::{self, Wish};
use super::state::{NetKind, Vpc};
use super::{Call, Effect, Handler, in_use, site, started, work, written, wrong_state};
use crate::cloud::addresses::Range;
use crate::cloud::refusal::Refusal;
use crate::cloud::task::Plan;
use serde_json::{Value as Json, json};

pub(super) const ACTIONS: &[(&str, Handler)] =
    &[("DescribeVPC", describe), ("CreateVPC", create), ("DeleteVPC", delete), ("UpdateVPCBandwidthType", change_carrier)];

fn describe(call: &mut Call) -> Result<Json, Refusal> {
    let page = call.page(10)?;
    let (region, keyword) = (call.region()?, call.params.text("Keyword").unwrap_or_default());
    let world = &*call.world;
    let found: Vec<_> = world.vpc.vpcs.iter().filter(|vpc| site::same(&vpc.region, region) && vpc.name.contains(keyword)).collect();
    let total = found.len();
    let shown = page.take(found.into_iter()).into_iter().map(|vpc| {
        let mut json = json!({
            "VPCId": vpc.id,
            "VPCNmae": vpc.name,
            "VPCSegment": vpc.range.to_string(),
            "Status": world.network_status(&vpc.id),
            "RegionCode": vpc.region,
            "CreateTime": written(vpc.created),
        });
        if let Some(carrier) = &vpc.carrier {
            json["BandwidthType"] = json!(carrier);
        }
        json
    });
    Ok(json!({"Data": {"Total": total, "VPCList": shown.collect::<Vec<_>>()}}))
}

fn create(call: &mut Call) -> Result<Json, Refusal> {
    let params = call.params;
    let region = call.region()?;
    let range: Range = params.required("VPCSegment").parse().map_err(|why: String| call.malformed("VPCSegment", &why))?;
    let wishes = Wish::list(call, "SubnetList", region, range, &[])?;
    let world = &mut *call.world;
    let (id, created) = (world.ids.uuid(), world.now());
    let vpc = Vpc {
        id: id.clone(),
        name: params.required("VPCName").to_owned(),
        range,
        region: region.to_owned(),
        carrier: None,
        created,
    };
    world.vpc.vpcs.insert(vpc);
    let plan = Plan::holding(work::CREATE_VPC, vec![id.clone()]).showing("creating");
    let task = world.start(plan.or_else(Effect::RemoveVpc { vpc: id.clone() }));
    let (subnets, tasks) = net::create_all(world, &id, wishes);
    Ok(json!({"Data": {"VPCId": id, "SubnetIdList": subnets, "SubnetTaskId": tasks}, "TaskId": task}))
}

fn delete(call: &mut Call) -> Result<Json, Refusal> {
    let id = call.params.required("VPCId").to_owned();
    call.world.vpc(&id)?;
    call.idle(&id)?;
    if let Some(net) = call.world.vpc.nets.iter().find(|net| net.vpc_id == id) {
        let kind = if net.kind == NetKind::Subnet { "subnet" } else { "virtual gateway" };
        return Err(in_use(format!("The VPC has the {kind} {}; delete it first", net.id)));
    }
    let plan = Plan::holding(work::DELETE_VPC, vec![id.clone()]).showing("deleting");
    Ok(started(&call.world.start(plan.then(Effect::RemoveVpc { vpc: id }))))
}

fn change_carrier(call: &mut Call) -> Result<Json, Refusal> {
    let (id, carrier) = (call.params.required("VPCID"), call.params.required("BandwidthType"));
    call.carrier("BandwidthType", carrier)?;
    let region = &call.world.vpc(id)?.region;
    if !site::is_edge(region) {
        return Err(wrong_state(format!("{region} is not an edge site; its VPCs have no type of bandwidth")));
    }
    call.idle(id)?;
    if let Some(vpc) = call.world.vpc.vpcs.get_mut(id) {
        vpc.carrier = Some(carrier.to_owned());
    }
    Ok(json!({"Data": null}))
}
