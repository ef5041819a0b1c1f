//! The networks of sites: default ones, which are made here, and own ones.

use super::arguments::filled;
use super::line::{LINES, line};
use super::request_content::{CUSTOMER, USER, content};
use super::state::{DESKTOP, Network, Vpc};
use super::{Effect, work};
use crate::cloud::addresses::Range;
use crate::cloud::call::{Call, Handler};
use crate::cloud::format::format_time;
use crate::cloud::refusal::Refusal;
use crate::cloud::state::Cloud;
use crate::cloud::task::Plan;
use serde_json::{Value as Json, json};
use std::net::Ipv4Addr;

pub(super) const ACTIONS: &[(&str, Handler)] = &[
    ("CreateDefaultNet", create),
    ("SupplyDefaultNet", supply),
    ("GetDefaultNet", default_of_site),
    ("GetCustomNet", own_of_site),
];

/// How many addresses of a network the cloud keeps for itself, in the document's examples.
const KEPT: usize = 16;

/// Gateways of a default network: those of the first two lines, in the document's examples.
const GATEWAYS: usize = 2;

/// What a default network has beside `present`: a subnet, and a gateway to each of its lines. Each
/// takes the next id and VLAN.
pub(super) fn default_networks(
    present: &[Network],
    next: &mut impl FnMut() -> (String, u64),
) -> Vec<Network> {
    let wanted = std::iter::once((None, "子网1".to_owned())).chain(
        LINES
            .iter()
            .take(GATEWAYS)
            .map(|line| (Some(line.id), format!("{}默认网关", line.name))),
    );
    let mut made = Vec::new();
    for (number, (line, name)) in (1..).zip(wanted) {
        if !present.iter().any(|network| network.line == line) {
            let (id, vlan) = next();
            made.push(Network {
                id,
                name,
                range: Range::new(Ipv4Addr::new(10, number, 0, 0), 16),
                vlan,
                line,
            });
        }
    }
    made
}

fn new_networks(cloud: &mut Cloud, present: &[Network]) -> Vec<Network> {
    let mut next = || {
        (
            cloud.ids.uuid(),
            1400 + cloud.ids.number("desktop_vlan", 400, |_| false) % 2600,
        )
    };
    default_networks(present, &mut next)
}

fn default_net<'a>(call: &'a Call, site: &str) -> Option<&'a Vpc> {
    call.cloud[DESKTOP]
        .vpcs
        .iter()
        .find(|vpc| vpc.site == site && vpc.record.is_some())
}

fn create(call: &mut Call) -> Result<Json, Refusal> {
    let request = filled(call, "requestId")?;
    let site = call
        .cloud
        .desktop_site(call.params.required("siteId"))?
        .clone();
    if default_net(call, &site.id).is_some() {
        return Err(Refusal::new(
            "13500",
            format!("The site {} has a default network already", site.id),
        ));
    }
    let cloud = &mut *call.cloud;
    let (id, created) = (cloud.ids.uuid(), cloud.now());
    let record = cloud.ids.number("desktop_net", 477, |_| false);
    let vpc = Vpc {
        id: id.clone(),
        name: format!("{}-云桌面默认VPC", site.city),
        site: site.id.clone(),
        range: Range::new(Ipv4Addr::new(10, 0, 0, 0), 8),
        record: Some((record, cloud.ids.uuid())),
        networks: new_networks(cloud, &[]),
        created,
        updated: created,
    };
    cloud[DESKTOP].vpcs.insert(vpc);
    let plan = Plan::holding(work::NETWORK, vec![id.clone()])
        .showing("creating")
        .asked_with(request);
    let task = cloud.start(plan.or_else(Effect::RemoveVpc { vpc: id }));
    Ok(started(call, &task))
}

