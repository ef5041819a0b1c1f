//! What is valid in a schedule file and yet hardly meant.

use super::file::ScheduleFile;
use super::timing::Recurrence;
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;

/// So many schedules make a second a crowded one.
const CROWDED_SECOND: usize = 50;

/// How far ahead crowded seconds are looked for.
const AHEAD: SignedDuration = SignedDuration::from_hours(24);

/// Firings of one schedule that are looked at for crowded seconds.
const LOOKS: usize = 100;

/// What is valid and hardly meant, with the lines of the schedules.
pub fn lints(file: &ScheduleFile, now: Timestamp) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut seconds: BTreeMap<i64, Vec<usize>> = BTreeMap::new();
    for schedule in &file.schedules {
        let mut lint =
            |what: String| found.push((schedule.line, format!("{}: {what}", schedule.name)));
        if let Recurrence::Cron(expression) = &schedule.timing.recurrence {
            expression.lints().into_iter().for_each(&mut lint);
        }
        let mut firings = schedule.timing.firings(now).take(LOOKS).peekable();
        if firings.peek().is_none() && schedule.timing.after().is_empty() {
            lint(match schedule.timing.end {
                Some(end) if end <= now => format!("it never fires again: its end was {end:.0}"),
                Some(end) => format!("it never fires: nothing is named before its end, {end:.0}"),
                None => "it never fires: its date does not come within 50 years".to_owned(),
            });
        }
        if schedule.paused {
            continue;
        }
        for firing in firings
            .take_while(|firing| firing.due <= now.saturating_add(AHEAD).unwrap_or(Timestamp::MAX))
        {
            let there = seconds.entry(firing.due.as_second()).or_default();
            // One that fires many times a second is still one.
            if there.last() != Some(&schedule.line) {
                there.push(schedule.line);
            }
        }
    }
    let crowded = seconds
        .iter()
        .filter(|(_, lines)| lines.len() >= CROWDED_SECOND)
        .max_by_key(|(_, lines)| lines.len());
    if let Some((second, lines)) = crowded {
        let at = Timestamp::from_second(*second).unwrap_or_default();
        let more = seconds
            .values()
            .filter(|lines| lines.len() >= CROWDED_SECOND)
            .count()
            - 1;
        let others = if more > 0 {
            format!(", and {more} other seconds of the next day are like it")
        } else {
            String::new()
        };
        let message = format!(
            "{} schedules fire in the same second, {at:.0}{others}; jitter spreads them",
            lines.len()
        );
        found.push((lines[0], message));
    }
    found
}
