//! Orders, and the money that they move.

use crate::cloud::call::Call;
use crate::cloud::money::Money;
use crate::cloud::refusal::Refusal;
use crate::cloud::store::Keyed;
use crate::cloud::world::World;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The number of the first order.
const FIRST: u64 = 202_012_345_678_901;

/// An order that was paid.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Order {
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

impl Keyed for Order {
    fn key(&self) -> &str {
        &self.id
    }
}

impl Order {
    /// The share of its price that is for the time from now on.
    fn unused(&self, now: Timestamp) -> Money {
        share(
            self.amount,
            self.ends.duration_since(now.max(self.begins)).as_secs(),
            self.ends.duration_since(self.begins).as_secs(),
        )
    }
}

/// A part of a price, cut to whole hundredths.
pub(crate) fn share(price: Money, part: i64, whole: i64) -> Money {
    let cents = i128::from(price.in_cents()) * i128::from(part.clamp(0, whole.max(1))) / i128::from(whole.max(1));
    Money::cents(i64::try_from(cents).unwrap_or(i64::MAX))
}

/// Refuses a price that the balance does not cover.
pub(super) fn covered(call: &Call, price: Money) -> Result<(), Refusal> {
    let refusal = || Refusal::new("InsufficientBalance", format!("The account's balance does not cover {} yuan", price.text()));
    if price <= call.world.aliyun.balance { Ok(()) } else { Err(refusal()) }
}

impl World {
    /// Pays an order; its id, which is given to it here.
    pub(super) fn order(&mut self, order: Order) -> String {
        let orders = &self.aliyun.orders;
        let id = self.ids.number("aliyun_order", FIRST, |number| orders.contains(&number.to_string())).to_string();
        self.aliyun.balance -= order.amount;
        self.aliyun.orders.insert(Order { id: id.clone(), ..order });
        id
    }

    /// Gives back what was paid for an instance's time from now on.
    pub(super) fn give_back(&mut self, instance: &str) {
        let now = self.now();
        for order in self.aliyun.orders.iter_mut().filter(|order| order.instance == instance) {
            let unused = order.unused(now) - order.refunded;
            order.refunded += unused;
            self.aliyun.balance += unused;
        }
    }
}
