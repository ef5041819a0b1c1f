//! Formats times, durations, and counts for messages.

use crate::schedule::engine::Attempt;
use jiff::{SignedDuration, Timestamp};

/// The store keeps milliseconds, and a time must be found again.
pub(super) fn milliseconds(time: Timestamp) -> Timestamp {
    Timestamp::from_millisecond(time.as_millisecond()).unwrap_or(time)
}

/// A time in UTC.
pub(super) fn time(time: Timestamp) -> String {
    format!("{:.0}", milliseconds(time))
}

/// A time on the schedule's clock.
pub(super) fn local(time: Timestamp, attempt: &Attempt) -> String {
    milliseconds(time)
        .to_zoned(attempt.schedule.timing.zone.0.clone())
        .strftime("%Y-%m-%dT%H:%M:%S%:z")
        .to_string()
}

/// A number of things, as `1 run` and `2 runs`.
pub fn count(number: usize, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

/// A length in whole seconds.
pub(super) fn length(duration: SignedDuration) -> String {
    format!("{:#}", SignedDuration::from_secs(duration.as_secs()))
}
