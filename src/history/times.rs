//! Times in the tables: milliseconds since 1970.

use jiff::Timestamp;

/// A time as the tables hold it.
pub(super) fn millis(at: Timestamp) -> i64 {
    at.as_millisecond()
}

/// A time out of the tables.
pub(super) fn timestamp(millis: i64) -> Timestamp {
    Timestamp::from_millisecond(millis).unwrap_or_default()
}
