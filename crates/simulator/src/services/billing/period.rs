//! Periods of days, as bills write them.

use crate::cloud::call::Call;
use crate::cloud::refusal::Refusal;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

/// Whole days, from the first one's beginning to the last one's end.
#[derive(Debug, Clone, Copy)]
pub(super) struct Period {
    pub(super) first: Date,
    pub(super) last: Date,
}

impl Period {
    /// From `DateFrom` and `DateTo`, written by a format.
    pub(super) fn of(call: &Call, format: &str) -> Result<Self, Refusal> {
        let day = |name: &str| {
            let text = call.params.required(name);
            Date::strptime(format, text).map_err(|_| {
                call.malformed(
                    name,
                    &format!("{text:?} is not a day as {}", example(format)),
                )
            })
        };
        Self::between(day("DateFrom")?, day("DateTo")?)
            .ok_or_else(|| call.malformed("DateTo", "it is before DateFrom"))
    }

    pub(super) fn between(first: Date, last: Date) -> Option<Self> {
        (first <= last).then_some(Self { first, last })
    }

    pub(super) fn start(self) -> Timestamp {
        midnight(self.first)
    }

    /// The moment after it.
    pub(super) fn end(self) -> Timestamp {
        self.last
            .checked_add(1.day())
            .map_or(Timestamp::MAX, midnight)
    }
}

fn midnight(day: Date) -> Timestamp {
    day.to_zoned(TimeZone::UTC)
        .map_or(Timestamp::MIN, |midnight| midnight.timestamp())
}

fn example(format: &str) -> &'static str {
    if format.contains('.') {
        "2019.09.02"
    } else {
        "2022-10-01"
    }
}
