//! Orders, and the money that they move.

use super::state::{ALIYUN, PaidOrder};
use crate::cloud::call::Call;
use crate::cloud::money::Money;
use crate::cloud::refusal::Refusal;
use crate::cloud::state::Cloud;
use jiff::Timestamp;

/// The number of the first order.
const FIRST: u64 = 202_012_345_678_901;

impl PaidOrder {
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
    let cents = i128::from(price.in_cents()) * i128::from(part.clamp(0, whole.max(1)))
        / i128::from(whole.max(1));
    Money::cents(i64::try_from(cents).unwrap_or(i64::MAX))
}

/// Refuses a price that the balance does not cover.
pub(super) fn covered(call: &Call, price: Money) -> Result<(), Refusal> {
    let refusal = || {
        Refusal::new(
            "InsufficientBalance",
            format!("The account's balance does not cover {} yuan", price.text()),
        )
    };
    if price <= call.cloud[ALIYUN].balance {
        Ok(())
    } else {
        Err(refusal())
    }
}

impl Cloud {
    /// Pays an order; its id, which is given to it here.
    pub(super) fn order(&mut self, order: PaidOrder) -> String {
        let paid_orders = &self.states[ALIYUN].paid_orders;
        let id = self
            .ids
            .number("aliyun_order", FIRST, |number| {
                paid_orders.contains(&number.to_string())
            })
            .to_string();
        self[ALIYUN].balance -= order.amount;
        self[ALIYUN].paid_orders.insert(PaidOrder {
            id: id.clone(),
            ..order
        });
        id
    }

    /// Gives back what was paid for an instance's time from now on.
    pub(super) fn give_back(&mut self, instance: &str) {
        let now = self.now();
        let account = &mut self[ALIYUN];
        for order in account
            .paid_orders
            .iter_mut()
            .filter(|order| order.instance == instance)
        {
            let unused = order.unused(now) - order.refunded;
            order.refunded += unused;
            account.balance += unused;
        }
    }
}
