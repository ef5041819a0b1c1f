//! The service `/platform/subject` of Capital Online: trial credits.

use super::state::{BILLING, Credit};
use crate::cloud::call::{Call, Table};
use crate::cloud::refusal::Refusal;
use crate::cloud::service::Service;
use serde_json::{Value as Json, json};

/// The service.
pub(crate) struct Subject;

impl Service for Subject {
    fn name(&self) -> &'static str {
        "cds.subject"
    }

    fn actions(&self) -> &'static [Table] {
        &[&[("DescribeSubjects", describe)]]
    }
}

#[expect(clippy::unnecessary_wraps, reason = "handlers have one form")]
fn describe(call: &mut Call) -> Result<Json, Refusal> {
    let credits: Vec<_> = call.cloud[BILLING].credits.iter().map(view).collect();
    Ok(json!({"Data": {"Total": credits.len(), "Currency": "人民币", "SubjectList": credits}}))
}

fn view(credit: &Credit) -> Json {
    let joined = |part: fn(&(String, String)) -> &str, all: &str| {
        let parts: Vec<_> = credit.offerings.iter().map(part).collect();
        if parts.is_empty() {
            all.to_owned()
        } else {
            parts.join(",")
        }
    };
    json!({
        "Id": credit.id,
        "Name": credit.name,
        "Balance": credit.balance.text(),
        "BeginTime": credit.begins.to_string(),
        "EndTime": credit.ends.to_string(),
        "BillMethod": "0",
        "BillMethodDisplay": "按需计费",
        "GoodsIds": joined(|(id, _)| id, "unlimited"),
        "GoodsNames": joined(|(_, name)| name, "无限制"),
        "SiteIds": "unlimited",
        "SiteNames": "无限制",
    })
}
