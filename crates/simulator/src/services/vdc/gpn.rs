//! Global private networks, and what can be connected to them.

use super::refusals::wrong_state;
use super::state::{Gpn, Network, Pop, VDC, default_project};
use super::{Effect, price, work};
use crate::cloud::addresses::Range;
use crate::cloud::call::{Call, Handler};
use crate::cloud::ids;
use crate::cloud::params::Params;
use crate::cloud::refusal::Refusal;
use crate::cloud::state::Cloud;
use crate::cloud::task::Plan;
use crate::services::vpc::VPC;
use serde_json::{Value as Json, json};

pub(super) const ACTIONS: &[(&str, Handler)] = &[
    ("DescribeGPN", describe),
    ("CreateGPN", create),
    ("DeleteGpn", delete),
    ("AddAccessPoint", add),
    ("DeleteAccessPoint", remove),
    ("DescribeAccessInfo", connectable),
];

/// The number that EVPNs count from; the document's example of `DescribeGPN` has it.
const FIRST_EVPN: u64 = 14_105;

/// Cities whose ids the document's examples show.
const CITIES: &[(&str, &str)] = &[
    ("CN_Beijing", "ea3ca775-306c-11e7-9796-0050569b4d9c"),
    ("CN_Taipei", "713d3745-306d-11e7-9796-0050569b4d9c"),
    ("CN_Wuxi", "123d0d01-306d-11e7-9796-0050569b4d9c"),
    ("US_Dallas", "e48e2312-306d-11e7-9796-0050569b4d9c"),
];

/// The id of a zone's city.
fn city_id(region: &str) -> String {
    let city = region.rsplit_once('_').map_or(region, |(city, _)| city);
    let known = CITIES.iter().find(|(name, _)| *name == city);
    known.map_or_else(
        || ids::uuid(0, &format!("city {city}"), 0),
        |(_, id)| (*id).to_owned(),
    )
}

/// A zone's part of the cloud. The document names two; the others are called alike.
fn part_of_the_world(region: &str) -> &'static str {
    match region.split_once('_').map_or("", |(part, _)| part) {
        "CN" if region.starts_with("CN_Taipei") || region.starts_with("CN_Hongkong") => "亚太地区",
        "CN" => "中国大陆",
        "US" => "北美地区",
        "EUR" => "欧洲地区",
        "SR" => "南美地区",
        _ => "亚太地区",
    }
}

/// Tasks are numbers in these answers.
fn started(task: &str) -> Json {
    json!({"Data": {}, "TaskId": task.parse::<u64>().map_or_else(|_| json!(task), |number| json!(number))})
}

#[expect(clippy::unnecessary_wraps, reason = "handlers have one form")]
fn describe(call: &mut Call) -> Result<Json, Refusal> {
    let (params, cloud) = (call.params, &*call.cloud);
    let wanted = |name: &str| params.text(name).filter(|text| !text.is_empty());
    let (id, word, project) = (wanted("GpnId"), wanted("Key"), wanted("ProjectId"));
    let found = cloud[VDC].gpns.iter().filter(|gpn| {
        id.is_none_or(|id| id == gpn.id)
            && word.is_none_or(|word| gpn.name.contains(word))
            && project.is_none_or(|project| project == gpn.project)
    });
    Ok(json!({"Data": found.map(|gpn| view(cloud, gpn)).collect::<Vec<_>>()}))
}

