//! The service `/network` of Capital Online: virtual data centres with their public and private networks, and what joins them.

mod centre;
mod effect;
mod gpn;
mod metering;
mod order;
pub(crate) mod price;
mod private;
mod public;
mod receiver;
mod state;
#[cfg(test)]
mod tests;
mod usage;

pub(crate) use effect::Effect;
pub(crate) use metering::index;
pub(crate) use state::{Network, State, problems};
pub(crate) use usage::{traffic, users};

use crate::cloud::call::{self, Call, Handler};
use crate::cloud::money::Money;
use crate::cloud::refusal::Refusal;

/// What carries an Action out, by the Action's name.
pub(crate) fn handler(action: &str) -> Option<Handler> {
    let tables =
        [centre::ACTIONS, gpn::ACTIONS, price::ACTIONS, private::ACTIONS, public::ACTIONS, receiver::ACTIONS, usage::ACTIONS];
    call::find(&tables, action)
}

/// What task dialect and names the works of this service have, and how long they take.
mod work {
    use crate::cloud::task::{Dialect, Work};

    const fn work(kind: &'static str, least: u32, most: u32) -> Work {
        Work { dialect: Dialect::CdsTask, kind, least, most }
    }

    pub(super) const CREATE_VDC: Work = work("createVdc", 20, 60);
    pub(super) const DELETE_VDC: Work = work("deleteVdc", 10, 40);
    pub(super) const NETWORK: Work = work("updateNetwork", 10, 40);
    pub(super) const GPN: Work = work("updateGpn", 20, 60);
    /// `DeletePublicNetwork` answers without a task.
    pub(super) const DELETE_PUBLIC: Work = Work { dialect: Dialect::Unasked, ..work("deletePublicNetwork", 10, 40) };
}

/// The vendor's code for what cannot be done with a resource as it is now. The document gives it for VDCs only, with a text that
/// speaks of any resource.
fn wrong_state(text: impl Into<String>) -> Refusal {
    Refusal::new("IncorrectVdcStatus", text)
}

impl Call<'_> {
    /// Refuses an order that cannot be paid, by the trial credit of `SubjectId` where one is given.
    pub(crate) fn affordable(&self, price: Money) -> Result<(), Refusal> {
        let credit = self.credit()?;
        let text = if credit.is_some() {
            "The trial credit does not cover the order, is not good today or is for certain goods only"
        } else {
            "The account's balance does not cover the order; top it up first"
        };
        if self.world.affords(price, credit) { Ok(()) } else { Err(Refusal::new("Account.Arrearage", text)) }
    }

    /// Pays for what a call orders, listed as what an Action of its service buys; the charge's number for a refund.
    pub(crate) fn charge(&mut self, item: &str, resources: Vec<String>, price: Money) -> Option<usize> {
        let service = self.action.service.service.as_str();
        match self.params.number("SubjectId").and_then(|id| u64::try_from(id).ok()) {
            Some(credit) => self.world.pay_with_credit(credit, service, item, resources, price),
            None => self.world.pay(service, item, resources, price),
        }
    }

    /// The trial credit of `SubjectId`, where one is given.
    pub(crate) fn credit(&self) -> Result<Option<u64>, Refusal> {
        let Some(given) = self.params.0.get("SubjectId") else { return Ok(None) };
        let known = self.params.number("SubjectId").and_then(|id| u64::try_from(id).ok()).filter(|id| self.world.has_credit(*id));
        known.map(Some).ok_or_else(|| self.malformed("SubjectId", &format!("there is no trial credit {given}")))
    }
}

/// The vendor has no addresses left for a purchase.
pub(crate) fn sold_out(what: &str) -> Refusal {
    Refusal::new("Region.NotOnSale", format!("{what} are no longer available for sale"))
}
