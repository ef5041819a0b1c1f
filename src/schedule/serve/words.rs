//! The words for times, lengths and reasons.

use crate::history::{FiringOutcome, RunOutcome};
use crate::schedule::engine::{Order, Outcome, Reason};
use jiff::{SignedDuration, Timestamp};

/// What the store calls a firing that did not run for this reason.
pub(super) fn outcome(reason: Reason) -> FiringOutcome {
    match reason {
        Reason::Overlap | Reason::QueueFull => FiringOutcome::Overlap,
        Reason::Paused => FiringOutcome::Paused,
        Reason::TooLate(_) | Reason::ServerGone => FiringOutcome::TooLate,
        Reason::Superseded => FiringOutcome::Superseded,
        Reason::ShuttingDown => FiringOutcome::ShuttingDown,
        Reason::Removed | Reason::Unrecorded => FiringOutcome::NotStarted,
    }
}

/// What the end of a run means for its schedule.
pub(super) fn meant(outcome: RunOutcome) -> Outcome {
    match outcome {
        RunOutcome::Done => Outcome::Done,
        RunOutcome::Cancelled => Outcome::Ended,
        RunOutcome::Failed | RunOutcome::TimedOut | RunOutcome::Interrupted | RunOutcome::Lost => Outcome::Failed,
    }
}

/// The store keeps milliseconds, and a time must be found again.
pub(super) fn milliseconds(time: Timestamp) -> Timestamp {
    Timestamp::from_millisecond(time.as_millisecond()).unwrap_or(time)
}

/// A time in UTC.
pub(super) fn time(time: Timestamp) -> String {
    format!("{:.0}", milliseconds(time))
}

/// A time on the schedule's clock.
pub(super) fn local(time: Timestamp, order: &Order) -> String {
    milliseconds(time).to_zoned(order.schedule.timing.zone.0.clone()).strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()
}

/// A number of things, as `1 run` and `2 runs`.
pub fn counted(number: usize, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

/// A length in whole seconds.
pub(super) fn length(duration: SignedDuration) -> String {
    format!("{:#}", SignedDuration::from_secs(duration.as_secs()))
}
