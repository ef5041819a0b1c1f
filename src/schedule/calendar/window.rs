//! When a schedule may start anything, by the calendars that it names.

use super::super::value::Zone;
use super::spans::Spans;
use jiff::Timestamp;
use serde::Deserialize;
use std::sync::Arc;

/// What happens to a firing at a time when its schedule may not start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Blocked {
    /// It does not run.
    #[default]
    Skip,
    /// One run begins once the schedule may start again.
    RunAtEnd,
}

/// A calendar in the zone of a schedule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct InZone {
    pub(super) calendar: Arc<str>,
    pub(super) spans: Arc<Spans>,
}

/// When a schedule may start anything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window {
    /// Nothing starts during these.
    pub(super) not_during: Vec<InZone>,
    /// Where there are any, nothing starts but during these.
    pub(super) only_during: Vec<InZone>,
    /// What becomes of a firing meanwhile.
    pub blocked: Blocked,
}

/// Why nothing starts at a moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// The calendar.
    pub calendar: Arc<str>,
    /// Whether nothing starts but during it.
    pub is_outside: bool,
    /// When something may start again; never where there is no time.
    pub until: Option<Timestamp>,
}

/// Calendars that follow each other are looked through so often at most.
const MOST_LINKS: usize = 10_000;

impl Window {
    /// Why nothing starts at this moment; nothing where it may.
    pub fn block(&self, at: Timestamp) -> Option<Block> {
        let mut block = self.block_alone(at)?;
        for _ in 0..MOST_LINKS {
            let Some(next) = block.until.and_then(|until| self.block_alone(until)) else {
                break;
            };
            block.until = next.until;
        }
        Some(block)
    }

    /// The same, where another calendar may go on at its end.
    fn block_alone(&self, at: Timestamp) -> Option<Block> {
        let within = |named: &InZone| Some((Arc::clone(&named.calendar), named.spans.end_of(at)?));
        if let Some((calendar, end)) = self.not_during.iter().find_map(within) {
            return Some(Block {
                calendar,
                is_outside: false,
                until: Some(end),
            });
        }
        let first = self.only_during.first()?;
        if self.only_during.iter().any(|named| within(named).is_some()) {
            return None;
        }
        let begins =
            |named: &InZone| Some((named.spans.next_after(at)?, Arc::clone(&named.calendar)));
        let next = self.only_during.iter().filter_map(begins).min();
        let (until, calendar) = next.unzip();
        Some(Block {
            calendar: calendar.unwrap_or_else(|| Arc::clone(&first.calendar)),
            is_outside: true,
            until,
        })
    }
}

impl Block {
    /// The reason as a person reads it, on the clock of a zone.
    pub fn describe(&self, zone: &Zone) -> String {
        let side = if self.is_outside { "outside" } else { "during" };
        let end = match self.until {
            Some(until) => format!("which it is until {}", zone.format(until)),
            None => "which has no end".to_owned(),
        };
        format!(
            "nothing starts {side} the calendar {}, {end}",
            self.calendar
        )
    }
}

#[cfg(test)]
mod tests {
    use super::{Blocked, InZone, Spans, Window, Zone};
    use jiff::Timestamp;
    use std::sync::Arc;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn named(calendar: &str, spans: &[(i64, i64)]) -> InZone {
        let spans = spans.iter().map(|(from, to)| (at(*from), at(*to)));
        InZone {
            calendar: calendar.into(),
            spans: Arc::new(spans.collect::<Spans>()),
        }
    }

    #[test]
    fn a_block_ends_where_every_calendar_lets_things_start() {
        let window = Window {
            not_during: vec![named("a", &[(10, 20), (40, 50)]), named("b", &[(15, 30)])],
            only_during: vec![named("c", &[(0, 35), (45, 60)]), named("d", &[(70, 80)])],
            blocked: Blocked::Skip,
        };
        let until = |second| {
            let block = window.block(at(second));
            block.map(|block| {
                (
                    block.calendar.to_string(),
                    block.until.map(Timestamp::as_second),
                )
            })
        };
        let expected = |calendar: &str, second: Option<i64>| Some((calendar.to_owned(), second));
        assert_eq!(until(9), None);
        assert_eq!(until(10), expected("a", Some(30)));
        assert_eq!(until(29), expected("b", Some(30)));
        assert_eq!(until(30), None);
        assert_eq!(
            until(35),
            expected("c", Some(50)),
            "another one begins before it ends"
        );
        assert_eq!(until(59), None);
        assert_eq!(until(60), expected("d", Some(70)));
        assert_eq!(until(80), expected("c", None));
        let block = window.block(at(10)).unwrap();
        assert_eq!(
            block.describe(&Zone::UTC),
            "nothing starts during the calendar a, which it is until 1970-01-01 00:00:30 +00:00"
        );
        let block = window.block(at(80)).unwrap();
        assert_eq!(
            block.describe(&Zone::UTC),
            "nothing starts outside the calendar c, which has no end"
        );
    }

    #[test]
    fn a_calendar_without_any_span_blocks_nothing_or_all() {
        let mut window = Window {
            not_during: vec![named("a", &[])],
            only_during: Vec::new(),
            blocked: Blocked::Skip,
        };
        assert_eq!(window.block(at(0)), None);
        window.only_during = vec![named("b", &[(5, 5)])];
        assert_eq!(window.block(at(5)).unwrap().until, None);
    }
}
