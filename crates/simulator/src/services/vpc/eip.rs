//! EIPs: public addresses that are bought.

use super::answers::started;
use super::refusals::{not_found, wrong_state};
use super::resources::EIPS;
use super::state::{Bandwidth, Eip, Line, VPC};
use super::{Effect, metering, price, site, work};
use crate::cloud::call::{Call, Handler};
use crate::cloud::format::format_time;
use crate::cloud::money::Money;
use crate::cloud::refusal::Refusal;
use crate::cloud::state::Cloud;
use crate::cloud::task::Plan;
use crate::services::vdc;
use crate::services::vdc::price::Rate;
use serde_json::{Value as Json, json};

pub(super) const ACTIONS: &[(&str, Handler)] = &[
    ("DescribeEIP", describe),
    ("CreateEIP", create),
    ("UpdateEIP", update),
    ("DeleteEIP", delete),
];

fn describe(call: &mut Call) -> Result<Json, Refusal> {
    let region = call.region()?;
    let wanted = |name: &str| call.params.text(name).filter(|text| !text.is_empty());
    let (zone, word) = (wanted("AvailableZoneCode"), wanted("Keyword"));
    let cloud = &*call.cloud;
    let found = cloud[VPC].eips.iter().filter(|eip| {
        site::same(&eip.region, region)
            && zone.is_none_or(|zone| site::same(zone, &eip.zone))
            && word.is_none_or(|word| eip.address.to_string().contains(word) || eip.id == word)
    });
    let views: Vec<_> = found.map(|eip| view(cloud, eip)).collect();
    Ok(json!({"Data": {"Total": views.len(), "EIPList": views}}))
}

fn view(cloud: &Cloud, eip: &Eip) -> Json {
    json!({
        "Id": eip.id,
        "IP": eip.address.to_string(),
        "RegionCode": eip.region,
        "AvailableZoneCode": eip.zone,
        "Status": cloud.network_status(&eip.id),
        "Description": eip.description,
        "IsBind": eip.bound.is_some(),
        "CreateTime": format_time(eip.created),
        "BandwidthInfo": cloud.line_of(eip).map(|line| bandwidth_json(cloud, line)),
        "BindResourceInfo": eip.bound.as_ref().map(|bound| json!({"SubnetId": bound.net, "SubnetIP": bound.address.to_string()})),
    })
}

/// A bandwidth without its region, which `DescribeBandwidth` alone shows.
pub(super) fn bandwidth_json(cloud: &Cloud, bandwidth: &Bandwidth) -> Json {
    json!({
        "Id": bandwidth.id,
        "Name": bandwidth.name,
        "Qos": bandwidth.qos,
        "AvailableZoneCode": bandwidth.zone,
        "BandwidthType": bandwidth.carrier,
        "BillScheme": bandwidth.scheme,
        "Status": cloud.network_status(&bandwidth.id),
        "CreateTime": format_time(bandwidth.created),
    })
}

/// `Qos` of a call; the document gives no limits.
pub(super) fn qos(call: &Call) -> Result<u64, Refusal> {
    call.params
        .count("Qos")
        .filter(|qos| *qos > 0)
        .ok_or_else(|| call.malformed("Qos", "it must be 1 at least"))
}

/// An EIP that no task works on.
pub(super) fn idle<'a>(call: &'a Call, id: &str) -> Result<&'a Eip, Refusal> {
    let eip = call.cloud[VPC]
        .eips
        .get(id)
        .ok_or_else(|| not_found("EIPId", id))?;
    call.idle(id)?;
    Ok(eip)
}

