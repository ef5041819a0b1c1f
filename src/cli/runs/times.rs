//! Times as a person gives and reads them: in this machine's zone, which is always shown.

use cumulua_core::clock::parse_duration;
use jiff::civil::{DateTime, Time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, Zoned};
use std::time::Duration;

/// This machine's zone and what time it is.
pub(super) struct Times {
    now: Timestamp,
    zone: TimeZone,
}

/// How moments are written.
pub(super) const FORMS: &str = "02:30 (the latest one), 2026-11-21, \"2026-11-21 02:30\", RFC 3339, or an age as 90m, 12h or 7d";

impl Times {
    pub(super) fn here(now: Timestamp) -> Self {
        Self {
            now,
            zone: TimeZone::system(),
        }
    }

    pub(super) fn now(&self) -> Timestamp {
        self.now
    }

    /// Date, time and offset.
    pub(super) fn full(&self, at: Timestamp) -> String {
        self.zoned(at).strftime("%Y-%m-%d %H:%M:%S %:z").to_string()
    }

    /// Time and offset, for lines that stand below a date.
    pub(super) fn of_day(&self, at: Timestamp) -> String {
        self.zoned(at).strftime("%H:%M:%S%.3f%:z").to_string()
    }

    /// RFC 3339 for programs.
    pub(super) fn exact(&self, at: Timestamp) -> String {
        self.zoned(at)
            .strftime("%Y-%m-%dT%H:%M:%S%.3f%:z")
            .to_string()
    }

    /// So long ago.
    pub(super) fn before(&self, age: Duration) -> Option<Timestamp> {
        self.now
            .checked_sub(SignedDuration::try_from(age).ok()?)
            .ok()
    }

    fn zoned(&self, at: Timestamp) -> Zoned {
        at.to_zoned(self.zone.clone())
    }

    /// A moment as a person gives it.
    pub(super) fn parse(&self, text: &str) -> Result<Timestamp, String> {
        let wrong = || format!("{text:?} is no time that can be understood; write it as {FORMS}");
        if let Some(age) = parse_age(text) {
            return self.before(age).ok_or_else(wrong);
        }
        if let Ok(at) = text.parse::<Timestamp>() {
            return Ok(at);
        }
        let at = |civil: DateTime| {
            civil
                .to_zoned(self.zone.clone())
                .map(|zoned| zoned.timestamp())
        };
        if let Ok(civil) = text.parse::<DateTime>() {
            return at(civil).map_err(|_| wrong());
        }
        let time: Time = text.parse().map_err(|_| wrong())?;
        let today = self.zoned(self.now).date();
        let latest = at(today.to_datetime(time)).map_err(|_| wrong())?;
        if latest <= self.now {
            return Ok(latest);
        }
        let yesterday = today.yesterday().map_err(|_| wrong())?;
        at(yesterday.to_datetime(time)).map_err(|_| wrong())
    }
}

/// An age: a duration with its unit, because a bare number could be a year or an hour.
pub(super) fn parse_age(text: &str) -> Option<Duration> {
    if text.ends_with(|last: char| last.is_ascii_digit()) {
        return None;
    }
    parse_duration(text)
}

/// How long something took, for a person: `350 ms`, `12.4 s`, `3m 20s`.
pub(super) fn took(duration: SignedDuration) -> String {
    let millis = u64::try_from(duration.as_millis()).unwrap_or(0);
    match millis {
        0..1_000 => format!("{millis} ms"),
        1_000..60_000 => format!("{}.{} s", millis / 1000, millis % 1000 / 100),
        _ => crate::cli::report::seconds(Duration::from_millis(millis)),
    }
}

#[cfg(test)]
mod tests {
    use super::{Times, parse_age};
    use jiff::tz::TimeZone;
    use std::time::Duration;

    fn times() -> Times {
        Times {
            now: "2026-11-21T01:00:00Z".parse().unwrap(),
            zone: TimeZone::get("Asia/Shanghai").unwrap(),
        }
    }

    #[test]
    fn a_time_of_day_is_the_latest_one_in_the_zone_of_the_machine() {
        for (text, expected) in [
            ("02:30", "2026-11-20T18:30:00Z"),
            ("10:00", "2026-11-20T02:00:00Z"),
            ("2026-11-20", "2026-11-19T16:00:00Z"),
            ("2026-11-20 02:30", "2026-11-19T18:30:00Z"),
            ("2026-11-20T02:30:00Z", "2026-11-20T02:30:00Z"),
            ("2h", "2026-11-20T23:00:00Z"),
            ("1d", "2026-11-20T01:00:00Z"),
        ] {
            assert_eq!(times().parse(text).unwrap().to_string(), expected, "{text}");
        }
        for text in ["", "soon", "25:00", "7", "2026-13-01", "99999999999999999w"] {
            assert!(times().parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn every_time_is_shown_with_its_offset() {
        let at = "2026-11-20T18:30:00Z".parse().unwrap();
        assert_eq!(times().full(at), "2026-11-21 02:30:00 +08:00");
        assert_eq!(times().of_day(at), "02:30:00.000+08:00");
        assert_eq!(times().exact(at), "2026-11-21T02:30:00.000+08:00");
    }

    #[test]
    fn an_age_may_have_days() {
        assert_eq!(parse_age("2w"), Some(Duration::from_hours(14 * 24)));
        assert_eq!(parse_age("1h 30m"), Some(Duration::from_mins(90)));
        assert_eq!(parse_age("1.5"), None);
    }
}
