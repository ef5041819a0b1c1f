//! Subnets and virtual egress gateways.

use super::answers::started;
use super::refusals::{in_use, not_found};
use super::state::{Net, NetKind, VPC};
use super::{Effect, price, site, work};
use crate::cloud::addresses::Range;
use crate::cloud::call::{Call, Handler};
use crate::cloud::listing::list_answer;
use crate::cloud::refusal::Refusal;
use crate::cloud::state::Cloud;
use crate::cloud::task::Plan;
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;

pub(super) const ACTIONS: &[(&str, Handler)] = &[
    ("DescribeSubnet", |call| describe(call, true)),
    ("CreateSubnet", |call| create(call, true)),
    ("DeleteSubnet", |call| delete(call, true)),
    ("DescribeVirtualGateWay", |call| describe(call, false)),
    ("CreateVirtualGateWay", |call| create(call, false)),
    ("DeleteVirtualGateWay", |call| delete(call, false)),
];

/// The bits of the mask that leave a server an address beside the ones that the cloud keeps.
const MOST_BITS: u8 = 28;

/// A subnet or gateway that is to be made, checked.
pub(super) struct Wish {
    name: String,
    zone: String,
    range: Range,
    kind: NetKind,
}

impl Wish {
    /// The elements of `SubnetList` or `VirtualGateWayList`: each in the VPC's range and region,
    /// none over another one.
    pub(super) fn list(
        call: &Call,
        list: &str,
        region: &str,
        whole: Range,
        present: &[Range],
    ) -> Result<Vec<Self>, Refusal> {
        let prefix = list.trim_end_matches("List");
        let (name, segment) = (format!("{prefix}Name"), format!("{prefix}Segment"));
        let mut ranges = present.to_vec();
        let mut wishes = Vec::new();
        for entry in call.params.objects(list) {
            let zone = entry.required("AvailableZoneCode");
            call.zone_in(zone, region)?;
            let range: Range = entry
                .required(&segment)
                .parse()
                .map_err(|why: String| call.malformed(&segment, &why))?;
            if !whole.covers(range) {
                return Err(call.malformed(
                    &segment,
                    &format!("{range} is not in the VPC's range {whole}"),
                ));
            }
            if range.bits() > MOST_BITS {
                return Err(call.malformed(
                    &segment,
                    &format!("{range} is too small; the mask has {MOST_BITS} bits at most"),
                ));
            }
            if let Some(other) = ranges.iter().find(|other| other.overlaps(range)) {
                return Err(call.malformed(
                    &segment,
                    &format!("{range} overlaps with {other}, which the VPC has"),
                ));
            }
            ranges.push(range);
            let kind = if list == "SubnetList" {
                NetKind::Subnet
            } else {
                let carrier = entry.required("Type");
                call.carrier("Type", carrier)?;
                NetKind::Gateway {
                    carrier: carrier.to_owned(),
                    reserved: BTreeMap::new(),
                }
            };
            wishes.push(Self {
                name: entry.required(&name).to_owned(),
                zone: zone.to_owned(),
                range,
                kind,
            });
        }
        if wishes.is_empty() {
            Err(call.malformed(list, "it is empty"))
        } else {
            Ok(wishes)
        }
    }
}

/// Makes subnets or gateways, one task each: their ids and tasks.
pub(super) fn create_all(
    cloud: &mut Cloud,
    vpc: &str,
    wishes: Vec<Wish>,
) -> (Vec<String>, Vec<String>) {
    let made = wishes.into_iter().map(
        |Wish {
             name,
             zone,
             range,
             kind,
         }| {
            let id = cloud.ids.uuid();
            let net = Net {
                id: id.clone(),
                name,
                vpc_id: vpc.to_owned(),
                zone,
                range,
                kind,
            };
            cloud.open_net(&net);
            cloud[VPC].nets.insert(net);
            let plan = Plan::holding(work::CREATE_NET, vec![id.clone()]).showing("creating");
            let task = cloud.start(plan.or_else(Effect::RemoveNet { net: id.clone() }));
            (id, task)
        },
    );
    made.unzip()
}

