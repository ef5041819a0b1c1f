//! Virtual data centres.

use super::order::NetworkOrder;
use super::refusals::{sold_out, wrong_state};
use super::state::{Network, VDC, Vdc, default_project};
use super::{Effect, public, work};
use crate::cloud::call::{Call, Handler};
use crate::cloud::money::Money;
use crate::cloud::refusal::Refusal;
use crate::cloud::state::Cloud;
use crate::cloud::task::Plan;
use crate::services::bms::BMS;
use crate::services::ccs::CCS;
use serde_json::{Value as Json, json};

pub(super) const ACTIONS: &[(&str, Handler)] = &[
    ("DescribeVdc", describe),
    ("CreateVdc", create),
    ("DeleteVdc", delete),
    ("ModifyVdcName", rename),
];

fn describe(call: &mut Call) -> Result<Json, Refusal> {
    let page = call.page(10)?;
    let (params, cloud) = (call.params, &*call.cloud);
    let wanted = |name: &str| params.text(name).filter(|text| !text.is_empty());
    if wanted("RegionId").is_some() {
        call.zone("RegionId")?;
    }
    let one = wanted("VdcId").map(|id| cloud.vdc(id)).transpose()?;
    let (region, project, keyword) = (wanted("RegionId"), wanted("ProjectId"), wanted("Keyword"));
    let fits = |vdc: &&Vdc| {
        region.is_none_or(|region| region == vdc.region)
            && project.is_none_or(|project| project == vdc.project)
            && keyword.is_none_or(|word| vdc.name.contains(word) || vdc.id == word)
    };
    let found: Vec<_> = match one {
        Some(vdc) => Some(vdc).into_iter().filter(fits).collect(),
        None => cloud[VDC].vdcs.iter().filter(fits).collect(),
    };
    let count = page.count(found.len());
    let views: Vec<_> = page
        .take(found.into_iter())
        .into_iter()
        .map(|vdc| view(cloud, vdc))
        .collect();
    Ok(json!({"PageNumber": page.number, "PageCount": count, "Data": views}))
}

/// A VDC as the document's example shows it, where each has page numbers of its own that mean
/// nothing.
fn view(cloud: &Cloud, vdc: &Vdc) -> Json {
    let (public, private): (Vec<_>, Vec<_>) = cloud
        .networks_of(&vdc.id)
        .partition(|network| network.is_public());
    json!({
        "VdcId": vdc.id,
        "VdcName": vdc.name,
        "RegionId": vdc.region,
        "VdcStatus": cloud.network_status(&vdc.id),
        "PageNumber": 0,
        "PageCount": 0,
        "PublicNetwork": public.into_iter().map(|network| public_json(cloud, network)).collect::<Vec<_>>(),
        "PrivateNetwork": private.into_iter().map(|network| private_json(cloud, network)).collect::<Vec<_>>(),
    })
}

fn public_json(cloud: &Cloud, network: &Network) -> Json {
    let segments = network.segments.iter().filter(|segment| segment.is_there());
    let segment_json = |segment: &super::state::Segment| {
        json!({
            "SegmentId": segment.id,
            "Address": segment.range.address().to_string(),
            "Mask": segment.range.bits(),
            "Gateway": segment.range.hosts().next().map(|gateway| gateway.to_string()),
        })
    };
    json!({
        "PublicId": network.id,
        "Name": network.name,
        "Status": cloud.network_status(&network.id),
        "Type": network.bandwidth().map(|bandwidth| &bandwidth.kind),
        "Qos": network.bandwidth().map(|bandwidth| bandwidth.qos),
        "UnuseIpNum": network.free_count(&cloud.addresses),
        "Segments": segments.map(segment_json).collect::<Vec<_>>(),
    })
}

fn private_json(cloud: &Cloud, network: &Network) -> Json {
    json!({
        "PrivateId": network.id,
        "Name": network.name,
        "Status": cloud.network_status(&network.id),
        "UnuseIpNum": network.free_count(&cloud.addresses),
        "Segments": network.ranges().map(|range| network.ends(range)).collect::<Vec<_>>(),
    })
}