fn supply(call: &mut Call) -> Result<Json, Refusal> {
    let request = filled(call, "requestId")?;
    let site = call
        .cloud
        .desktop_site(call.params.required("siteId"))?
        .id
        .clone();
    let vpc = default_net(call, &site).cloned();
    let vpc = vpc.ok_or_else(|| {
        Refusal::new(
            "13506",
            format!("The site {site} has no default network to complete"),
        )
    })?;
    if let Some(state) = call.cloud.tasks.state_of(&vpc.id) {
        return Err(Refusal::new(
            "13506",
            format!("The default network is {state}"),
        ));
    }
    let networks = new_networks(call.cloud, &vpc.networks);
    let plan = Plan::holding(work::NETWORK, vec![vpc.id.clone()]).asked_with(request);
    let task = call.cloud.start(plan.then(Effect::AddNetworks {
        vpc: vpc.id,
        networks,
    }));
    Ok(started(call, &task))
}

fn started(call: &Call, task: &str) -> Json {
    let request = call.params.required("requestId");
    json!({"Data": {"requestContent": content(call, &json!({})), "requestId": request, "taskId": task}})
}

/// What is answered where there is none is not documented; here it is null.
fn default_of_site(call: &mut Call) -> Result<Json, Refusal> {
    filled(call, "requestId")?;
    let site = call.cloud.desktop_site(call.params.required("siteId"))?;
    let vpc = default_net(call, &site.id);
    let view = vpc
        .and_then(|vpc| vpc.record.as_ref().map(|(number, id)| (vpc, number, id)))
        .map(|(vpc, number, id)| {
            let mut json = view(call.cloud, vpc);
            json["id"] = json!(number);
            json["vpcRecordId"] = json!(id);
            json["cityId"] = json!(site.city_id);
            json["createTime"] = json!(format_time(vpc.created));
            json["updateTime"] = json!(format_time(vpc.updated));
            json["deleteFlag"] = json!(false);
            json
        });
    Ok(json!({"Data": view}))
}

fn own_of_site(call: &mut Call) -> Result<Json, Refusal> {
    filled(call, "requestId")?;
    let site = call.cloud.desktop_site(call.params.required("siteId"))?;
    let own = call.cloud[DESKTOP]
        .vpcs
        .iter()
        .filter(|vpc| vpc.site == site.id && vpc.record.is_none());
    Ok(json!({"Data": own.map(|vpc| view(call.cloud, vpc)).collect::<Vec<_>>()}))
}

fn view(cloud: &Cloud, vpc: &Vpc) -> Json {
    let networks = |gateways: bool| -> Vec<Json> {
        let own = vpc
            .networks
            .iter()
            .filter(|network| network.line.is_some() == gateways);
        own.map(|network| network_json(cloud, vpc, network))
            .collect()
    };
    json!({
        "vpcId": vpc.id,
        "vpcName": vpc.name,
        "vpcSegment": vpc.range,
        "customerId": CUSTOMER,
        "userId": USER,
        "subnets": networks(false),
        "vgateways": networks(true),
    })
}

fn network_json(cloud: &Cloud, vpc: &Vpc, network: &Network) -> Json {
    let (status, status_text) = match cloud.tasks.state_of(&vpc.id) {
        None => ("ok", "正常"),
        Some("creating") => ("creating", "创建中"),
        Some(_) => ("updating", "更新中"),
    };
    let used = KEPT + cloud.addresses.count(&network.id);
    let size = 1_usize
        .checked_shl(32 - u32::from(network.range.bits()))
        .unwrap_or(usize::MAX);
    let mut json = json!({
        "id": network.id,
        "name": network.name,
        "status": status,
        "status_str": status_text,
        "ip_type": if network.line.is_some() { "virtual_gateway" } else { "subnet" },
        "ip_address": network.range.address().to_string(),
        "mask": network.range.bits(),
        "gateway": Ipv4Addr::from(u32::from(network.range.address()).saturating_add(1)).to_string(),
        "dns": "[\"119.29.29.29\",\"114.114.114.114\"]",
        "vlan_id": network.vlan.to_string(),
        "used_num": used,
        "not_used": size.saturating_sub(used),
    });
    if let Some(id) = network.line {
        json["conf_id"] = json!(id.to_string());
        json["conf_name"] = json!(line(id).map(|line| line.name));
    }
    json
}
