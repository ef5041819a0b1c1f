//! The engine: what becomes of every firing. It is given the time and what has ended, and answers
//! with decisions; it does nothing itself.

mod deciding;
mod decision;
mod job;
mod overlap;
#[cfg(test)]
mod tests;

pub use deciding::{Engine, ScheduleState};
pub use decision::{
    Attempt, Cause, Decision, MissCause, Missed, Notice, Outcome, PreviousAttempt, Reason,
};