fn create(call: &mut Call) -> Result<Json, Refusal> {
    let params = call.params;
    let region = call.region()?;
    let zone = if site::is_edge(region) {
        params.required("AvailableZoneCode")
    } else {
        ""
    };
    if !zone.is_empty() {
        call.zone_in(zone, region)?;
    }
    let carrier = params.required("BandwidthType");
    call.carrier("BandwidthType", carrier)?;
    let (rate, qos) = (call.rate("EipBillScheme")?, qos(call)?);
    let size = params
        .count("Size")
        .filter(|size| *size > 0)
        .ok_or_else(|| call.malformed("Size", "it must be 1 at least"))?;
    call.affordable((rate.to_begin(qos) + price::EIP.to_begin(1)) * size)?;
    let credit = call.credit()?;
    let wanted = usize::try_from(size).unwrap_or(usize::MAX);
    let cloud = &mut *call.cloud;
    let addresses: Vec<_> = cloud
        .addresses
        .free(EIPS, cloud[VPC].eip_pool, None)
        .take(wanted)
        .collect();
    if addresses.len() < wanted {
        return Err(vdc::sold_out("Public addresses"));
    }
    let (created, mut ids, mut lines, mut views) =
        (cloud.now(), Vec::new(), Vec::new(), Vec::new());
    let paid_until = metering::paid_until(rate, created);
    for address in addresses {
        let (id, own) = (cloud.ids.uuid(), cloud.ids.uuid());
        lines.push(own.clone());
        let own = Bandwidth {
            id: own,
            name: String::new(),
            region: region.to_owned(),
            zone: zone.to_owned(),
            carrier: carrier.to_owned(),
            scheme: params.required("BillScheme").to_owned(),
            qos,
            paid_until,
            credit,
            created,
        };
        cloud.addresses.take(EIPS, address);
        cloud[VPC].eips.insert(Eip {
            id: id.clone(),
            address,
            region: region.to_owned(),
            zone: zone.to_owned(),
            description: params.text("Description").unwrap_or_default().to_owned(),
            bandwidth: Line::Own(own),
            bound: None,
            created,
        });
        views.push(json!({"EIPId": id, "IP": address.to_string()}));
        ids.push(id);
    }
    cloud.expect_end_of_bandwidth(paid_until);
    let charge = call.charge(metering::BANDWIDTH, lines, rate.ahead(qos) * size);
    let plan = Plan::holding(work::CREATE_EIP, ids.clone()).showing("creating");
    let plan = plan
        .then(Effect::OpenEips {
            eips: ids.clone(),
            credit,
        })
        .or_else(Effect::CancelEips { eips: ids, charge });
    call.cloud.start(plan);
    Ok(json!({"Data": views}))
}

fn update(call: &mut Call) -> Result<Json, Refusal> {
    let (id, description) = (
        call.params.required("EIPId").to_owned(),
        call.params.text("Description").map(str::to_owned),
    );
    let eip = idle(call, &id)?;
    let mut order = None;
    if call.params.has("Qos") {
        let Line::Own(own) = &eip.bandwidth else {
            return Err(wrong_state(format!(
                "The EIP {id} is in a shared bandwidth; change that one"
            )));
        };
        let qos = qos(call)?;
        call.affordable(own.more(qos, Rate::to_begin).max(Money::ZERO))?;
        order = Some((qos, own.id.clone(), own.more(qos, Rate::ahead)));
    } else if description.is_none() {
        return Err(call.missing("Description or Qos"));
    }
    if let Some((eip, description)) = call.cloud[VPC].eips.get_mut(&id).zip(description) {
        eip.description = description;
    }
    // A remark takes no time.
    let Some((qos, line, ahead)) = order else {
        return Ok(started(""));
    };
    let charge = call.charge(metering::BANDWIDTH, vec![line], ahead);
    let plan = Plan::holding(work::EIP, vec![id.clone()]).then(Effect::ResizeEip { eip: id, qos });
    Ok(started(
        &call.cloud.start(plan.or_else(Effect::Refund { charge })),
    ))
}

fn delete(call: &mut Call) -> Result<Json, Refusal> {
    let id = call.params.required("EIPId").to_owned();
    if idle(call, &id)?.bound.is_some() {
        return Err(wrong_state(format!(
            "The EIP {id} is bound; unbind it first"
        )));
    }
    call.cloud.remove_eip(&id);
    Ok(json!({"Data": null}))
}
