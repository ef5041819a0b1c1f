//! Leases and what they cost.

use super::answers::done;
use super::refusals::{refusal, too_expensive};
use super::state::{InstanceType, MCS};
use crate::cloud::call::{Call, Handler};
use crate::cloud::format::format_rfc3339;
use crate::cloud::money::{Charge, Money};
use crate::cloud::refusal::Refusal;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};
use serde_json::{Value as Json, json};

pub(super) const ACTIONS: &[(&str, Handler)] = &[
    ("RenewInstance", renew),
    ("GetInstanceContractInfo", contract),
    ("GetBalance", balance),
];

/// The longest term in hours or months; the document has no limit.
const LONGEST: u32 = 9_999;

/// How long a machine is leased for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Term {
    Hours(u32),
    Months(u32),
}

impl Term {
    /// The call's `Duration`, a month where it gives none.
    pub(super) fn of(call: &Call) -> Result<Self, Refusal> {
        let Some(text) = call.params.text("Duration") else {
            return Ok(Self::Months(1));
        };
        let refusal = || {
            call.malformed(
                "Duration",
                "it must be a number and H for hours or M for months, as 72H or 1M",
            )
        };
        let (number, unit) = text
            .split_at_checked(text.len().saturating_sub(1))
            .ok_or_else(refusal)?;
        let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
        let number = number
            .parse()
            .ok()
            .filter(|number| is_number && (1..=LONGEST).contains(number))
            .ok_or_else(refusal)?;
        // The vendor's client lets small letters pass.
        match unit.to_ascii_uppercase().as_str() {
            "H" => Ok(Self::Hours(number)),
            "M" => Ok(Self::Months(number)),
            _ => Err(refusal()),
        }
    }

    /// When a lease of this term ends.
    pub(super) fn end(self, begin: Timestamp) -> Timestamp {
        let span = match self {
            Self::Hours(hours) => Span::new().hours(hours),
            Self::Months(months) => Span::new().months(months),
        };
        begin
            .to_zoned(TimeZone::UTC)
            .saturating_add(span)
            .timestamp()
    }

    pub(super) fn price(self, kind: &InstanceType) -> Money {
        match self {
            Self::Hours(hours) => kind.price_of_an_hour * u64::from(hours),
            Self::Months(months) => kind.price_of_a_month * u64::from(months),
        }
    }
}

/// Takes a price from the account, or refuses; the charge's number for a refund.
pub(super) fn pay(call: &mut Call, price: Money, instance: &str) -> Result<Option<usize>, Refusal> {
    let cloud = &mut *call.cloud;
    if !cloud[MCS].wallet.covers(price) {
        return Err(too_expensive());
    }
    let charge = Charge::new(
        cloud.now(),
        "mcs",
        &call.action.name,
        vec![instance.to_owned()],
        price,
    );
    let charge = cloud[MCS].wallet.pay(charge);
    cloud.mcs_balance_changed();
    Ok(charge)
}

/// From the end of the present lease on.
fn renew(call: &mut Call) -> Result<Json, Refusal> {
    let term = Term::of(call)?;
    let instance = call.idle_instance_of_mcs()?;
    let kind = call.cloud[MCS].instance_types.get(&instance.type_id);
    let price = kind
        .map(|kind| term.price(kind))
        .ok_or_else(|| refusal(404, "The instance's type is no longer sold"))?;
    pay(call, price, &instance.id)?;
    let cloud = &mut *call.cloud;
    let now = cloud.now();
    if let Some(instance) = cloud[MCS].instances.get_mut(&instance.id) {
        instance.lease_ends = term.end(instance.lease_ends);
        instance.wake(now);
    }
    cloud.watch_lease(&instance.id);
    Ok(done())
}

fn contract(call: &mut Call) -> Result<Json, Refusal> {
    let instance = call.instance_of_mcs()?;
    Ok(json!({
        "startedAt": format_rfc3339(instance.lease_began),
        "expireAt": format_rfc3339(instance.lease_ends),
        "extendTo": format_rfc3339(instance.kept_until()),
    }))
}

#[expect(clippy::unnecessary_wraps, reason = "handlers have one form")]
fn balance(call: &mut Call) -> Result<Json, Refusal> {
    let mcs = &call.cloud[MCS];
    let mut answer = json!({"balance": mcs.wallet.balance.json()});
    if let Some(time) = mcs.balance_changed {
        answer["timestamp"] = json!(format_rfc3339(time));
    }
    Ok(answer)
}
