//! How a call pays for what it orders.

use crate::cloud::call::Call;
use crate::cloud::money::Money;
use crate::cloud::refusal::Refusal;

impl Call<'_> {
    /// Refuses an order that cannot be paid, by the trial credit of `SubjectId` where one is given.
    pub(crate) fn affordable(&self, price: Money) -> Result<(), Refusal> {
        let credit = self.credit()?;
        let text = if credit.is_some() {
            "The trial credit does not cover the order, is not good today or is for certain goods only"
        } else {
            "The account's balance does not cover the order; top it up first"
        };
        if self.cloud.affords(price, credit) {
            Ok(())
        } else {
            Err(Refusal::new("Account.Arrearage", text))
        }
    }

    /// Pays for what a call orders, listed as what an Action of its service buys; the charge's
    /// number for a refund.
    pub(crate) fn charge(
        &mut self,
        item: &str,
        resources: Vec<String>,
        price: Money,
    ) -> Option<usize> {
        let service = self.action.service.service.as_str();
        match self
            .params
            .number("SubjectId")
            .and_then(|id| u64::try_from(id).ok())
        {
            Some(credit) => self
                .cloud
                .pay_with_credit(credit, service, item, resources, price),
            None => self.cloud.pay(service, item, resources, price),
        }
    }

    /// The trial credit of `SubjectId`, where one is given.
    pub(crate) fn credit(&self) -> Result<Option<u64>, Refusal> {
        let Some(given) = self.params.get("SubjectId") else {
            return Ok(None);
        };
        let known = self
            .params
            .number("SubjectId")
            .and_then(|id| u64::try_from(id).ok())
            .filter(|id| self.cloud.has_credit(*id));
        known.map(Some).ok_or_else(|| {
            self.malformed("SubjectId", &format!("there is no trial credit {given}"))
        })
    }
}
