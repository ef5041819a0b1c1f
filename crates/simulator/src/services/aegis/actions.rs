//! What the Actions do.

use super::state::AEGIS;
use crate::cloud::call::{Call, Handler};
use crate::cloud::refusal::Refusal;
use crate::services::aliyun::{ALIYUN, Offering, once};
use serde_json::{Value as Json, json};

pub(super) const ACTIONS: &[(&str, Handler)] = &[
    ("CreateInstance", |call| once(call, create)),
    ("UpgradeInstance", |call| once(call, upgrade)),
    ("RenewInstance", |call| once(call, renew)),
    ("GetSummary", summary),
];

/// The document names edition 4 alone, and uses 1 and 2 in its sample calls.
pub(super) const OFFERING: Offering = Offering {
    prefix: "aegis-cn",
    editions: &[("1", 500), ("2", 1_500), ("4", 6_000)],
    machines: "VmNumber",
    kept: |cloud| &mut cloud[AEGIS].instances,
};

/// How many machines are sold at most.
const MOST: u64 = 500;

fn create(call: &mut Call) -> Result<Json, Refusal> {
    if !call.cloud[ALIYUN].is_verified {
        return Err(Refusal::new(
            "Forbidden.UserVerification",
            "The account has not passed real-name verification",
        ));
    }
    within_limit(call)?;
    OFFERING.buy(call)
}

fn upgrade(call: &mut Call) -> Result<Json, Refusal> {
    within_limit(call)?;
    OFFERING.raise(call)
}

fn within_limit(call: &Call) -> Result<(), Refusal> {
    let is_within = call
        .params
        .count("VmNumber")
        .is_some_and(|machines| machines <= MOST);
    if is_within {
        Ok(())
    } else {
        Err(call.malformed("VmNumber", &format!("it can be {MOST} at most")))
    }
}

/// `VmNumber` is the number of the owner's ECS servers here, whatever was bought.
fn renew(call: &mut Call) -> Result<Json, Refusal> {
    let owner = call.owner("OwnerId")?;
    let servers = call.cloud.ecs_servers_of(&owner);
    if call.params.count("VmNumber") != Some(servers) {
        return Err(call.malformed(
            "VmNumber",
            &format!("the account has {servers} ECS servers"),
        ));
    }
    OFFERING.renew(call, &["Year", "Month", "Day", "Hour"])
}

fn summary(call: &mut Call) -> Result<Json, Refusal> {
    let owner = call.owner("OwnerId")?;
    let Some(subscription) = OFFERING.of(call.cloud, &owner) else {
        return Err(Refusal::new(
            "InvalidInstanceId.NotFound",
            format!("The account {owner} has no instance"),
        ));
    };
    Ok(json!({
        "TotalMachineNum": subscription.machines.to_string(),
        "ExpireDateTimestamp": subscription.expires.as_millisecond(),
        "InstanceId": subscription.id,
    }))
}