fn view(cloud: &Cloud, gpn: &Gpn) -> Json {
    let status = cloud.network_status(&gpn.id);
    let status_text = match status {
        "creating" => "创建中",
        "deleting" => "删除中",
        "updating" => "更新中",
        _ => "正常",
    };
    let pops = gpn.pops.iter().filter_map(|id| cloud[VDC].pops.get(id));
    let pops: Vec<_> =
        pops.map(|pop| json!({"PopId": pop.id, "PopName": pop.name, "CityId": city_id(&pop.region), "Qos": gpn.qos})).collect();
    json!({
        "GpnId": gpn.id,
        "Name": gpn.name,
        "Qos": gpn.qos,
        "EvpnId": gpn.evpn,
        "Status": status,
        "StatusStr": status_text,
        "SubOrderId": gpn.order,
        "JoinVdcs": gpn.networks.iter().filter_map(|id| join_vdc(cloud, gpn, id)).collect::<Vec<_>>(),
        "JoinVpcs": gpn.subnets.iter().filter_map(|id| join_vpc(cloud, gpn, id)).collect::<Vec<_>>(),
        "JoinPops": if pops.is_empty() { Json::Null } else { json!(pops) },
    })
}

fn join_vdc(cloud: &Cloud, gpn: &Gpn, id: &str) -> Option<Json> {
    let network = cloud[VDC].networks.get(id)?;
    let vdc = cloud[VDC].vdcs.get(&network.vdc_id)?;
    Some(json!({
        "PrivateId": network.id,
        "RegionId": vdc.region,
        "CityId": city_id(&vdc.region),
        "PrivateNet": network.private_net(),
        "Address": network.segments.first().map(|segment| segment.range.address().to_string()),
        "Qos": gpn.qos,
        "VdcId": vdc.id,
        "VdcName": vdc.name,
    }))
}

fn join_vpc(cloud: &Cloud, gpn: &Gpn, id: &str) -> Option<Json> {
    let subnet = cloud[VPC].nets.get(id)?;
    let vpc = cloud[VPC].vpcs.get(&subnet.vpc_id)?;
    Some(json!({
        "PrivateId": subnet.id,
        "RegionId": subnet.zone,
        "CityId": city_id(&subnet.zone),
        "PrivateNet": subnet.range.to_string(),
        "Address": subnet.range.address().to_string(),
        "Qos": gpn.qos,
        "VpcId": vpc.id,
        "VpcName": vpc.name,
    }))
}

/// The GPN of `GpnId`, none that a task works on.
fn idle<'a>(call: &'a Call) -> Result<&'a Gpn, Refusal> {
    let id = call.params.required("GpnId");
    let gpn = call.cloud[VDC]
        .gpns
        .get(id)
        .ok_or_else(|| call.malformed("GpnId", &format!("there is no GPN {id}")))?;
    match call.cloud.tasks.state_of(id) {
        None => Ok(gpn),
        Some(state) => Err(wrong_state(format!("The GPN {id} is {state}"))),
    }
}

/// What shall be joined, checked: networks that are in no GPN yet and points of presence. Ranges of
/// one GPN must not overlap, or nothing could tell where an address is.
struct Points {
    networks: Vec<String>,
    pops: Vec<String>,
}

impl Points {
    fn of(call: &Call, vdcs: &str, pops: &str, present: Option<&Gpn>) -> Result<Self, Refusal> {
        let mut points = Self {
            networks: Vec::new(),
            pops: Vec::new(),
        };
        let joined = present
            .into_iter()
            .flat_map(|gpn| &gpn.networks)
            .filter_map(|id| call.cloud[VDC].networks.get(id));
        let mut ranges: Vec<Range> = joined.flat_map(Network::ranges).collect();
        for entry in call.params.objects(vdcs) {
            let network = access_network(call, entry)?;
            if points.networks.contains(&network.id) {
                return Err(call.malformed("PrivateId", "it is named twice"));
            }
            if network
                .ranges()
                .any(|own| ranges.iter().any(|range| range.overlaps(own)))
            {
                return Err(call.malformed(
                    "PrivateId",
                    "its addresses overlap with those of another access point",
                ));
            }
            ranges.extend(network.ranges());
            points.networks.push(network.id.clone());
        }
        for entry in call.params.objects(pops) {
            let pop = access_pop(call, entry)?;
            if present.is_some_and(|gpn| gpn.pops.contains(&pop.id))
                || points.pops.contains(&pop.id)
            {
                return Err(call.malformed("PopId", "it is an access point already"));
            }
            points.pops.push(pop.id.clone());
        }
        if points.count() == 0 {
            return Err(call.missing(&format!("{vdcs} or {pops}")));
        }
        Ok(points)
    }

