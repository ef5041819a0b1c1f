//! Shared bandwidths.

use super::answers::started;
use super::eip::{self, bandwidth_json, qos};
use super::refusals::{in_use, not_found, wrong_state};
use super::state::{Bandwidth, Eip, Line, VPC};
use super::{Effect, load_balancer, metering, site, work};
use crate::cloud::call::{Call, Handler};
use crate::cloud::money::Money;
use crate::cloud::refusal::Refusal;
use crate::cloud::task::Plan;
use crate::services::vdc::price::Rate;
use serde_json::{Value as Json, json};

pub(super) const ACTIONS: &[(&str, Handler)] = &[
    ("DescribeBandwidth", describe),
    ("CreateBandwidth", create),
    ("UpdateBandwidth", resize),
    ("DeleteBandwidth", delete),
    ("BandwidthAddEIP", join),
    ("BandwidthRemoveEIP", leave),
];

fn describe(call: &mut Call) -> Result<Json, Refusal> {
    let wanted = |name: &str| call.params.text(name).filter(|text| !text.is_empty());
    let (region, zone, word) = (
        wanted("RegionCode"),
        wanted("AvailableZoneCode"),
        wanted("Keyword"),
    );
    if region.is_some() {
        call.region()?;
    }
    let cloud = &*call.cloud;
    let found = cloud[VPC].bandwidths.iter().filter(|bandwidth| {
        region.is_none_or(|region| site::same(region, &bandwidth.region))
            && zone.is_none_or(|zone| site::same(zone, &bandwidth.zone))
            && word.is_none_or(|word| bandwidth.name.contains(word) || bandwidth.id == word)
    });
    let views = found.map(|bandwidth| {
        let mut json = bandwidth_json(cloud, bandwidth);
        json["RegionCode"] = json!(bandwidth.region);
        json
    });
    let views: Vec<_> = views.collect();
    Ok(json!({"Data": {"Total": views.len(), "BandwidthList": views}}))
}

fn create(call: &mut Call) -> Result<Json, Refusal> {
    let params = call.params;
    let (region, zone) = (call.region()?, params.required("AvailableZoneCode"));
    call.zone_in(zone, region)?;
    let carrier = params.required("BandwidthType");
    call.carrier("BandwidthType", carrier)?;
    let (rate, qos) = (call.rate("SharedBandwidthBillScheme")?, qos(call)?);
    call.affordable(rate.to_begin(qos))?;
    let credit = call.credit()?;
    let cloud = &mut *call.cloud;
    let (id, created) = (cloud.ids.uuid(), cloud.now());
    let paid_until = metering::paid_until(rate, created);
    cloud[VPC].bandwidths.insert(Bandwidth {
        id: id.clone(),
        name: params.required("Name").to_owned(),
        region: region.to_owned(),
        zone: zone.to_owned(),
        carrier: carrier.to_owned(),
        scheme: params.required("BillScheme").to_owned(),
        qos,
        paid_until,
        credit,
        created,
    });
    cloud.expect_end_of_bandwidth(paid_until);
    cloud.meter_bandwidth(&id);
    call.charge(metering::BANDWIDTH, vec![id.clone()], rate.ahead(qos));
    Ok(json!({"Data": [{"BandwidthId": id}]}))
}

/// The shared bandwidth of `BandwidthId`, none that a task works on.
fn idle<'a>(call: &'a Call) -> Result<&'a Bandwidth, Refusal> {
    let id = call.params.required("BandwidthId");
    let bandwidth = call.cloud[VPC]
        .bandwidths
        .get(id)
        .ok_or_else(|| not_found("BandwidthId", id))?;
    call.idle(id)?;
    Ok(bandwidth)
}

fn resize(call: &mut Call) -> Result<Json, Refusal> {
    let (own, qos) = (idle(call)?, qos(call)?);
    let (id, ahead) = (own.id.clone(), own.more(qos, Rate::ahead));
    call.affordable(own.more(qos, Rate::to_begin).max(Money::ZERO))?;
    let charge = call.charge(metering::BANDWIDTH, vec![id.clone()], ahead);
    let plan = Plan::holding(work::BANDWIDTH, vec![id.clone()])
        .then(Effect::ResizeBandwidth { bandwidth: id, qos });
    Ok(started(
        &call.cloud.start(plan.or_else(Effect::Refund { charge })),
    ))
}

