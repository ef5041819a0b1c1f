//! A service that an owner has for a time, for so many machines: bought, renewed, raised and given
//! back.

use super::order::{covered, share};
use super::state::{ALIYUN, PaidOrder, Subscription};
use crate::cloud::call::Call;
use crate::cloud::money::Money;
use crate::cloud::refusal::Refusal;
use crate::cloud::state::Cloud;
use crate::cloud::store::Store;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};
use serde_json::{Value as Json, json};

/// The longest term in units of its cycle; the documents have no limit.
const LONGEST: i64 = 999;

/// Seconds of a month where a price is counted by days or hours.
const MONTH: i64 = 30 * 24 * 3600;

/// What is sold by a service.
pub(crate) struct Offering {
    /// In front of the ids.
    pub(crate) prefix: &'static str,
    /// Lowest first, with the price of a machine and month in hundredths of a yuan. No document
    /// names a price.
    pub(crate) editions: &'static [(&'static str, i64)],
    /// The parameter with the number of machines.
    pub(crate) machines: &'static str,
    /// Where they are kept.
    pub(crate) kept: fn(&mut Cloud) -> &mut Store<Subscription>,
}

/// How long is bought.
#[derive(Debug, Clone, Copy)]
enum Term {
    Months(i64),
    Seconds(i64),
}

impl Term {
    fn of(call: &Call, cycles: &[&str]) -> Result<Self, Refusal> {
        let duration = call.params.int("Duration").unwrap_or(0);
        if !(1..=LONGEST).contains(&duration) {
            return Err(call.malformed(
                "Duration",
                &format!("it must be a number from 1 to {LONGEST}"),
            ));
        }
        match call.params.required("PricingCycle") {
            cycle if !cycles.contains(&cycle) => Err(call.malformed(
                "PricingCycle",
                &format!("it must be one of {}", cycles.join(", ")),
            )),
            "Year" => Ok(Self::Months(12 * duration)),
            "Month" => Ok(Self::Months(duration)),
            "Day" => Ok(Self::Seconds(24 * 3600 * duration)),
            _ => Ok(Self::Seconds(3600 * duration)),
        }
    }

    fn end(self, begin: Timestamp) -> Timestamp {
        let span = match self {
            Self::Months(months) => Span::new().months(months),
            Self::Seconds(seconds) => Span::new().seconds(seconds),
        };
        begin
            .to_zoned(TimeZone::UTC)
            .saturating_add(span)
            .timestamp()
    }

    /// What a rate by the month comes to, a begun hundredth counted whole.
    fn price(self, rate: Money) -> Money {
        match self {
            Self::Months(months) => rate * u64::try_from(months).unwrap_or(0),
            Self::Seconds(seconds) => share(
                rate * u64::try_from(seconds).unwrap_or(0) + Money::cents(MONTH - 1),
                1,
                MONTH,
            ),
        }
    }
}

impl Offering {
    /// Buys for an owner who has none yet.
    pub(crate) fn buy(&self, call: &mut Call) -> Result<Json, Refusal> {
        let owner = call.owner("OwnerId")?;
        let term = Term::of(call, &["Year", "Month"])?;
        let (edition, machines) = (self.edition(call)?, self.machines(call)?);
        let renews_itself_for = match call.params.flag("IsAutoRenew") {
            Some(true) => Some(months(call)?),
            _ => None,
        };
        if self.of(call.cloud, &owner).is_some() {
            return Err(Refusal::new(
                "Forbidden",
                format!("The account {owner} has an instance, and can have one only"),
            ));
        }
        let price = term.price(self.rate(&edition, machines));
        covered(call, price)?;
        let (id, now) = (call.cloud.ids.short(self.prefix), call.cloud.now());
        let subscription = Subscription {
            owner,
            id: id.clone(),
            edition,
            machines,
            expires: term.end(now),
            renews_itself_for,
        };
        let order = pay(call, &subscription, price, (now, subscription.expires));
        (self.kept)(call.cloud).insert(subscription);
        Ok(json!({"OrderId": order, "InstanceId": id}))
    }

    /// Prolongs from the end of the present term on.
    pub(crate) fn renew(&self, call: &mut Call, cycles: &[&str]) -> Result<Json, Refusal> {
        let mut subscription = self.of_call(call)?;
        let term = Term::of(call, cycles)?;
        subscription.machines = self.machines(call)?;
        let price = term.price(self.rate(&subscription.edition, subscription.machines));
        covered(call, price)?;
        let began = subscription.expires;
        subscription.expires = term.end(began);
        let order = pay(call, &subscription, price, (began, subscription.expires));
        self.keep(call.cloud, subscription);
        Ok(json!({"OrderId": order}))
    }

    /// Raises the edition or the number of machines, for what is left of the term.
    pub(crate) fn raise(&self, call: &mut Call) -> Result<Json, Refusal> {
        let mut subscription = self.of_call(call)?;
        let (edition, machines) = (self.edition(call)?, self.machines(call)?);
        let now = call.cloud.now();
        if subscription.expires <= now {
            return Err(Refusal::new(
                "Forbidden",
                format!(
                    "The instance {} has expired; renew it first",
                    subscription.id
                ),
            ));
        }
        if self.rank(&edition) < self.rank(&subscription.edition) {
            return Err(call.malformed("VersionCode", "an edition can only be raised"));
        }
        if machines < subscription.machines {
            return Err(call.malformed(self.machines, "the number of machines can only be raised"));
        }
        if edition == subscription.edition && machines == subscription.machines {
            return Err(call.malformed(
                self.machines,
                "neither edition nor number of machines would be raised",
            ));
        }
        let dearer =
            self.rate(&edition, machines) - self.rate(&subscription.edition, subscription.machines);
        let left = subscription.expires.duration_since(now).as_secs();
        let price = Term::Seconds(left).price(dearer);
        covered(call, price)?;
        (subscription.edition, subscription.machines) = (edition, machines);
        let order = pay(call, &subscription, price, (now, subscription.expires));
        self.keep(call.cloud, subscription);
        Ok(json!({"OrderId": order}))
    }

