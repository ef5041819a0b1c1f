//! Alibaba's server guard (Aegis): sold for so many machines as its owner wants.

#[cfg(test)]
mod tests;

use crate::cloud::call::{self, Call, Handler};
use crate::cloud::refusal::Refusal;
use crate::cloud::store::Store;
use crate::cloud::world::World;
use crate::services::aliyun::{Goods, Subscription, once};
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

const ACTIONS: &[(&str, Handler)] = &[
    ("CreateInstance", |call| once(call, create)),
    ("UpgradeInstance", |call| once(call, upgrade)),
    ("RenewInstance", |call| once(call, renew)),
    ("GetSummary", summary),
];

/// The document names edition 4 alone, and uses 1 and 2 in its sample calls.
const GOODS: Goods = Goods {
    prefix: "aegis-cn",
    editions: &[("1", 500), ("2", 1_500), ("4", 6_000)],
    machines: "VmNumber",
    kept: |world| &mut world.aegis.instances,
};

/// How many machines are sold at most.
const MOST: u64 = 500;

/// What the account has here.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct State {
    /// One of an owner at most.
    pub(crate) instances: Store<Subscription>,
}

/// What the end of a task does here.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Effect {}

impl Effect {
    /// Does it.
    pub(crate) fn apply(self, _world: &mut World) {
        match self {}
    }
}

/// What time brings: instances renew themselves.
pub(crate) fn pass(world: &mut World) {
    GOODS.pass(world);
}

/// What does not fit together.
pub(crate) fn problems(world: &World) -> Vec<String> {
    GOODS.problems("aegis.instances", &world.aegis.instances)
}

/// What carries an Action out, by the Action's name.
pub(crate) fn handler(action: &str) -> Option<Handler> {
    call::find(&[ACTIONS], action)
}

fn create(call: &mut Call) -> Result<Json, Refusal> {
    if !call.world.aliyun.is_verified {
        return Err(Refusal::new("Forbidden.UserVerification", "The account has not passed real-name verification"));
    }
    within_limit(call)?;
    GOODS.buy(call)
}

fn upgrade(call: &mut Call) -> Result<Json, Refusal> {
    within_limit(call)?;
    GOODS.raise(call)
}

fn within_limit(call: &Call) -> Result<(), Refusal> {
    let is_within = call.params.count("VmNumber").is_some_and(|machines| machines <= MOST);
    if is_within { Ok(()) } else { Err(call.malformed("VmNumber", &format!("it can be {MOST} at most"))) }
}

/// `VmNumber` is the number of the owner's ECS servers here, whatever was bought.
fn renew(call: &mut Call) -> Result<Json, Refusal> {
    let owner = call.owner("OwnerId")?;
    let servers = call.world.ecs_servers_of(&owner);
    if call.params.count("VmNumber") != Some(servers) {
        return Err(call.malformed("VmNumber", &format!("the account has {servers} ECS servers")));
    }
    GOODS.renew(call, &["Year", "Month", "Day", "Hour"])
}

fn summary(call: &mut Call) -> Result<Json, Refusal> {
    let owner = call.owner("OwnerId")?;
    let Some(subscription) = GOODS.of(call.world, &owner) else {
        return Err(Refusal::new("InvalidInstanceId.NotFound", format!("The account {owner} has no instance")));
    };
    Ok(json!({
        "TotalMachineNum": subscription.machines.to_string(),
        "ExpireDateTimestamp": subscription.expires.as_millisecond(),
        "InstanceId": subscription.id,
    }))
}