fn delete(call: &mut Call) -> Result<Json, Refusal> {
    let id = idle(call)?.id.clone();
    let is_in = |eip: &&Eip| matches!(&eip.bandwidth, Line::Shared(own) if *own == id);
    if let Some(eip) = call.cloud[VPC].eips.iter().find(is_in) {
        return Err(in_use(format!(
            "The EIP {} is in the bandwidth; take it out first",
            eip.id
        )));
    }
    load_balancer::none_has(call.cloud, &id)?;
    call.cloud[VPC].bandwidths.remove(&id);
    call.cloud.end_use(&id);
    Ok(json!({"Data": null}))
}

/// The idle EIPs of `EIPIdList`, each once.
fn idle_eips<'a>(call: &'a Call) -> Result<Vec<&'a Eip>, Refusal> {
    let mut eips: Vec<&Eip> = Vec::new();
    for id in call.params.texts("EIPIdList") {
        let eip = eip::idle(call, id)?;
        if eips.iter().any(|known| known.id == eip.id) {
            return Err(call.malformed("EIPIdList", &format!("{id} is named twice")));
        }
        eips.push(eip);
    }
    if eips.is_empty() {
        Err(call.malformed("EIPIdList", "it names no EIP"))
    } else {
        Ok(eips)
    }
}

/// EIPs can join a bandwidth of their own region and carrier; at an edge site it must be in their
/// zone too.
fn join(call: &mut Call) -> Result<Json, Refusal> {
    let (bandwidth, eips) = (idle(call)?, idle_eips(call)?);
    for eip in &eips {
        let Line::Own(own) = &eip.bandwidth else {
            return Err(wrong_state(format!(
                "The EIP {} is in a shared bandwidth already",
                eip.id
            )));
        };
        let is_near = site::same(&eip.region, &bandwidth.region)
            && (eip.zone.is_empty() || site::same(&eip.zone, &bandwidth.zone));
        if !is_near || own.carrier != bandwidth.carrier {
            return Err(call.malformed(
                "EIPIdList",
                &format!("{} is of another region, zone or carrier", eip.id),
            ));
        }
    }
    let ids: Vec<_> = eips.iter().map(|eip| eip.id.clone()).collect();
    let bandwidth = bandwidth.id.clone();
    let holds = ids.iter().cloned().chain([bandwidth.clone()]).collect();
    let plan = Plan::holding(work::BANDWIDTH, holds).making(ids.clone());
    Ok(started(&call.cloud.start(plan.then(Effect::Join {
        bandwidth,
        eips: ids,
    }))))
}

fn leave(call: &mut Call) -> Result<Json, Refusal> {
    let params = call.params;
    let eips = idle_eips(call)?;
    if let Some(eip) = eips
        .iter()
        .find(|eip| matches!(eip.bandwidth, Line::Own(_)))
    {
        return Err(wrong_state(format!(
            "The EIP {} is in no shared bandwidth",
            eip.id
        )));
    }
    let ids: Vec<_> = eips.iter().map(|eip| eip.id.clone()).collect();
    let plan = Plan::holding(work::BANDWIDTH, ids.clone());
    if params.flag("Delete") == Some(true) {
        if let Some(eip) = eips.iter().find(|eip| eip.bound.is_some()) {
            return Err(wrong_state(format!(
                "The EIP {} is bound; unbind it first",
                eip.id
            )));
        }
        let plan = plan
            .showing("deleting")
            .then(Effect::RemoveEips { eips: ids });
        return Ok(started(&call.cloud.start(plan)));
    }
    let (region, carrier) = (call.region()?, params.required("BandwidthType"));
    call.carrier("BandwidthType", carrier)?;
    if eips.iter().any(|eip| !site::same(&eip.region, region)) {
        return Err(call.malformed("RegionCode", "the EIPs are in another region"));
    }
    let (rate, qos) = (call.rate("EipBillScheme")?, qos(call)?);
    let count = ids.len() as u64;
    call.affordable(rate.to_begin(qos) * count)?;
    let charge = call.charge(metering::BANDWIDTH, ids.clone(), rate.ahead(qos) * count);
    let (carrier, scheme) = (carrier.to_owned(), params.required("BillScheme").to_owned());
    let plan = plan
        .then(Effect::Leave {
            eips: ids,
            carrier,
            scheme,
            qos,
        })
        .or_else(Effect::Refund { charge });
    Ok(started(&call.cloud.start(plan)))
}
