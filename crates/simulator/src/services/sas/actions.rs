//! What the Actions do.

use super::state::SAS;
use crate::cloud::call::{Call, Handler};
use crate::cloud::refusal::Refusal;
use crate::cloud::state::Cloud;
use crate::services::aliyun::{Offering, once};
use serde_json::{Value as Json, json};

pub(super) const ACTIONS: &[(&str, Handler)] = &[
    ("GetInstanceCount", count),
    ("CreateInstance", |call| {
        once(call, |call| counted(call, |call| OFFERING.buy(call)))
    }),
    ("RenewInstance", |call| {
        once(call, |call| {
            counted(call, |call| OFFERING.renew(call, &["Year", "Month"]))
        })
    }),
    ("UpgradeInstance", |call| {
        once(call, |call| counted(call, |call| OFFERING.raise(call)))
    }),
    ("RefundInstance", |call| OFFERING.release(call)),
];

pub(super) const OFFERING: Offering = Offering {
    prefix: "sas-cn",
    editions: &[("level1", 1_000), ("level2", 6_000)],
    machines: "BuyNumber",
    kept: |cloud| &mut cloud[SAS].instances,
};

fn count(call: &mut Call) -> Result<Json, Refusal> {
    let owner = call.owner("OwnerId")?;
    Ok(json!({"Data": machines(call.cloud, &owner), "Success": true}))
}

/// One at least, so that nothing is sold for nothing.
fn machines(cloud: &Cloud, owner: &str) -> u64 {
    cloud.machines_of(owner).max(1)
}

/// Sells only for as many machines as the owner has.
fn counted(call: &mut Call, sell: fn(&mut Call) -> Result<Json, Refusal>) -> Result<Json, Refusal> {
    let owner = call.owner("OwnerId")?;
    let machines = machines(call.cloud, &owner);
    if call.params.count("BuyNumber") != Some(machines) {
        return Err(call.malformed(
            "BuyNumber",
            &format!("the account has {machines} machines, as GetInstanceCount says"),
        ));
    }
    sell(call)
}
