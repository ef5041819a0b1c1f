//! The test accounts that servers can be billed to.

use crate::cloud::listing::Listing;
use crate::services::billing::{BILLING, Credit};
use serde_json::{Value as Json, json};

pub(super) const TEST_ACCOUNTS: Listing = Listing {
    action: "DescribeAccountSubject",
    rows: |call| call.cloud[BILLING].credits.iter().map(view).collect(),
    filters: &[],
    page_size: u64::MAX,
};

fn view(credit: &Credit) -> Json {
    json!({
        "Name": credit.name,
        "Balance": credit.balance.json(),
        "Income": credit.income.json(),
        "Duration": credit.days(),
        "BeginTime": credit.begins.to_string(),
        "EndTime": credit.ends.to_string(),
    })
}