fn create(call: &mut Call) -> Result<Json, Refusal> {
    let params = call.params;
    call.zone("RegionId")?;
    let region = params.required("RegionId");
    if call.cloud[VDC].closed_regions.contains(region) {
        return Err(Refusal::new(
            "Region.NotOnSale",
            format!("Nothing more is sold in {region}; take another zone"),
        ));
    }
    let order = params
        .object("PublicNetwork")
        .filter(|fields| !fields.given().is_empty());
    let order = order
        .map(|fields| NetworkOrder::of(call, fields))
        .transpose()?;
    if call.cloud[VDC].vdcs.len() >= call.cloud[VDC].max_vdcs {
        return Err(Refusal::new(
            "QuotaExceed.Vdc",
            format!("The account can have {} VDCs", call.cloud[VDC].max_vdcs),
        ));
    }
    call.affordable(order.as_ref().map_or(Money::ZERO, NetworkOrder::to_begin))?;
    let (ahead, credit) = (
        order.as_ref().map_or(Money::ZERO, NetworkOrder::ahead),
        call.credit()?,
    );
    let range = order
        .as_ref()
        .map(|order| call.cloud.free_public_range(order.addresses.bits));
    let range = range
        .map(|range| range.ok_or_else(|| sold_out("Public addresses")))
        .transpose()?;

    let cloud = &mut *call.cloud;
    let id = cloud.ids.uuid();
    let name = params
        .text("VdcName")
        .filter(|name| !name.is_empty())
        .unwrap_or(&id)
        .to_owned();
    cloud[VDC].vdcs.insert(Vdc {
        id: id.clone(),
        name,
        region: region.to_owned(),
        project: default_project(),
    });
    let network = order
        .zip(range)
        .map(|(order, range)| public::insert(cloud, &id, order, range));
    let charge = call.charge(
        "CreatePublicNetwork",
        network.iter().cloned().collect(),
        ahead,
    );
    let holds = std::iter::once(id.clone()).chain(network.clone()).collect();
    let mut plan = Plan::holding(work::CREATE_VDC, holds)
        .making(vec![id.clone()])
        .showing("creating");
    if let Some(network) = network {
        plan = plan.then(Effect::OpenNetwork { network, credit });
    }
    Ok(json!({"TaskId": call.cloud.start(plan.or_else(Effect::CancelVdc { vdc: id, charge }))}))
}

fn delete(call: &mut Call) -> Result<Json, Refusal> {
    let id = call.params.required("VdcId").to_owned();
    call.cloud.ready_vdc(&id)?;
    let cloud = &*call.cloud;
    for network in cloud.networks_of(&id) {
        if network.is_public() {
            return Err(wrong_state(format!(
                "The VDC has the public network {}; delete it first",
                network.id
            )));
        }
        if let Some(state) = cloud.tasks.state_of(&network.id) {
            return Err(wrong_state(format!(
                "The private network {} is {state}",
                network.id
            )));
        }
        if let Some(reason) = cloud.network_use(&network.id) {
            return Err(wrong_state(format!(
                "The private network {} is in use: {reason}",
                network.id
            )));
        }
    }
    if cloud[CCS]
        .instances
        .iter()
        .any(|server| server.vdc_id == id)
    {
        return Err(wrong_state("The VDC has servers; delete them first"));
    }
    if cloud[BMS].servers.iter().any(|server| server.vdc_id == id) {
        return Err(wrong_state(
            "The VDC has bare-metal servers; delete them first",
        ));
    }
    let mut holds = vec![id.clone()];
    holds.extend(cloud.networks_of(&id).map(|network| network.id.clone()));
    let plan = Plan::holding(work::DELETE_VDC, holds)
        .making(vec![id.clone()])
        .showing("deleting");
    Ok(json!({"TaskId": call.cloud.start(plan.then(Effect::RemoveVdc { vdc: id }))}))
}

fn rename(call: &mut Call) -> Result<Json, Refusal> {
    let (id, name) = (
        call.params.required("VdcId"),
        call.params.required("VdcName"),
    );
    call.cloud.ready_vdc(id)?;
    if name.trim().is_empty() {
        return Err(call.malformed("VdcName", "it is empty"));
    }
    if let Some(vdc) = call.cloud[VDC].vdcs.get_mut(id) {
        name.clone_into(&mut vdc.name);
    }
    Ok(json!({"Data": {}, "TaskId": ""}))
}
