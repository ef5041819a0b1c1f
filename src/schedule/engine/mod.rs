//! The engine: what becomes of every firing. It is given the time and what has ended, and answers
//! with decisions; it does nothing itself.

mod chains;
mod deciding;
mod decision;
mod holding;
mod job;
mod outlook;
mod overlap;
mod pools;
#[cfg(test)]
mod tests;
mod unrecorded;
#[cfg(test)]
mod waiting_tests;

pub use deciding::{Engine, ScheduleState};
pub use decision::{
    Attempt, Cause, Decision, MissCause, Missed, Notice, Outcome, PreviousAttempt, Reason,
};
pub use outlook::Outlook;