    fn count(&self) -> u64 {
        (self.networks.len() + self.pops.len()) as u64
    }

    /// What a task about them holds.
    fn held(&self, gpn: &str) -> Vec<String> {
        std::iter::once(gpn.to_owned())
            .chain(self.networks.iter().cloned())
            .collect()
    }
}

fn of_type(call: &Call, entry: Params, expected: &str) -> Result<(), Refusal> {
    let given = ["PointType", "AccessPointType"]
        .into_iter()
        .find_map(|name| Some((name, entry.text(name)?)));
    match given {
        Some((name, kind)) if !kind.eq_ignore_ascii_case(expected) => {
            Err(call.malformed(name, &format!("it must be {expected} here")))
        }
        _ => Ok(()),
    }
}

fn in_city(call: &Call, entry: Params, region: &str) -> Result<(), Refusal> {
    let city = entry.text("CityId").filter(|city| !city.is_empty());
    let is_there = city.is_none_or(|city| city == city_id(region));
    if is_there {
        Ok(())
    } else {
        Err(call.malformed("CityId", "the access point is in another city"))
    }
}

fn access_network<'a>(call: &'a Call, entry: Params) -> Result<&'a Network, Refusal> {
    of_type(call, entry, "vdc")?;
    let vdc = call.cloud.ready_vdc(entry.required("VdcId"))?;
    in_city(call, entry, &vdc.region)?;
    let id = entry.required("PrivateId");
    let network = call.cloud[VDC]
        .networks
        .get(id)
        .filter(|network| network.vdc_id == vdc.id && !network.is_public());
    let network = network.ok_or_else(|| {
        call.malformed("PrivateId", &format!("the VDC has no private network {id}"))
    })?;
    if let Some(state) = call.cloud.tasks.state_of(id) {
        return Err(wrong_state(format!("The network {id} is {state}")));
    }
    match call.cloud.gpn_of(id) {
        None => Ok(network),
        Some(gpn) => {
            Err(call.malformed("PrivateId", &format!("it is in the GPN {} already", gpn.id)))
        }
    }
}

fn access_pop<'a>(call: &'a Call, entry: Params) -> Result<&'a Pop, Refusal> {
    of_type(call, entry, "pop")?;
    let id = entry.required("PopId");
    let pop = call.cloud[VDC].pops.get(id);
    let pop =
        pop.ok_or_else(|| call.malformed("PopId", &format!("there is no point of presence {id}")))?;
    in_city(call, entry, &pop.region)?;
    Ok(pop)
}

fn create(call: &mut Call) -> Result<Json, Refusal> {
    let params = call.params;
    let qos = params
        .count("Qos")
        .filter(|qos| *qos > 0)
        .ok_or_else(|| call.malformed("Qos", "it must be 1 at least"))?;
    let points = Points::of(call, "AccessPoint", "PopAccessPoint", None)?;
    call.affordable(price::ACCESS_POINT.per_day(qos.saturating_mul(points.count())))?;
    let credit = call.credit()?;
    let cloud = &mut *call.cloud;
    let (id, order) = (cloud.ids.uuid(), cloud.ids.uuid());
    let gpns = &cloud.states[VDC].gpns;
    let evpn = cloud.ids.number("evpn", FIRST_EVPN, |number| {
        gpns.iter().any(|gpn| gpn.evpn == number)
    });
    let holds = points.held(&id);
    cloud[VDC].gpns.insert(Gpn {
        id: id.clone(),
        name: params.required("Name").to_owned(),
        qos,
        evpn,
        order,
        project: default_project(),
        networks: points.networks,
        subnets: Vec::new(),
        pops: points.pops,
    });
    let plan = Plan::holding(work::GPN, holds)
        .making(vec![id.clone()])
        .showing("creating")
        .then(Effect::OpenGpn {
            gpn: id.clone(),
            credit,
        })
        .or_else(Effect::RemoveGpn { gpn: id });
    Ok(started(&call.cloud.start(plan)))
}

