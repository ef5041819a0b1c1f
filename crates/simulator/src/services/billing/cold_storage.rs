//! The service `/ccs-product` of Capital Online: how much the pools of cold storage hold. No Action
//! changes them.

use super::state::{BILLING, Pool};
use crate::cloud::call::{Call, Table};
use crate::cloud::refusal::Refusal;
use crate::cloud::service::Service;
use jiff::civil::Date;
use serde_json::{Value as Json, json};

/// The service.
pub(crate) struct Metering;

impl Service for Metering {
    fn name(&self) -> &'static str {
        "cds.metering"
    }

    fn actions(&self) -> &'static [Table] {
        &[&[("GetMetering", metering)]]
    }
}

fn metering(call: &mut Call) -> Result<Json, Refusal> {
    let day = call.params.required("EndTime");
    if day.is_empty() {
        return Err(Refusal::new(
            "InvalidParameter.IsNull",
            "The parameter EndTime is empty",
        ));
    }
    let invalid = |why: String| Refusal::new("InvalidParamater", why);
    if day.len() != 8 || Date::strptime("%Y%m%d", day).is_err() {
        return Err(invalid(format!("{day:?} is not a day as 20191101")));
    }
    let pools = &call.cloud[BILLING].pools;
    let views: Vec<_> = match call.params.text("Uid").filter(|id| !id.is_empty()) {
        Some(id) => {
            vec![view(pools.get(id).ok_or_else(|| {
                invalid(format!("There is no storage pool {id}"))
            })?)]
        }
        None => pools.iter().map(view).collect(),
    };
    Ok(json!({"Data": views}))
}

fn view(pool: &Pool) -> Json {
    json!({"Id": pool.id, "Name": pool.name, "TotalSize": pool.size.to_string(), "Cold": pool.cold, "Warm": pool.warm})
}
