//! What is used on demand: it is metered by the second while it is there, and paid when it is gone.

use super::state::{BILLING, State, Use};
use crate::cloud::money::Money;
use crate::cloud::state::Cloud;

impl Cloud {
    /// From now on a resource is used at a price.
    pub(crate) fn begin_use(&mut self, metered: Use) {
        let metered = Use {
            began: self.now(),
            ..metered
        };
        self[BILLING]
            .totals
            .entry(metered.credit)
            .or_default()
            .add(&metered, 1);
        self[BILLING].uses.insert(metered);
    }

    /// A resource is there, or has changed, and costs what it costs now. The credit or account that
    /// paid for it goes on paying.
    pub(crate) fn meter(&mut self, metered: Use) {
        let present = self.use_of(&metered.resource);
        if present.map_or(Money::ZERO, |present| present.per_day) == metered.per_day {
            return;
        }
        let credit = present.map_or(metered.credit, |present| present.credit);
        self.end_use(&metered.resource);
        if metered.per_day > Money::ZERO {
            self.begin_use(metered.paid_by(credit));
        }
    }

    /// The use of a resource that goes on.
    pub(crate) fn use_of(&self, resource: &str) -> Option<&Use> {
        self[BILLING].uses.get(resource)
    }

    /// What is used and not paid yet, of what a credit pays or of what the account does.
    pub(super) fn due(&self, credit: Option<u64>) -> Money {
        self[BILLING]
            .totals
            .get(&credit)
            .map_or(Money::ZERO, |total| total.cost_until(self.now()))
    }

    /// A resource is used no more, or at another price: what it cost is paid now, by its credit and
    /// by the account.
    pub(crate) fn end_use(&mut self, resource: &str) {
        let Some(mut metered) = self[BILLING].uses.remove(resource) else {
            return;
        };
        self[BILLING]
            .totals
            .entry(metered.credit)
            .or_default()
            .add(&metered, -1);
        let now = self.now();
        metered.ended = Some(now);
        let cost = metered.cost_until(now);
        metered.credited = self.take_credit(metered.credit, cost);
        metered.charge = self.pay(
            &metered.service,
            &metered.item,
            vec![metered.resource.clone()],
            cost - metered.credited,
        );
        self[BILLING].past_uses.push(metered);
    }
}

/// Adds up the uses that go on.
pub(crate) fn index(cloud: &mut Cloud) {
    let State { uses, totals, .. } = &mut cloud[BILLING];
    totals.clear();
    for metered in uses.iter() {
        totals.entry(metered.credit).or_default().add(metered, 1);
    }
}
