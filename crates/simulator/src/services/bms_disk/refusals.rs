//! Refusals that several Actions of the service give.

use crate::cloud::refusal::Refusal;

/// The document has no code for what is not there or in the wrong state.
pub(super) fn refused(why: impl Into<String>) -> Refusal {
    Refusal::new("ParameterInvalid", why)
}
