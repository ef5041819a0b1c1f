//! The account's balance, and what it has cost month by month.

use super::bill;
use super::bill_item::items;
use crate::cloud::call::{Call, Handler};
use crate::cloud::format::format_time;
use crate::cloud::money::Money;
use crate::cloud::refusal::Refusal;
use jiff::Timestamp;
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;

pub(super) const ACTIONS: &[(&str, Handler)] = &[("DescribeAccountInfo", describe)];

#[expect(clippy::unnecessary_wraps, reason = "handlers have one form")]
fn describe(call: &mut Call) -> Result<Json, Refusal> {
    let cloud = &*call.cloud;
    let items = items(cloud, Timestamp::MIN, Timestamp::MAX);
    let cost = bill::sum(&items);
    // What is metered is counted in the month in which it is paid, as the balance shows it.
    let mut months: BTreeMap<String, Money> = BTreeMap::new();
    for charge in cloud
        .wallet
        .charges
        .iter()
        .filter(|charge| !charge.refunded && charge.credit.is_none())
    {
        *months
            .entry(charge.time.strftime("%Y%m").to_string())
            .or_default() += charge.amount;
    }
    let costs = months
        .iter()
        .map(|(month, amount)| json!({"Amount": amount.json(), "Currency": "CN", "Month": month}));
    let costs: Vec<_> = costs.collect();
    // Whatever the account has had was recharged once; the cloud begins with it.
    let recharged = cloud.wallet.balance + cost.master;
    let since = cloud.clock.day_at(std::time::Duration::ZERO);
    let recharge = json!({
        "Amount": recharged.json(),
        "CreateDate": format_time(since),
        "Currency": "CN",
        "SwiftNumber": since.strftime("%Y%m%d%H%M%S").to_string() + "0001",
        "Type": "线上充值",
    });
    Ok(json!({"Data": {
        "MasterTotalBalance": cloud.wallet.balance.json(),
        "CreditLine": 0,
        "ToDeduct": cost.due.json(),
        "RechargeCount": 1,
        "RechargeRecord": [recharge],
        "MasterTotalCost": cost.master.json(),
        "CostCount": costs.len(),
        "CostRecords": costs,
    }}))
}