    /// Ends it now and pays back what is for the time from now on.
    pub(crate) fn release(&self, call: &mut Call) -> Result<Json, Refusal> {
        let subscription = self.of_call(call)?;
        call.cloud.give_back(&subscription.id);
        (self.kept)(call.cloud).remove(&subscription.owner);
        Ok(json!({}))
    }

    /// What an owner has.
    pub(crate) fn of(&self, cloud: &mut Cloud, owner: &str) -> Option<Subscription> {
        (self.kept)(cloud).get(owner).cloned()
    }

    /// Renews what renews itself, where it is due and can be paid.
    pub(crate) fn renew_due(&self, cloud: &mut Cloud) {
        let now = cloud.now();
        let is_due = |subscription: &&Subscription| {
            subscription.renews_itself_for.is_some() && subscription.expires <= now
        };
        let due: Vec<_> = (self.kept)(cloud).iter().filter(is_due).cloned().collect();
        for subscription in due {
            self.renew_by_itself(cloud, subscription);
        }
    }

    fn renew_by_itself(&self, cloud: &mut Cloud, mut subscription: Subscription) {
        let now = cloud.now();
        let term = Term::Months(subscription.renews_itself_for.unwrap_or(0).into());
        let price = term.price(self.rate(&subscription.edition, subscription.machines));
        while subscription.expires <= now && price <= cloud[ALIYUN].balance {
            let began = subscription.expires;
            subscription.expires = term.end(began);
            if subscription.expires <= began {
                return;
            }
            cloud.order(placed(
                "automatic renewal".to_owned(),
                began,
                &subscription,
                price,
                (began, subscription.expires),
            ));
            self.keep(cloud, subscription.clone());
        }
    }

    /// What does not fit together in a list of this name.
    pub(crate) fn problems(&self, name: &str, subscriptions: &Store<Subscription>) -> Vec<String> {
        let unknown = subscriptions
            .iter()
            .filter(|one| self.rank(&one.edition).is_none());
        unknown
            .map(|one| format!("{name}, {}: there is no edition {}", one.id, one.edition))
            .collect()
    }

    fn keep(&self, cloud: &mut Cloud, subscription: Subscription) {
        if let Some(kept) = (self.kept)(cloud).get_mut(&subscription.owner) {
            *kept = subscription;
        }
    }

    /// What the call's `InstanceId` names, of the call's owner.
    fn of_call(&self, call: &mut Call) -> Result<Subscription, Refusal> {
        let owner = call.owner("OwnerId")?;
        let id = call.params.required("InstanceId");
        let found = self
            .of(call.cloud, &owner)
            .filter(|subscription| subscription.id == id);
        found.ok_or_else(|| {
            Refusal::new(
                "InvalidInstanceId.NotFound",
                format!("The account {owner} has no instance {id}"),
            )
        })
    }

    fn edition(&self, call: &Call) -> Result<String, Refusal> {
        let edition = call.params.required("VersionCode");
        let known: Vec<_> = self.editions.iter().map(|(name, _)| *name).collect();
        let refusal = || {
            call.malformed(
                "VersionCode",
                &format!("it must be one of {}", known.join(", ")),
            )
        };
        if known.contains(&edition) {
            Ok(edition.to_owned())
        } else {
            Err(refusal())
        }
    }

    fn machines(&self, call: &Call) -> Result<u64, Refusal> {
        let machines = call
            .params
            .count(self.machines)
            .filter(|machines| *machines > 0);
        machines.ok_or_else(|| call.malformed(self.machines, "it must be 1 at least"))
    }

    fn rank(&self, edition: &str) -> Option<usize> {
        self.editions.iter().position(|(name, _)| *name == edition)
    }

    /// The price of a month.
    fn rate(&self, edition: &str, machines: u64) -> Money {
        let price = self
            .rank(edition)
            .map_or(Money::ZERO, |rank| Money::cents(self.editions[rank].1));
        price * machines
    }
}

fn months(call: &Call) -> Result<u32, Refusal> {
    let months = call
        .params
        .int("AutoRenewDuration")
        .filter(|months| (1..=LONGEST).contains(months));
    let months = months.and_then(|months| u32::try_from(months).ok());
    months.ok_or_else(|| {
        call.malformed(
            "AutoRenewDuration",
            &format!("it must be a number of months from 1 to {LONGEST}"),
        )
    })
}

fn pay(
    call: &mut Call,
    subscription: &Subscription,
    amount: Money,
    term: (Timestamp, Timestamp),
) -> String {
    let order = placed(
        call.action.full_name.to_string(),
        call.cloud.now(),
        subscription,
        amount,
        term,
    );
    call.cloud.order(order)
}

fn placed(
    action: String,
    time: Timestamp,
    subscription: &Subscription,
    amount: Money,
    (begins, ends): (Timestamp, Timestamp),
) -> PaidOrder {
    let (owner, instance) = (subscription.owner.clone(), subscription.id.clone());
    PaidOrder {
        id: String::new(),
        time,
        action,
        owner,
        instance,
        amount,
        refunded: Money::ZERO,
        begins,
        ends,
    }
}
