//! Trial credits: money for what is used on demand, apart from the account's balance.

use super::state::{BILLING, Credit};
use crate::cloud::money::{Charge, Money};
use crate::cloud::state::Cloud;
use jiff::tz::TimeZone;

impl Cloud {
    /// Whether there is a credit of this number.
    pub(crate) fn has_credit(&self, id: u64) -> bool {
        self[BILLING].credits.iter().any(|credit| credit.id == id)
    }

    /// The number of the credit of a name.
    pub(crate) fn credit_named(&self, name: &str) -> Option<u64> {
        self[BILLING]
            .credits
            .iter()
            .find(|credit| credit.name == name)
            .map(|credit| credit.id)
    }

    /// What a credit still pays today; nothing before its first day and after its last one, and
    /// where it is for certain goods.
    fn good_credit(&self, id: u64) -> Money {
        let today = self.now().to_zoned(TimeZone::UTC).date();
        let is_good = |credit: &&Credit| {
            credit.offerings.is_empty() && (credit.begins..=credit.ends).contains(&today)
        };
        self[BILLING]
            .credits
            .iter()
            .find(|credit| credit.id == id)
            .filter(is_good)
            .map_or(Money::ZERO, |credit| credit.balance)
    }

    /// Whether a price can be paid, beside all that is used and not paid yet: by a credit alone, or
    /// by the account.
    pub(crate) fn affords(&self, price: Money, credit: Option<u64>) -> bool {
        let due = self.due(credit);
        match credit {
            Some(id) => price + due <= self.good_credit(id),
            None => self.wallet.covers(price + due),
        }
    }

    /// Pays an order with a credit alone; the charge's number for a refund.
    pub(crate) fn pay_with_credit(
        &mut self,
        credit: u64,
        service: &str,
        item: &str,
        resources: Vec<String>,
        amount: Money,
    ) -> Option<usize> {
        let amount = self.take_credit(Some(credit), amount);
        let charge = Charge::new(self.now(), service, item, resources, amount);
        self.wallet.pay(Charge {
            credit: Some(credit),
            ..charge
        })
    }

    /// Gives back what was paid, to the account or to the credit that paid it.
    pub(crate) fn refund(&mut self, charge: Option<usize>) {
        if let Some((credit, amount)) = self.wallet.refund(charge) {
            self.return_credit(credit, amount);
        }
    }

    /// Gives an amount back to a credit.
    fn return_credit(&mut self, id: u64, amount: Money) {
        if let Some(credit) = self[BILLING]
            .credits
            .iter_mut()
            .find(|credit| credit.id == id)
        {
            credit.balance += amount;
        }
    }

    /// Takes as much of an amount from a credit as it still pays; how much that is.
    pub(super) fn take_credit(&mut self, id: Option<u64>, amount: Money) -> Money {
        let taken = id
            .map_or(Money::ZERO, |id| self.good_credit(id).min(amount))
            .max(Money::ZERO);
        if let Some(credit) = self[BILLING]
            .credits
            .iter_mut()
            .find(|credit| Some(credit.id) == id)
        {
            credit.balance -= taken;
        }
        taken
    }
}
