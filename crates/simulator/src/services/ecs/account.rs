//! The test accounts that servers can be billed to.

use crate::cloud::call::{Call, Handler};
use crate::cloud::refusal::Refusal;
use crate::services::billing::BILLING;
use serde_json::{Value as Json, json};

pub(super) const ACTIONS: &[(&str, Handler)] = &[("DescribeAccountSubject", describe)];

#[expect(clippy::unnecessary_wraps, reason = "handlers have one form")]
fn describe(call: &mut Call) -> Result<Json, Refusal> {
    let accounts = call.cloud[BILLING].credits.iter().map(|credit| {
        json!({
            "Name": credit.name,
            "Balance": credit.balance.json(),
            "Income": credit.income.json(),
            "Duration": credit.days(),
            "BeginTime": credit.begins.to_string(),
            "EndTime": credit.ends.to_string(),
        })
    });
    Ok(json!({"Data": accounts.collect::<Vec<_>>()}))
}
