//! An account with Alibaba: its machines, its money, and what it ordered. The services sell to it.

mod order;
mod subscription;
mod token;

pub(crate) use order::Order;
pub(crate) use subscription::{Goods, Subscription};
pub(crate) use token::{Token, once};

use crate::cloud::call::Call;
use crate::cloud::money::Money;
use crate::cloud::refusal::Refusal;
use crate::cloud::store::{Keyed, Store};
use crate::cloud::world::World;
use serde::{Deserialize, Serialize};

/// What the account has with Alibaba, whatever the service.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct State {
    /// The account itself; what is asked for without an owner is for it. It is the `OwnerId` of the document's sample call.
    pub(crate) account_id: u64,
    /// Whether it has passed real-name verification.
    pub(crate) is_verified: bool,
    /// What is left of its money, from which its customers' orders are paid too.
    pub(crate) balance: Money,
    /// Resource owners whose machines are not the usual ones.
    pub(crate) owners: Store<Owner>,
    pub(crate) orders: Store<Order>,
    /// The calls that were carried out with a `ClientToken`.
    pub(crate) tokens: Store<Token>,
}

impl Default for State {
    fn default() -> Self {
        Self {
            account_id: 1_217_259_133_477_183,
            is_verified: true,
            balance: Money::cents(100_000_000),
            owners: Store::default(),
            orders: Store::default(),
            tokens: Store::default(),
        }
    }
}

/// The machines of a resource owner. One that is not in the state has one ECS server.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Owner {
    /// The account's number.
    pub(crate) id: String,
    #[serde(default)]
    pub(crate) ecs_servers: u64,
    #[serde(default)]
    pub(crate) rds_instances: u64,
}

impl Keyed for Owner {
    fn key(&self) -> &str {
        &self.id
    }
}

impl World {
    /// How many ECS servers an owner has.
    pub(crate) fn ecs_servers_of(&self, owner: &str) -> u64 {
        self.aliyun.owners.get(owner).map_or(1, |owner| owner.ecs_servers)
    }

    /// ECS servers and RDS instances of an owner together.
    pub(crate) fn machines_of(&self, owner: &str) -> u64 {
        let databases = self.aliyun.owners.get(owner).map_or(0, |owner| owner.rds_instances);
        self.ecs_servers_of(owner).saturating_add(databases)
    }
}

impl Call<'_> {
    /// The account that a call is about: `name` gives it, else it is the caller's own.
    pub(crate) fn owner(&self, name: &str) -> Result<String, Refusal> {
        match self.params.int(name) {
            None => Ok(self.world.aliyun.account_id.to_string()),
            Some(id) if id > 0 => Ok(id.to_string()),
            Some(_) => Err(self.malformed(name, "it is not the id of an account")),
        }
    }
}
