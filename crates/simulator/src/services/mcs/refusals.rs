//! Refusals that several Actions of the service give.

use crate::cloud::refusal::Refusal;

/// A refusal in the product's way: its codes are HTTP statuses.
pub(super) fn refusal(status: u16, message: impl Into<String>) -> Refusal {
    Refusal::new(status.to_string(), message).with_status(status)
}

/// The charge is more than the account has; the text is the document's.
pub(super) fn too_expensive() -> Refusal {
    refusal(406, "No enough balance")
}