fn create(call: &mut Call, subnets: bool) -> Result<Json, Refusal> {
    let vpc = call.cloud.vpc(call.params.required("VPCId"))?;
    call.idle(&vpc.id)?;
    let present: Vec<_> = call.cloud[VPC]
        .nets
        .iter()
        .filter(|net| net.vpc_id == vpc.id)
        .map(|net| net.range)
        .collect();
    let list = if subnets {
        "SubnetList"
    } else {
        "VirtualGateWayList"
    };
    let wishes = Wish::list(call, list, &vpc.region, vpc.range, &present)?;
    let vpc = vpc.id.clone();
    let (ids, tasks) = create_all(call.cloud, &vpc, wishes);
    let name = if subnets {
        "SubnetIdList"
    } else {
        "VirtualGateWayIdList"
    };
    Ok(json!({"Data": {name: ids, "TaskIdList": tasks}}))
}

fn describe(call: &mut Call, subnets: bool) -> Result<Json, Refusal> {
    let page = call.page(10)?;
    let region = call.region()?;
    let wanted = |name: &str| call.params.text(name).filter(|text| !text.is_empty());
    let (vpc_id, zone, word) = (
        wanted("VPCId"),
        wanted("AvailableZoneCode"),
        wanted("Keyword"),
    );
    let cloud = &*call.cloud;
    let fits = |net: &&Net| {
        net.is_subnet() == subnets
            && vpc_id.is_none_or(|id| id == net.vpc_id)
            && zone.is_none_or(|zone| site::same(zone, &net.zone))
            && word.is_none_or(|word| net.name.contains(word) || net.id == word)
            && cloud[VPC]
                .vpcs
                .get(&net.vpc_id)
                .is_some_and(|vpc| site::same(&vpc.region, region))
    };
    let found: Vec<_> = cloud[VPC].nets.iter().filter(fits).collect();
    let total = found.len();
    let views: Vec<_> = page
        .take(found.into_iter())
        .into_iter()
        .map(|net| view(call, net))
        .collect();
    Ok(list_answer(call.action, page, total, views))
}

fn view(call: &Call, net: &Net) -> Json {
    let cloud = &*call.cloud;
    let prefix = if net.is_subnet() {
        "Subnet"
    } else {
        "VirtualGateWay"
    };
    let mut json = json!({
        (format!("{prefix}Id")): net.id,
        (format!("{prefix}Name")): net.name,
        (format!("{prefix}Segment")): net.range.to_string(),
        "UsedIPNum": cloud.addresses.count(&net.id),
        "VPCId": net.vpc_id,
        "VPCName": cloud[VPC].vpcs.get(&net.vpc_id).map(|vpc| &vpc.name),
        "AvailableZoneCode": net.zone,
        "Status": cloud.network_status(&net.id),
    });
    if let NetKind::Gateway { carrier, .. } = &net.kind {
        json["Type"] = json!(price::carrier_name(call, carrier));
    }
    json
}

fn delete(call: &mut Call, subnets: bool) -> Result<Json, Refusal> {
    let name = if subnets {
        "SubnetId"
    } else {
        "VirtualGateWayId"
    };
    let id = call.params.required(name).to_owned();
    let net = call.cloud[VPC]
        .nets
        .get(&id)
        .filter(|net| net.is_subnet() == subnets)
        .ok_or_else(|| not_found(name, &id))?;
    call.idle(&id)?;
    if let Some(reason) = call.cloud.net_use(net) {
        return Err(in_use(format!("{id} is in use: {reason}")));
    }
    let plan = Plan::holding(work::DELETE_NET, vec![id.clone()]).showing("deleting");
    Ok(started(
        &call.cloud.start(plan.then(Effect::RemoveNet { net: id })),
    ))
}

impl Cloud {
    /// What keeps a subnet or gateway from being taken away.
    fn net_use(&self, net: &Net) -> Option<&'static str> {
        let kept = match &net.kind {
            NetKind::Subnet => 0,
            NetKind::Gateway { reserved, .. } => reserved.len(),
        };
        let (routers, system) = net.system_addresses();
        if self[VPC]
            .eips
            .iter()
            .any(|eip| eip.bound.as_ref().is_some_and(|bound| bound.net == net.id))
        {
            Some("EIPs are bound to it")
        } else if self.addresses.count(&net.id)
            > routers.len() + usize::from(system.is_some()) + kept
        {
            Some("addresses of it are in use")
        } else if self.vlink_to(&net.id).is_some() {
            Some("a VLINK is open to it")
        } else if self.gpn_of(&net.id).is_some() {
            Some("it is in a GPN")
        } else {
            None
        }
    }
}
