//! Times as the documents' answers write them.

use crate::cloud::term::CHINA;
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::Offset;

/// Without a zone, which is China's, as the vendors' own: `2026-03-01 16:00:00` for 08:00 UTC.
pub(crate) fn format_time(time: Timestamp) -> String {
    CHINA
        .to_datetime(time)
        .strftime("%Y-%m-%d %H:%M:%S")
        .to_string()
}

/// Reads what [`format_time`] writes.
pub(crate) fn parse_time(text: &str) -> Option<Timestamp> {
    let time = DateTime::strptime("%Y-%m-%d %H:%M:%S", text).ok()?;
    CHINA.to_timestamp(time).ok()
}

/// With milliseconds and an offset: `2022-06-30T16:00:00.000+0000`.
pub(crate) fn format_time_with_offset(time: Timestamp) -> String {
    format!(
        "{}+0000",
        Offset::UTC
            .to_datetime(time)
            .strftime("%Y-%m-%dT%H:%M:%S%.3f")
    )
}

/// To the second, in UTC: `2026-03-01T08:00:00Z`.
pub(crate) fn format_rfc3339(time: Timestamp) -> String {
    format!("{time:.0}")
}
