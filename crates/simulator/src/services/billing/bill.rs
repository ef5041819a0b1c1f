//! Bills: what each resource cost in a period.

use super::period::Period;
use super::record::{Cost, Record, grouped, product, records, totals};
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

pub(super) const ACTIONS: &[(&str, Handler)] =
    &[("DescribeBill", bill), ("DescribeBillInfo", of_resource), ("DescribeBillDetail", detail)];

/// How days are written here.
const DOTS: &str = "%Y.%m.%d";

/// The one project that there is; no Action of these services names another.
pub(super) const PROJECT_ID: &str = "0-0";
pub(super) const PROJECT: &str = "默认项目组";

/// The records of a period in a currency. The account's money is yuan.
pub(super) fn in_currency<'a>(call: &'a Call, period: Period) -> Result<Vec<Record<'a>>, Refusal> {
    match call.params.text("Currency").unwrap_or("CN") {
        "CN" => Ok(records(call.cloud, period.start(), period.end())),
        "US" => Ok(Vec::new()),
        _ => Err(call.malformed("Currency", "it is neither CN nor US")),
    }
}

pub(super) fn sum<'a, 'b: 'a>(records: impl IntoIterator<Item = &'a Record<'b>>) -> Cost {
    records.into_iter().map(|record| record.cost).sum()
}

fn bill(call: &mut Call) -> Result<Json, Refusal> {
    let text = call.params.required("DateFromTo");
    let day = |text: &str| Date::strptime(DOTS, text).ok();
    let days = text.split_once(" - ").and_then(|(from, to)| Period::between(day(from)?, day(to)?));
    // The one code that the document gives for this Action.
    let malformed = || Refusal::new("InvalidPublicId.Malformed", format!("{text:?} is not a period as 2019.09.02 - 2019.09.03"));
    let records = in_currency(call, days.ok_or_else(malformed)?)?;
    let total = sum(&records);
    let resources = grouped(&records, |record| record.resource).into_iter().map(|(_, records)| {
        let mut shown = described(call.cloud, records[0]);
        shown["TotalCost"] = sum(records.iter().copied()).total().json();
        let last = records[records.len() - 1];
        let deleted = last.deleted.filter(|_| call.cloud.use_of(last.resource).is_none());
        shown["DeleteTime"] = json!(deleted.map(format_time).unwrap_or_default());
        shown
    });
    let resources: Vec<_> = resources.collect();
    Ok(json!({"Data": {
        "BillInfo": resources, "TotalMasterCost": (total.master + total.due).json(), "TotalViceCost": total.vice.json(),
    }}))
}

/// What every bill says of a resource.
fn described(cloud: &Cloud, record: &Record) -> Json {
    let vdc = cloud[CCS].instances.get(record.resource).and_then(|server| cloud[VDC].vdcs.get(&server.vdc_id));
    json!({
        "RegionId": record.zone,
        "ResourceId": record.resource,
        "ResourceName": record.name,
        "ResourceType": product(record).0,
        "TotalCost": record.cost.total().json(),
        "VdcId": vdc.map_or("", |vdc| &vdc.id),
        "VdcName": vdc.map_or("", |vdc| &vdc.name),
        "CreateTime": format_time(record.created),
    })
}

fn of_resource(call: &mut Call) -> Result<Json, Refusal> {
    let records = in_currency(call, Period::of(call, DOTS)?)?;
    let id = call.params.required("ResourceId");
    let own: Vec<_> = records.iter().filter(|record| record.resource == id).collect();
    let shown = own.iter().map(|record| {
        let mut shown = described(call.cloud, record);
        let (configuration, unit) = (product(record).1, record.unit.text());
        let fields = json!({
            "Configuration": configuration,
            "CostDetail": format!("{configuration}:{unit}"),
            "StartTime": record.begin.as_second(),
            "EndTime": record.end.as_second(),
            "PayType": if record.is_on_demand { "1" } else { "0" },
            "PayDesc": if record.is_on_demand { "按需计费" } else { "包年包月" },
            "Status": if record.deleted.is_some() { "deleted" } else { "running" },
            "UnitPrice": record.unit.json(),
            "IPs": call.cloud.addresses_of(record.resource),
            "ProjectName": PROJECT,
            "ProjectId": PROJECT_ID,
        });
        if let (Json::Object(shown), Json::Object(fields)) = (&mut shown, fields) {
            shown.extend(fields);
        }
        shown
    });
    let shown: Vec<_> = shown.collect();
    Ok(json!({"Data": {"TotalCost": sum(own.iter().copied()).total().json(), "BillDetail": shown}}))
}

fn detail(call: &mut Call) -> Result<Json, Refusal> {
    let period = Period::of(call, DOTS)?;
    if period.first < date(2019, 1, 1) {
        return Err(call.malformed("DateFrom", "there are no bills before 2019.01.01"));
    }
    if period.first.checked_add(31.days()).is_ok_and(|end| period.last > end) {
        return Err(call.malformed("DateTo", "it is more than 31 days after DateFrom"));
    }
    let mut records = in_currency(call, period)?;
    if call.params.text("ProjectName").is_some_and(|name| !name.is_empty() && name != PROJECT) {
        records.clear();
    }
    let cloud = &*call.cloud;
    let shown = records.iter().map(|record| {
        let server = cloud[CCS].instances.get(record.resource);
        let (public, private): (Vec<_>, Vec<_>) = cloud.placed(record.resource).into_iter().partition(|(is_public, _)| *is_public);
        let first = |found: Vec<(bool, String)>| found.into_iter().next().map(|(_, address)| address).unwrap_or_default();
        let labels: Vec<_> =
            server.into_iter().flat_map(|server| &server.tags).filter_map(|tag| cloud[CCS].tags.get(tag)).collect();
        json!({
            "Site": record.zone,
            "APP": server.and_then(|server| cloud[VDC].vdcs.get(&server.vdc_id)).map_or("", |vdc| &vdc.name),
            "PublicIp": first(public),
            "PrivateIp": first(private),
            "Currency": "CN",
            "Label": labels.into_iter().cloned().collect::<Vec<_>>().join(","),
            "Project": PROJECT,
            "GoodsType": product(record).1,
            "CloudId": record.resource,
            "TotalCost": record.cost.total().text(),
            "BillType": if record.is_on_demand { "按需付费" } else { "包年包月" },
            "Config": product(record).1,
            "Product": product(record).1,
            "Resource": record.name,
            "BeginTime": format_time(record.begin),
            "EndTime": format_time(record.end),
        })
    });
    let shown: Vec<_> = shown.collect();
    Ok(json!({"Data": {
        "BeginTime": period.first.strftime(DOTS).to_string(),
        "EndTime": period.last.strftime(DOTS).to_string(),
        "TotalRecords": shown.len(),
        "TotalSummary": totals("CN", sum(&records)),
        "BillDetail": shown,
    }}))
}

impl Cloud {
    /// The addresses of a server that is there, and whether each is public.
    fn placed(&self, id: &str) -> Vec<(bool, String)> {
        let is_public = |network: &str| self[VDC].networks.get(network).is_some_and(crate::services::vdc::Network::is_public);
        let of_vdc = self[CCS].instances.get(id).into_iter().flat_map(|server| &server.interfaces);
        let of_vdc = of_vdc.filter_map(|own| Some((is_public(&own.network), own.address?.to_string())));
        let of_vpc = self[ECS].servers.get(id).map(|server| (false, server.address.to_string()));
        of_vdc.chain(of_vpc).collect()
    }

    fn addresses_of(&self, id: &str) -> Vec<String> {
        self.placed(id).into_iter().map(|(_, address)| address).collect()
    }
}
