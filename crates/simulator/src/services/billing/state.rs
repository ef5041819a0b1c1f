//! What the account uses and owes: trial credits, uses on demand, pools of cold storage.

use crate::cloud::money::Money;
use crate::cloud::service_states::StateKey;
use crate::cloud::store::{Keyed, Store, keyed_by_id};
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Where the state is kept.
pub(crate) const BILLING: StateKey<State> = StateKey::new("billing");

/// What the account has here, beside its wallet.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct State {
    /// Trial credits, which are also called test accounts.
    pub(crate) credits: Vec<Credit>,
    /// What is used on demand now, by resource.
    pub(crate) uses: Store<Use>,
    /// What was used on demand, and is paid.
    pub(crate) past_uses: Vec<Use>,
    /// Pools of cold storage.
    pub(crate) pools: Store<Pool>,
    /// What the uses cost together, by the credit that pays; it follows from them.
    #[serde(skip)]
    pub(super) totals: BTreeMap<Option<u64>, Total>,
}

/// A trial credit.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Credit {
    /// `SubjectId` of creating Actions.
    pub(crate) id: u64,
    /// `TestAccount` of creating Actions.
    pub(crate) name: String,
    pub(crate) balance: Money,
    /// What it was in the beginning.
    pub(crate) income: Money,
    /// Its first day.
    pub(crate) begins: Date,
    /// Its last day.
    pub(crate) ends: Date,
    /// The goods that it pays for, as their numbers and names; all where there are none.
    #[serde(default, rename = "goods")]
    pub(crate) offerings: Vec<(String, String)>,
}

impl Credit {
    /// How many days it is good for.
    pub(crate) fn days(&self) -> i32 {
        self.ends
            .since(self.begins)
            .map_or(0, |span| span.get_days())
    }
}

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
        Self {
            name: name.to_owned(),
            zone: zone.to_owned(),
            ..self
        }
    }

    /// The same, paid by a credit.
    pub(crate) fn paid_by(self, credit: Option<u64>) -> Self {
        Self { credit, ..self }
    }

    /// What it has cost up to a time, in whole cents.
    pub(super) fn cost_until(&self, time: Timestamp) -> Money {
        let end = self
            .ended
            .map_or(time, |ended| ended.min(time))
            .max(self.began);
        let seconds = i128::from(end.duration_since(self.began).as_secs());
        let cents = i128::from(self.per_day.in_cents()) * seconds / 86_400;
        Money::cents(i64::try_from(cents).unwrap_or(i64::MAX))
    }
}

/// What all uses cost together, so that a call need not go through them.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Total {
    /// In hundredths of a yuan.
    per_day: i128,
    /// The same of each one, times the second at which it began.
    before: i128,
}

impl Total {
    pub(super) fn add(&mut self, metered: &Use, sign: i128) {
        let per_day = i128::from(metered.per_day.in_cents()) * sign;
        self.per_day += per_day;
        self.before += per_day * i128::from(metered.began.as_second());
    }

    pub(super) fn cost_until(self, time: Timestamp) -> Money {
        let cents = (self.per_day * i128::from(time.as_second()) - self.before) / 86_400;
        Money::cents(i64::try_from(cents).unwrap_or(i64::MAX))
    }
}

/// A pool of cold storage. The document gives no units.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Pool {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) size: u64,
    pub(crate) cold: f64,
    pub(crate) warm: f64,
}

keyed_by_id!(Pool);
