//! Costs by product and by project.

use super::bill::{PROJECT, PROJECT_ID, in_currency, sum};
use super::bill_item::{BillItem, grouped, product, totals};
use super::period::Period;
use crate::cloud::call::{Call, Handler};
use crate::cloud::refusal::Refusal;
use serde_json::{Value as Json, json};
use std::collections::BTreeSet;

pub(super) const ACTIONS: &[(&str, Handler)] = &[
    ("DescribeCostSummaryByPro", by_product),
    ("DescribeCostSummaryByProject", by_project),
];

fn by_product(call: &mut Call) -> Result<Json, Refusal> {
    summary(call, product, |(kind, name), view| {
        view["ProductName"] = json!(name);
        view["ProductType"] = json!(kind);
    })
}

fn by_project(call: &mut Call) -> Result<Json, Refusal> {
    summary(
        call,
        |_| (PROJECT_ID, PROJECT),
        |(id, name), view| {
            view["ProjectId"] = json!(id);
            view["ProjectName"] = json!(name);
        },
    )
}

type Group = (&'static str, &'static str);

fn summary(
    call: &mut Call,
    key: fn(&BillItem) -> Group,
    name: fn(Group, &mut Json),
) -> Result<Json, Refusal> {
    let items = in_currency(call, Period::of(call, "%Y-%m-%d")?)?;
    let currency = call.params.text("Currency").unwrap_or("CN");
    let groups = grouped(&items, key).into_iter().map(|(group, items)| {
        let cost = sum(items.iter().copied());
        let mut view = json!({
            "TotalCost": cost.total().json(),
            "TotalMasterCost": cost.master.json(),
            "TotalViceCost": cost.vice.json(),
            "ToDeduct": cost.due.json(),
            "Currency": currency,
            "ResourceCount": items.iter().map(|item| item.resource).collect::<BTreeSet<_>>().len(),
        });
        name(group, &mut view);
        view
    });
    let groups: Vec<_> = groups.collect();
    Ok(json!({"Data": {"TotalSummary": totals(currency, sum(&items)), "BillInfo": groups}}))
}
