//! Money, counted in hundredths so that sums are exact, and the account's wallet.

use jiff::Timestamp;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Value as Json, json};
use std::iter::Sum;
use std::ops::{Add, AddAssign, Mul, Neg, Sub, SubAssign};

/// An amount in hundredths of a yuan. In a seed file and in answers it is a number of yuan.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Money(i64);

impl Money {
    pub(crate) const ZERO: Self = Self(0);

    /// From hundredths of a yuan.
    pub(crate) const fn cents(cents: i64) -> Self {
        Self(cents)
    }

    /// From yuan, rounded to hundredths; what is too large is the largest amount.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a cast from f64 saturates, as it shall"
    )]
    pub(crate) fn yuan(yuan: f64) -> Self {
        Self((yuan * 100.0).round() as i64)
    }

    /// In hundredths of a yuan.
    pub(crate) fn in_cents(self) -> i64 {
        self.0
    }

    /// In yuan, for an answer.
    #[expect(
        clippy::cast_precision_loss,
        reason = "amounts beyond 2^53 hundredths do not occur"
    )]
    pub(crate) fn in_yuan(self) -> f64 {
        self.0 as f64 / 100.0
    }

    /// As a JSON number of yuan.
    pub(crate) fn json(self) -> Json {
        json!(self.in_yuan())
    }

    /// As a text of yuan with two decimals.
    pub(crate) fn text(self) -> String {
        let sign = if self.0 < 0 { "-" } else { "" };
        format!(
            "{sign}{}.{:02}",
            self.0.unsigned_abs() / 100,
            self.0.unsigned_abs() % 100
        )
    }
}

impl Add for Money {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl Sub for Money {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl Neg for Money {
    type Output = Self;

    fn neg(self) -> Self {
        Self(self.0.saturating_neg())
    }
}

/// So many times an amount.
impl Mul<u64> for Money {
    type Output = Self;

    fn mul(self, times: u64) -> Self {
        Self(
            self.0
                .saturating_mul(i64::try_from(times).unwrap_or(i64::MAX)),
        )
    }
}

impl AddAssign for Money {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl SubAssign for Money {
    fn sub_assign(&mut self, other: Self) {
        *self = *self - other;
    }
}

impl Sum for Money {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::ZERO, Add::add)
    }
}

impl Serialize for Money {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.in_yuan())
    }
}

impl<'de> Deserialize<'de> for Money {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let yuan = f64::deserialize(deserializer)?;
        if yuan.abs() < 1e13 {
            Ok(Self::yuan(yuan))
        } else {
            Err(D::Error::custom("an amount has less than 10^13 yuan"))
        }
    }
}

/// What was paid for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Charge {
    /// When it was paid.
    pub(crate) time: Timestamp,
    /// The service, as `cds.ccs`.
    pub(crate) service: String,
    /// What was bought, for a bill.
    pub(crate) item: String,
    /// The ids of what was bought.
    #[serde(default)]
    pub(crate) resources: Vec<String>,
    /// How much.
    pub(crate) amount: Money,
    /// The trial credit that paid it in the account's place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) credit: Option<u64>,
    /// Whether it was given back.
    #[serde(default)]
    pub(crate) refunded: bool,
}

impl Charge {
    /// What is paid for something that an Action of a service bought.
    pub(crate) fn new(
        time: Timestamp,
        service: &str,
        item: &str,
        resources: Vec<String>,
        amount: Money,
    ) -> Self {
        Self {
            time,
            service: service.to_owned(),
            item: item.to_owned(),
            resources,
            amount,
            credit: None,
            refunded: false,
        }
    }
}

/// The money of an account, and all that was paid from it. Every payment goes through here, so that
/// none appears from nowhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Wallet {
    /// What is left.
    pub(crate) balance: Money,
    /// What was paid, oldest first.
    pub(crate) charges: Vec<Charge>,
}

impl Default for Wallet {
    /// A million yuan.
    fn default() -> Self {
        Self {
            balance: Money::cents(100_000_000),
            charges: Vec::new(),
        }
    }
}

impl Wallet {
    /// Whether a price can be paid.
    pub(crate) fn covers(&self, price: Money) -> bool {
        price <= self.balance
    }

    /// Pays, and gives the charge's number for a refund; nothing is recorded where nothing is to
    /// pay.
    pub(crate) fn pay(&mut self, charge: Charge) -> Option<usize> {
        if charge.amount <= Money::ZERO {
            return None;
        }
        if charge.credit.is_none() {
            self.balance -= charge.amount;
        }
        self.charges.push(charge);
        Some(self.charges.len() - 1)
    }

    /// Gives back what was paid, once; the credit that it goes to where one paid it, and how much.
    pub(crate) fn refund(&mut self, charge: Option<usize>) -> Option<(u64, Money)> {
        let charge = charge
            .and_then(|number| self.charges.get_mut(number))
            .filter(|charge| !charge.refunded)?;
        charge.refunded = true;
        if charge.credit.is_none() {
            self.balance += charge.amount;
        }
        charge.credit.map(|credit| (credit, charge.amount))
    }
}

#[cfg(test)]
mod tests {
    use super::{Charge, Money, Wallet};
    use jiff::Timestamp;

    #[test]
    fn amounts_are_exact_and_written_in_yuan() {
        let tenth = Money::yuan(0.1);
        assert_eq!(
            (tenth + tenth + tenth, Money::yuan(16.66).text()),
            (Money::yuan(0.3), "16.66".to_owned())
        );
        assert_eq!(serde_json::to_string(&Money::yuan(16.66)).unwrap(), "16.66");
        assert_eq!(
            serde_json::from_str::<Money>("16.66").unwrap(),
            Money::cents(1666)
        );
        assert!(serde_json::from_str::<Money>("1e300").is_err());
        assert_eq!(Money::cents(-5).text(), "-0.05");
    }

    #[test]
    fn a_refund_is_given_once() {
        let mut wallet = Wallet::default();
        let before = wallet.balance;
        let charge = |yuan| {
            Charge::new(
                Timestamp::UNIX_EPOCH,
                "cds.ccs",
                "order",
                vec![],
                Money::yuan(yuan),
            )
        };
        assert_eq!(wallet.pay(charge(0.0)), None);
        let paid = wallet.pay(charge(10.0));
        assert_eq!(wallet.balance, before - Money::yuan(10.0));
        wallet.refund(paid);
        wallet.refund(paid);
        wallet.refund(Some(7));
        assert_eq!(wallet.balance, before);
    }
}
