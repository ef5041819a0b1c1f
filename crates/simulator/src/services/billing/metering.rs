//! The service `/ccs-product` of Capital Online: how much the pools of cold storage hold. No Action changes them.

use crate::cloud::call::{self, Call, Handler};
use crate::cloud::refusal::Refusal;
use crate::cloud::store::Keyed;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

/// A pool of cold storage. The document gives no units.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Pool {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) size: u64,
    pub(crate) cold: f64,
    pub(crate) warm: f64,
}

impl Keyed for Pool {
    fn key(&self) -> &str {
        &self.id
    }
}

/// The pools of the document's examples: one that it asks for, and the one that it shows.
pub(super) fn ready() -> [Pool; 2] {
    let pool = |id: &str, name: &str, cold, warm| Pool { id: id.to_owned(), name: name.to_owned(), size: 10_240, cold, warm };
    [pool("1001", "存储池", 0.0, 0.0), pool("2001", "wlj_存储池1", 165.1226, 37.9796)]
}

/// What carries an Action out, by the Action's name.
pub(crate) fn handler(action: &str) -> Option<Handler> {
    call::find(&[&[("GetMetering", metering)]], action)
}

fn metering(call: &mut Call) -> Result<Json, Refusal> {
    let day = call.params.required("EndTime");
    if day.is_empty() {
        return Err(Refusal::new("InvalidParameter.IsNull", "The parameter EndTime is empty"));
    }
    let invalid = |why: String| Refusal::new("InvalidParamater", why);
    if day.len() != 8 || Date::strptime("%Y%m%d", day).is_err() {
        return Err(invalid(format!("{day:?} is not a day as 20191101")));
    }
    let pools = &call.world.billing.pools;
    let shown: Vec<_> = match call.params.text("Uid").filter(|id| !id.is_empty()) {
        Some(id) => vec![described(pools.get(id).ok_or_else(|| invalid(format!("There is no storage pool {id}")))?)],
        None => pools.iter().map(described).collect(),
    };
    Ok(json!({"Data": shown}))
}

fn described(pool: &Pool) -> Json {
    json!({"Id": pool.id, "Name": pool.name, "TotalSize": pool.size.to_string(), "Cold": pool.cold, "Warm": pool.warm})
}
