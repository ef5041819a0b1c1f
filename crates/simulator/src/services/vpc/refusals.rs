//! Refusals that several Actions of the service give.

use crate::cloud::refusal::Refusal;

/// The service documents no error codes at all: these are Alibaba's names for what is not there,
/// what a task works on or is in the wrong state, and what others need.
pub(super) fn not_found(kind: &str, id: &str) -> Refusal {
    Refusal::new(
        format!("Invalid{kind}.NotFound"),
        format!("There is no {} {id}", kind.trim_end_matches("Id")),
    )
}

pub(super) fn wrong_state(text: impl Into<String>) -> Refusal {
    Refusal::new("IncorrectStatus", text)
}

pub(super) fn in_use(text: impl Into<String>) -> Refusal {
    Refusal::new("DependencyViolation", text)
}
