//! What is used on demand: it is metered by the second while it is there, and paid when it is gone.

use super::State;
use crate::cloud::money::Money;
use crate::cloud::store::Keyed;
use crate::cloud::world::World;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The use of a resource at one price, from a time on.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Use {
    pub(crate) resource: String,
    /// The service, as `cds.ecs`.
    pub(crate) service: String,
    /// The Action that bought it.
    pub(crate) item: String,
    #[serde(default)]
    pub(crate) name: String,
    /// The code of its zone.
    #[serde(default)]
    pub(crate) zone: String,
    pub(crate) per_day: Money,
    /// The credit that pays for it, as far as it goes.
    #[serde(default)]
    pub(crate) credit: Option<u64>,
    pub(crate) began: Timestamp,
    /// When it ended; what goes on has no end.
    #[serde(default)]
    pub(crate) ended: Option<Timestamp>,
    /// What the credit paid in the end.
    #[serde(default)]
    pub(crate) credited: Money,
    /// The number of the wallet's charge for the rest.
    #[serde(default)]
    pub(crate) charge: Option<usize>,
}

impl Keyed for Use {
    fn key(&self) -> &str {
        &self.resource
    }
}

impl Use {
    /// The use of a resource that an Action of a service bought.
    pub(crate) fn of(resource: &str, service: &str, item: &str, per_day: Money) -> Self {
        Self {
            resource: resource.to_owned(),
            service: service.to_owned(),
            item: item.to_owned(),
            name: String::new(),
            zone: String::new(),
            per_day,
            credit: None,
            began: Timestamp::UNIX_EPOCH,
            ended: None,
            credited: Money::ZERO,
            charge: None,
        }
    }

    /// The same with the resource's name and zone, for bills.
    pub(crate) fn named(self, name: &str, zone: &str) -> Self {
        Self { name: name.to_owned(), zone: zone.to_owned(), ..self }
    }

    /// The same, paid by a credit.
    pub(crate) fn paid_by(self, credit: Option<u64>) -> Self {
        Self { credit, ..self }
    }

    /// What it has cost up to a time, in whole cents.
    pub(super) fn cost_until(&self, time: Timestamp) -> Money {
        let end = self.ended.map_or(time, |ended| ended.min(time)).max(self.began);
        let seconds = i128::from(end.duration_since(self.began).as_secs());
        let cents = i128::from(self.per_day.in_cents()) * seconds / 86_400;
        Money::cents(i64::try_from(cents).unwrap_or(i64::MAX))
    }
}

/// What uses cost together, so that nobody must go through them.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Total {
    /// In hundredths of a yuan.
    per_day: i128,
    /// The same of each one, times the second at which it began.
    before: i128,
}

impl Total {
    fn add(&mut self, metered: &Use, sign: i128) {
        let per_day = i128::from(metered.per_day.in_cents()) * sign;
        self.per_day += per_day;
        self.before += per_day * i128::from(metered.began.as_second());
    }

    fn cost_until(self, time: Timestamp) -> Money {
        let cents = (self.per_day * i128::from(time.as_second()) - self.before) / 86_400;
        Money::cents(i64::try_from(cents).unwrap_or(i64::MAX))
    }
}

/// Adds up the uses that go on.
pub(crate) fn index(world: &mut World) {
    let State { uses, totals, .. } = &mut world.billing;
    totals.clear();
    for metered in uses.iter() {
        totals.entry(metered.credit).or_default().add(metered, 1);
    }
}

impl World {
    /// From now on a resource is used at a price.
    pub(crate) fn begin_use(&mut self, metered: Use) {
        let metered = Use { began: self.now(), ..metered };
        self.billing.totals.entry(metered.credit).or_default().add(&metered, 1);
        self.billing.uses.insert(metered);
    }

    /// A resource is there, or has changed, and costs what it costs now. Whoever has paid for it goes on paying.
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
        self.billing.uses.get(resource)
    }

    /// What is used and not paid yet, of what a credit pays or of what the account does.
    pub(super) fn due(&self, credit: Option<u64>) -> Money {
        self.billing.totals.get(&credit).map_or(Money::ZERO, |total| total.cost_until(self.now()))
    }

    /// A resource is used no more, or at another price: what it cost is paid now, by its credit and by the account.
    pub(crate) fn end_use(&mut self, resource: &str) {
        let Some(mut metered) = self.billing.uses.remove(resource) else { return };
        self.billing.totals.entry(metered.credit).or_default().add(&metered, -1);
        let now = self.now();
        metered.ended = Some(now);
        let cost = metered.cost_until(now);
        metered.credited = self.take_credit(metered.credit, cost);
        metered.charge = self.pay(&metered.service, &metered.item, vec![metered.resource.clone()], cost - metered.credited);
        self.billing.past_uses.push(metered);
    }
}
