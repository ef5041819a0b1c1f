//! When a schedule fires: its cron expression or interval, its zone, its window, and its jitter.

use super::cron::{Expression, Pattern};
use super::value::Zone;
use jiff::{SignedDuration, Timestamp};
use sha2::{Digest as _, Sha256};
use std::sync::Arc;
use std::time::Duration;

/// What makes a schedule fire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recurrence {
    /// A cron expression.
    Cron(Expression),
    /// An interval, counted from the schedule's start, otherwise from 1970.
    Every(Duration),
    /// Once each of these has had a success since it fired last.
    After {
        /// The schedules.
        schedules: Vec<Arc<str>>,
        /// How old their successes may be.
        within: Duration,
    },
}

/// When a schedule fires.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timing {
    /// What makes it fire.
    pub recurrence: Recurrence,
    /// On whose clock.
    pub zone: Zone,
    /// Nothing fires before.
    pub start: Option<Timestamp>,
    /// Nothing fires from then on.
    pub end: Option<Timestamp>,
    /// How long after each named time the firing is due: always the same for one schedule.
    pub shift: Duration,
}

/// One time at which a schedule fires.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Firing {
    /// When it is due.
    pub due: Timestamp,
    /// The time that the schedule names: its identity together with the schedule's name.
    pub at: Timestamp,
}

impl Timing {
    /// The part of `jitter` that a schedule of this name waits.
    pub fn shift_of(name: &str, jitter: Duration) -> Duration {
        let hash = Sha256::digest(name.as_bytes());
        let number = hash
            .iter()
            .take(8)
            .fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
        // Whole milliseconds: finer ones would only clutter tables.
        let span = u64::try_from(jitter.as_millis()).unwrap_or(u64::MAX);
        Duration::from_millis(if span == 0 { 0 } else { number % span })
    }

    /// A text that is another where other times are named. How long after them a firing is due does
    /// not count.
    pub fn fingerprint(&self) -> String {
        let recurrence = match &self.recurrence {
            Recurrence::Cron(expression) => format!("cron {}", expression.as_str()),
            Recurrence::Every(interval) => format!("every {} s", interval.as_secs_f64()),
            Recurrence::After { schedules, .. } => format!("after {}", schedules.join(", ")),
        };
        let bound =
            |time: Option<Timestamp>| time.map_or_else(|| "-".to_owned(), |time| time.to_string());
        format!(
            "{recurrence}; {}; {} to {}",
            self.zone.name(),
            bound(self.start),
            bound(self.end)
        )
    }

    /// The firings whose named time lies after `after`, in order, without end unless the schedule
    /// has one.
    pub fn firings(&self, after: Timestamp) -> Firings<'_> {
        let pattern = match &self.recurrence {
            Recurrence::Cron(expression) => Some(expression.pattern()),
            Recurrence::Every(_) | Recurrence::After { .. } => None,
        };
        // A firing at the start itself counts.
        let first = self
            .start
            .and_then(|start| start.checked_sub(SignedDuration::from_nanos(1)).ok());
        Firings {
            timing: self,
            pattern,
            after: first.map_or(after, |first| first.max(after)),
        }
    }

    /// Whether it goes by the clock on the wall, also where that is set: an interval, and a cron
    /// expression whose minute or hour begins with `*`. Any other fires once for each time that it
    /// names.
    pub fn follows_clock(&self) -> bool {
        match &self.recurrence {
            Recurrence::Every(_) | Recurrence::After { .. } => true,
            Recurrence::Cron(expression) => expression.pattern().follows_clock(),
        }
    }

    /// The schedules that it follows, where it has no times of its own.
    pub fn after(&self) -> &[Arc<str>] {
        match &self.recurrence {
            Recurrence::After { schedules, .. } => schedules,
            _ => &[],
        }
    }

    /// The first firing whose named time lies after `after`.
    pub fn next(&self, after: Timestamp) -> Option<Firing> {
        self.firings(after).next()
    }
}

/// Firings in order.
pub struct Firings<'a> {
    timing: &'a Timing,
    pattern: Option<Pattern>,
    after: Timestamp,
}