fn delete(call: &mut Call) -> Result<Json, Refusal> {
    let gpn = idle(call)?;
    let id = gpn.id.clone();
    let plan = Plan::holding(work::GPN, vec![id.clone()]).showing("deleting");
    Ok(started(
        &call.cloud.start(plan.then(Effect::RemoveGpn { gpn: id })),
    ))
}

fn add(call: &mut Call) -> Result<Json, Refusal> {
    let gpn = idle(call)?;
    let points = Points::of(call, "VdcAdd", "PopAdd", Some(gpn))?;
    let (id, per_day) = (
        gpn.id.clone(),
        price::ACCESS_POINT.per_day(gpn.qos.saturating_mul(points.count())),
    );
    call.affordable(per_day)?;
    let plan = Plan::holding(work::GPN, points.held(&id)).making(vec![id.clone()]);
    let effect = Effect::JoinGpn {
        gpn: id,
        networks: points.networks,
        pops: points.pops,
    };
    Ok(started(&call.cloud.start(plan.then(effect))))
}

fn remove(call: &mut Call) -> Result<Json, Refusal> {
    let gpn = idle(call)?;
    let points = call.params.several("DelPoints");
    let own = |point: &String| {
        [&gpn.networks, &gpn.subnets, &gpn.pops]
            .into_iter()
            .any(|own| own.contains(point))
    };
    if let Some(unknown) = points.iter().find(|point| !own(point)) {
        return Err(call.malformed(
            "DelPoints",
            &format!("the GPN has no access point {unknown}"),
        ));
    }
    let id = gpn.id.clone();
    let plan = Plan::holding(work::GPN, vec![id.clone()]);
    Ok(started(
        &call
            .cloud
            .start(plan.then(Effect::LeaveGpn { gpn: id, points })),
    ))
}

/// What is in no GPN yet.
fn connectable(call: &mut Call) -> Result<Json, Refusal> {
    let cloud = &*call.cloud;
    let data = match call.params.required("Type") {
        "vdc" => {
            let vdcs = cloud[VDC].vdcs.iter().map(|vdc| {
                let private = cloud
                    .networks_of(&vdc.id)
                    .filter(|network| !network.is_public() && cloud.gpn_of(&network.id).is_none());
                let address = |network: &Network| {
                    network
                        .segments
                        .first()
                        .map(|segment| segment.range.address().to_string())
                };
                let private = private
                    .map(|network| json!({"PrivateId": network.id, "Address": address(network)}));
                json!({
                    "VdcId": vdc.id,
                    "VdcName": vdc.name,
                    "CityId": city_id(&vdc.region),
                    "RegionId": vdc.region,
                    "RegionName": price::term(call, "Region", &vdc.region),
                    "ZoneName": part_of_the_world(&vdc.region),
                    "PrivateNetwork": private.collect::<Vec<_>>(),
                })
            });
            json!({"Pop": null, "Vdc": vdcs.collect::<Vec<_>>()})
        }
        "pop" => {
            let pops = cloud[VDC].pops.iter();
            let pops = pops.map(
                |pop| json!({"PopId": pop.id, "PopName": pop.name, "CityId": city_id(&pop.region)}),
            );
            json!({"Pop": pops.collect::<Vec<_>>(), "Vdc": []})
        }
        _ => return Err(call.malformed("Type", "it must be vdc or pop")),
    };
    Ok(json!({"Data": data, "TaskId": ""}))
}
