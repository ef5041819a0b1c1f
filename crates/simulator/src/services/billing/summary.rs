//! Costs by product and by project.

use super::bill::{PROJECT, PROJECT_ID, in_currency, sum};
use super::period::Period;
use super::record::{Record, grouped, product, totals};
use crate::cloud::call::{Call, Handler};
use crate::cloud::refusal::Refusal;
use serde_json::{Value as Json, json};
use std::collections::BTreeSet;

pub(super) const ACTIONS: &[(&str, Handler)] =
    &[("DescribeCostSummaryByPro", by_product), ("DescribeCostSummaryByProject", by_project)];

fn by_product(call: &mut Call) -> Result<Json, Refusal> {
    summary(call, product, |(kind, name), shown| {
        shown["ProductName"] = json!(name);
        shown["ProductType"] = json!(kind);
    })
}

fn by_project(call: &mut Call) -> Result<Json, Refusal> {
    summary(
        call,
        |_| (PROJECT_ID, PROJECT),
        |(id, name), shown| {
            shown["ProjectId"] = json!(id);
            shown["ProjectName"] = json!(name);
        },
    )
}

type Group = (&'static str, &'static str);

fn summary(call: &mut Call, key: fn(&Record) -> Group, name: fn(Group, &mut Json)) -> Result<Json, Refusal> {
    let records = in_currency(call, Period::of(call, "%Y-%m-%d")?)?;
    let currency = call.params.text("Currency").unwrap_or("CN");
    let groups = grouped(&records, key).into_iter().map(|(group, records)| {
        let cost = sum(records.iter().copied());
        let mut shown = json!({
            "TotalCost": cost.total().json(),
            "TotalMasterCost": cost.master.json(),
            "TotalViceCost": cost.vice.json(),
            "ToDeduct": cost.due.json(),
            "Currency": currency,
            "ResourceCount": records.iter().map(|record| record.resource).collect::<BTreeSet<_>>().len(),
        });
        name(group, &mut shown);
        shown
    });
    let groups: Vec<_> = groups.collect();
    Ok(json!({"Data": {"TotalSummary": totals(currency, sum(&records)), "BillInfo": groups}}))
}
