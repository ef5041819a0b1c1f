//! Alibaba's Situation Awareness (SAS): sold by the number of machines that its owner has.

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
    ("GetInstanceCount", count),
    ("CreateInstance", |call| once(call, |call| counted(call, |call| GOODS.buy(call)))),
    ("RenewInstance", |call| once(call, |call| counted(call, |call| GOODS.renew(call, &["Year", "Month"])))),
    ("UpgradeInstance", |call| once(call, |call| counted(call, |call| GOODS.raise(call)))),
    ("RefundInstance", |call| GOODS.release(call)),
];

const GOODS: Goods = Goods {
    prefix: "sas-cn",
    editions: &[("level1", 1_000), ("level2", 6_000)],
    machines: "BuyNumber",
    kept: |world| &mut world.sas.instances,
};

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
    GOODS.problems("sas.instances", &world.sas.instances)
}

/// What carries an Action out, by the Action's name.
pub(crate) fn handler(action: &str) -> Option<Handler> {
    call::find(&[ACTIONS], action)
}

fn count(call: &mut Call) -> Result<Json, Refusal> {
    let owner = call.owner("OwnerId")?;
    Ok(json!({"Data": machines(call.world, &owner), "Success": true}))
}

/// One at least, so that nothing is sold for nothing.
fn machines(world: &World, owner: &str) -> u64 {
    world.machines_of(owner).max(1)
}

/// Sells only for as many machines as the owner has.
fn counted(call: &mut Call, sell: fn(&mut Call) -> Result<Json, Refusal>) -> Result<Json, Refusal> {
    let owner = call.owner("OwnerId")?;
    let machines = machines(call.world, &owner);
    if call.params.count("BuyNumber") != Some(machines) {
        return Err(call.malformed("BuyNumber", &format!("the account has {machines} machines, as GetInstanceCount says")));
    }
    sell(call)
}