impl Iterator for Firings<'_> {
    type Item = Firing;

    fn next(&mut self) -> Option<Firing> {
        let at = match (&self.timing.recurrence, &self.pattern) {
            (Recurrence::Every(interval), _) => next_multiple(
                self.timing.start.unwrap_or(Timestamp::UNIX_EPOCH),
                *interval,
                self.after,
            )?,
            (_, Some(pattern)) => pattern.next(self.after, &self.timing.zone.0)?,
            (_, None) => return None,
        };
        if self.timing.end.is_some_and(|end| at >= end) {
            return None;
        }
        self.after = at;
        Some(Firing {
            due: at.checked_add(self.timing.shift).ok()?,
            at,
        })
    }
}

/// The first whole number of intervals from `origin` that lies after `after`.
fn next_multiple(origin: Timestamp, interval: Duration, after: Timestamp) -> Option<Timestamp> {
    let interval = i128::try_from(interval.as_nanos())
        .ok()
        .filter(|interval| *interval > 0)?;
    let passed = after.as_nanosecond() - origin.as_nanosecond();
    let next = if passed < 0 { 0 } else { passed / interval + 1 };
    Timestamp::from_nanosecond(origin.as_nanosecond() + next * interval).ok()
}

#[cfg(test)]
mod tests {
    use super::{Recurrence, Timing};
    use crate::schedule::cron::Expression;
    use crate::schedule::value::Zone;
    use jiff::Timestamp;
    use std::time::Duration;

    fn time(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn every(seconds: u64) -> Timing {
        let recurrence = Recurrence::Every(Duration::from_secs(seconds));
        Timing {
            recurrence,
            zone: Zone::UTC,
            start: None,
            end: None,
            shift: Duration::ZERO,
        }
    }

    #[test]
    fn an_interval_counts_from_the_start_and_a_restart_changes_nothing() {
        let timing = Timing {
            start: Some(time("2026-01-01T00:00:07Z")),
            ..every(25)
        };
        assert_eq!(
            timing.next(time("2025-06-01T00:00:00Z")).unwrap().at,
            time("2026-01-01T00:00:07Z")
        );
        assert_eq!(
            timing.next(time("2026-01-01T00:00:07Z")).unwrap().at,
            time("2026-01-01T00:00:32Z")
        );
        assert_eq!(
            timing.next(time("2026-01-01T00:00:31Z")).unwrap().at,
            time("2026-01-01T00:00:32Z")
        );
    }

    #[test]
    fn a_firing_at_the_start_counts_and_one_at_the_end_does_not() {
        let recurrence = Recurrence::Cron(Expression::parse("0 12 * * *").unwrap());
        let timing = Timing {
            recurrence,
            start: Some(time("2026-03-01T12:00:00Z")),
            end: Some(time("2026-03-03T12:00:00Z")),
            ..every(1)
        };
        let firings: Vec<_> = timing
            .firings(time("2026-01-01T00:00:00Z"))
            .map(|firing| firing.at.to_string())
            .collect();
        assert_eq!(firings, ["2026-03-01T12:00:00Z", "2026-03-02T12:00:00Z"]);
    }

    #[test]
    fn jitter_is_the_same_for_a_name_and_spreads_names() {
        let jitter = Duration::from_mins(10);
        assert_eq!(
            Timing::shift_of("nightly", jitter),
            Timing::shift_of("nightly", jitter)
        );
        let shifts: Vec<_> = (0..1000)
            .map(|number| Timing::shift_of(&format!("job-{number}"), jitter))
            .collect();
        assert!(shifts.iter().all(|shift| *shift < jitter));
        let early = shifts.iter().filter(|shift| **shift < jitter / 2).count();
        assert!((400..600).contains(&early), "{early}");
        let timing = Timing {
            shift: Duration::from_secs(3),
            ..every(60)
        };
        let firing = timing.next(time("2026-01-01T00:00:00Z")).unwrap();
        assert_eq!(
            (firing.at, firing.due),
            (time("2026-01-01T00:01:00Z"), time("2026-01-01T00:01:03Z"))
        );
    }
}
