//! Bills: what each resource cost in a period.

use super::bill_item::{BillItem, Cost, grouped, items, product, totals};
use super::period::Period;
use crate::cloud::call::{Call, Handler};
use crate::cloud::format::format_time;
use crate::cloud::refusal::Refusal;
use crate::cloud::state::Cloud;
use crate::services::ccs::CCS;
use crate::services::ecs::ECS;
use crate::services::vdc::VDC;
use jiff::ToSpan;
use jiff::civil::{Date, date};
use serde_json::{Value as Json, json};

pub(super) const ACTIONS: &[(&str, Handler)] = &[
    ("DescribeBill", bill),
    ("DescribeBillInfo", of_resource),
    ("DescribeBillDetail", detail),
];

/// How days are written here.
const DOTS: &str = "%Y.%m.%d";

/// The one project that there is; no Action of these services names another.
pub(super) const PROJECT_ID: &str = "0-0";
pub(super) const PROJECT: &str = "默认项目组";

/// The items of a period in a currency. The account's money is yuan.
pub(super) fn in_currency<'a>(
    call: &'a Call,
    period: Period,
) -> Result<Vec<BillItem<'a>>, Refusal> {
    match call.params.text("Currency").unwrap_or("CN") {
        "CN" => Ok(items(call.cloud, period.start(), period.end())),
        "US" => Ok(Vec::new()),
        _ => Err(call.malformed("Currency", "it is neither CN nor US")),
    }
}

pub(super) fn sum<'a, 'b: 'a>(items: impl IntoIterator<Item = &'a BillItem<'b>>) -> Cost {
    items.into_iter().map(|item| item.cost).sum()
}

fn bill(call: &mut Call) -> Result<Json, Refusal> {
    let text = call.params.required("DateFromTo");
    let day = |text: &str| Date::strptime(DOTS, text).ok();
    let days = text
        .split_once(" - ")
        .and_then(|(from, to)| Period::between(day(from)?, day(to)?));
    // The one code that the document gives for this Action.
    let malformed = || {
        Refusal::new(
            "InvalidPublicId.Malformed",
            format!("{text:?} is not a period as 2019.09.02 - 2019.09.03"),
        )
    };
    let items = in_currency(call, days.ok_or_else(malformed)?)?;
    let total = sum(&items);
    let resources = grouped(&items, |item| item.resource)
        .into_iter()
        .map(|(_, items)| {
            let mut view = view(call.cloud, items[0]);
            view["TotalCost"] = sum(items.iter().copied()).total().json();
            let last = items[items.len() - 1];
            let deleted = last
                .deleted
                .filter(|_| call.cloud.use_of(last.resource).is_none());
            view["DeleteTime"] = json!(deleted.map(format_time).unwrap_or_default());
            view
        });
    let resources: Vec<_> = resources.collect();
    Ok(json!({"Data": {
        "BillInfo": resources, "TotalMasterCost": (total.master + total.due).json(), "TotalViceCost": total.vice.json(),
    }}))
}

/// What every bill says of a resource.
fn view(cloud: &Cloud, item: &BillItem) -> Json {
    let vdc = cloud[CCS]
        .instances
        .get(item.resource)
        .and_then(|server| cloud[VDC].vdcs.get(&server.vdc_id));
    json!({
        "RegionId": item.zone,
        "ResourceId": item.resource,
        "ResourceName": item.name,
        "ResourceType": product(item).0,
        "TotalCost": item.cost.total().json(),
        "VdcId": vdc.map_or("", |vdc| &vdc.id),
        "VdcName": vdc.map_or("", |vdc| &vdc.name),
        "CreateTime": format_time(item.created),
    })
}

