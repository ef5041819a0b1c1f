//! Refusals that several Actions of the service give.

use crate::cloud::refusal::Refusal;

/// The vendor's code for what cannot be done with a resource as it is now. The document gives it
/// for VDCs only, with a text that speaks of any resource.
pub(super) fn wrong_state(text: impl Into<String>) -> Refusal {
    Refusal::new("IncorrectVdcStatus", text)
}

/// The vendor has no addresses left for a purchase.
pub(crate) fn sold_out(what: &str) -> Refusal {
    Refusal::new(
        "Region.NotOnSale",
        format!("{what} are no longer available for sale"),
    )
}
