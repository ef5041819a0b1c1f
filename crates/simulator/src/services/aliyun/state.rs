//! The account with Alibaba: its machines, its money, its orders, and what the services sell to it.

use crate::cloud::money::Money;
use crate::cloud::service_states::StateKey;
use crate::cloud::store::{Keyed, Store, keyed_by_id};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

/// Where the state is kept.
pub(crate) const ALIYUN: StateKey<State> = StateKey::new("aliyun");

/// What the account has with Alibaba, whatever the service.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct State {
    /// The account itself; what is asked for without an owner is for it. It is the `OwnerId` of the
    /// document's sample call.
    pub(crate) account_id: u64,
    /// Whether it has passed real-name verification.
    pub(crate) is_verified: bool,
    /// What is left of its money, from which its customers' orders are paid too.
    pub(crate) balance: Money,
    /// Resource owners whose machines are not the usual ones.
    pub(crate) owners: Store<Owner>,
    #[serde(rename = "orders")]
    pub(crate) paid_orders: Store<PaidOrder>,
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
            paid_orders: Store::default(),
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

/// An order that was paid.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PaidOrder {
    pub(crate) id: String,
    pub(crate) time: Timestamp,
    /// The whole name of the Action.
    pub(crate) action: String,
    pub(crate) owner: String,
    /// What was bought, renewed or raised.
    pub(crate) instance: String,
    pub(crate) amount: Money,
    /// What was given back of it.
    #[serde(default)]
    pub(crate) refunded: Money,
    /// The term that it pays for.
    pub(crate) begins: Timestamp,
    pub(crate) ends: Timestamp,
}

/// A call that was carried out.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Token {
    pub(crate) id: String,
    /// The whole name of the Action.
    pub(crate) action: String,
    pub(crate) params: Map<String, Json>,
    pub(crate) answer: Json,
}

/// A service that an owner has; one at most of each.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Subscription {
    pub(crate) owner: String,
    pub(crate) id: String,
    /// The `VersionCode`.
    pub(crate) edition: String,
    /// Machines that are paid for.
    pub(crate) machines: u64,
    pub(crate) expires: Timestamp,
    /// Months that it renews itself for at its end; never where there are none.
    #[serde(default)]
    pub(crate) renews_itself_for: Option<u32>,
}

impl Keyed for Subscription {
    fn key(&self) -> &str {
        &self.owner
    }
}

keyed_by_id!(Owner, PaidOrder, Token);