fn of_resource(call: &mut Call) -> Result<Json, Refusal> {
    let items = in_currency(call, Period::of(call, DOTS)?)?;
    let id = call.params.required("ResourceId");
    let own: Vec<_> = items.iter().filter(|item| item.resource == id).collect();
    let views = own.iter().map(|item| {
        let mut view = view(call.cloud, item);
        let (configuration, unit) = (product(item).1, item.unit.text());
        let fields = json!({
            "Configuration": configuration,
            "CostDetail": format!("{configuration}:{unit}"),
            "StartTime": item.begin.as_second(),
            "EndTime": item.end.as_second(),
            "PayType": if item.is_on_demand { "1" } else { "0" },
            "PayDesc": if item.is_on_demand { "按需计费" } else { "包年包月" },
            "Status": if item.deleted.is_some() { "deleted" } else { "running" },
            "UnitPrice": item.unit.json(),
            "IPs": call.cloud.addresses_of(item.resource),
            "ProjectName": PROJECT,
            "ProjectId": PROJECT_ID,
        });
        if let (Json::Object(view), Json::Object(fields)) = (&mut view, fields) {
            view.extend(fields);
        }
        view
    });
    let views: Vec<_> = views.collect();
    Ok(json!({"Data": {"TotalCost": sum(own.iter().copied()).total().json(), "BillDetail": views}}))
}

fn detail(call: &mut Call) -> Result<Json, Refusal> {
    let period = Period::of(call, DOTS)?;
    if period.first < date(2019, 1, 1) {
        return Err(call.malformed("DateFrom", "there are no bills before 2019.01.01"));
    }
    if period
        .first
        .checked_add(31.days())
        .is_ok_and(|end| period.last > end)
    {
        return Err(call.malformed("DateTo", "it is more than 31 days after DateFrom"));
    }
    let mut items = in_currency(call, period)?;
    if call
        .params
        .text("ProjectName")
        .is_some_and(|name| !name.is_empty() && name != PROJECT)
    {
        items.clear();
    }
    let cloud = &*call.cloud;
    let views = items.iter().map(|item| {
        let server = cloud[CCS].instances.get(item.resource);
        let (public, private): (Vec<_>, Vec<_>) = cloud.placed(item.resource).into_iter().partition(|(is_public, _)| *is_public);
        let first = |found: Vec<(bool, String)>| found.into_iter().next().map(|(_, address)| address).unwrap_or_default();
        let labels: Vec<_> =
            server.into_iter().flat_map(|server| &server.tags).filter_map(|tag| cloud[CCS].tags.get(tag)).collect();
        json!({
            "Site": item.zone,
            "APP": server.and_then(|server| cloud[VDC].vdcs.get(&server.vdc_id)).map_or("", |vdc| &vdc.name),
            "PublicIp": first(public),
            "PrivateIp": first(private),
            "Currency": "CN",
            "Label": labels.into_iter().cloned().collect::<Vec<_>>().join(","),
            "Project": PROJECT,
            "GoodsType": product(item).1,
            "CloudId": item.resource,
            "TotalCost": item.cost.total().text(),
            "BillType": if item.is_on_demand { "按需付费" } else { "包年包月" },
            "Config": product(item).1,
            "Product": product(item).1,
            "Resource": item.name,
            "BeginTime": format_time(item.begin),
            "EndTime": format_time(item.end),
        })
    });
    let views: Vec<_> = views.collect();
    Ok(json!({"Data": {
        "BeginTime": period.first.strftime(DOTS).to_string(),
        "EndTime": period.last.strftime(DOTS).to_string(),
        "TotalRecords": views.len(),
        "TotalSummary": totals("CN", sum(&items)),
        "BillDetail": views,
    }}))
}

impl Cloud {
    /// The addresses of a server that is there, and whether each is public.
    fn placed(&self, id: &str) -> Vec<(bool, String)> {
        let is_public = |network: &str| {
            self[VDC]
                .networks
                .get(network)
                .is_some_and(crate::services::vdc::Network::is_public)
        };
        let of_vdc = self[CCS]
            .instances
            .get(id)
            .into_iter()
            .flat_map(|server| &server.interfaces);
        let of_vdc =
            of_vdc.filter_map(|own| Some((is_public(&own.network), own.address?.to_string())));
        let of_vpc = self[ECS]
            .servers
            .get(id)
            .map(|server| (false, server.address.to_string()));
        of_vdc.chain(of_vpc).collect()
    }

    fn addresses_of(&self, id: &str) -> Vec<String> {
        self.placed(id)
            .into_iter()
            .map(|(_, address)| address)
            .collect()
    }
}
