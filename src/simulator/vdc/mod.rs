//! The service `/network` of Capital Online: virtual data centres with their public and private networks, and what joins them.

mod centre;
mod effect;
mod gpn;
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
pub(crate) use state::{Network, State, problems};
pub(crate) use usage::{traffic, users};

use super::call::{self, Call, Handler};
use super::money::Money;
use super::refusal::Refusal;

/// What carries an Action out, by the Action's name.
pub(crate) fn handler(action: &str) -> Option<Handler> {
    let tables =
        [centre::ACTIONS, gpn::ACTIONS, price::ACTIONS, private::ACTIONS, public::ACTIONS, receiver::ACTIONS, usage::ACTIONS];
    call::find(&tables, action)
}

/// What task dialect and names the works of this service have, and how long they take.
mod work {
    use crate::simulator::task::{Dialect, Work};

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
    /// Refuses an order that the account cannot pay, and one for a trial credit: the account has none.
    pub(crate) fn affordable(&self, price: Money) -> Result<(), Refusal> {
        if let Some(credit) = self.params.int("SubjectId") {
            return Err(self.malformed("SubjectId", &format!("there is no trial credit {credit}")));
        }
        let text = "The account's balance does not cover the order; top it up first";
        if self.world.wallet.covers(price) { Ok(()) } else { Err(Refusal::new("Account.Arrearage", text)) }
    }

    /// Pays for what a call orders; the charge's number for a refund.
    pub(crate) fn charge(&mut self, resources: Vec<String>, price: Money) -> Option<usize> {
        self.world.pay(&self.action.service.service, &self.action.name, resources, price)
    }
}

/// The vendor has no addresses left for a purchase.
pub(crate) fn sold_out(what: &str) -> Refusal {
    Refusal::new("Region.NotOnSale", format!("{what} are no longer available for sale"))
}
