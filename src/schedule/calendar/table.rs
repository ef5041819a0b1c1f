//! `[calendar.NAME]` as a person writes it, and what it means in the zone of a schedule.

use super::super::value::Zone;
use super::ics;
use super::spans::Spans;
use super::window::{Blocked, InZone, Window};
use cumulua_core::catalog::suggest;
use jiff::civil::{Date, DateTime};
use jiff::{Timestamp, ToSpan as _};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use toml::Spanned;
use toml::value::Datetime;

/// `[calendar.NAME]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::schedule) struct CalendarTable {
    dates: Option<Vec<Spanned<Entry>>>,
    file: Option<Spanned<PathBuf>>,
}

/// A date as TOML has it, or a text that may be a span.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Entry {
    Date(Datetime),
    Text(String),
}

/// The calendars of a file.
pub(in crate::schedule) struct Calendars {
    tables: BTreeMap<String, Spanned<CalendarTable>>,
    /// The texts of their files.
    texts: BTreeMap<String, String>,
    folder: PathBuf,
    now: Timestamp,
    /// What was reckoned before, by calendar and zone.
    known: BTreeMap<(String, String), Arc<Spans>>,
}

/// Calendars that a schedule names, and where.
#[derive(Default)]
pub(in crate::schedule) struct Listed {
    pub(in crate::schedule) names: Vec<String>,
    pub(in crate::schedule) place: Range<usize>,
}

/// What is wrong, and where in the text of the schedule file.
pub(in crate::schedule) type Wrong = (Range<usize>, String);

/// A calendar's file is no larger.
const LARGEST: u64 = 4 * 1024 * 1024;

const FORMS: &str = "write a date as 2026-12-24, days as \"2026-12-24/2027-01-02\" (both are meant), or times as \"2026-12-24T18:00/2026-12-27T06:00\"";

impl Calendars {
    /// Reads their files; paths are relative to `folder`.
    pub(in crate::schedule) fn read(
        tables: BTreeMap<String, Spanned<CalendarTable>>,
        folder: &Path,
        now: Timestamp,
    ) -> Result<Self, Wrong> {
        let mut texts = BTreeMap::new();
        for (name, table) in &tables {
            let CalendarTable { dates, file } = table.as_ref();
            if dates.is_none() && file.is_none() {
                return Err((
                    table.span(),
                    "this calendar has neither dates nor a file".to_owned(),
                ));
            }
            if let Some(file) = file {
                let text = read_file(&folder.join(file.as_ref())).map_err(|problem| {
                    let file = file.as_ref().display();
                    (
                        table_span(table),
                        format!("{file} cannot be read: {problem}"),
                    )
                })?;
                texts.insert(name.clone(), text);
            }
        }
        Ok(Self {
            tables,
            texts,
            folder: folder.to_owned(),
            now,
            known: BTreeMap::new(),
        })
    }

    /// The files that they are read from.
    pub(in crate::schedule) fn files(&self) -> Vec<PathBuf> {
        let files = self.tables.values();
        files
            .filter_map(|table| Some(self.folder.join(table.as_ref().file.as_ref()?.as_ref())))
            .collect()
    }

    /// The window of a schedule that names these calendars.
    pub(in crate::schedule) fn window(
        &mut self,
        not_during: &Listed,
        only_during: &Listed,
        blocked: Blocked,
        zone: &Zone,
    ) -> Result<Option<Window>, Wrong> {
        let mut named = |listed: &Listed| {
            let names = listed.names.iter();
            let each = names.map(|name| self.in_zone(name, &listed.place, zone));
            each.collect::<Result<Vec<_>, _>>()
        };
        let (not_during, only_during) = (named(not_during)?, named(only_during)?);
        let is_bound = !not_during.is_empty() || !only_during.is_empty();
        Ok(is_bound.then_some(Window {
            not_during,
            only_during,
            blocked,
        }))
    }

    fn in_zone(
        &mut self,
        name: &String,
        place: &Range<usize>,
        zone: &Zone,
    ) -> Result<InZone, Wrong> {
        let Some(table) = self.tables.get(name) else {
            let near = suggest::nearest(name, self.tables.keys().map(String::as_str));
            let hint = suggest::did_you_mean(&near);
            return Err((
                place.clone(),
                format!("there is no [calendar.{name}]{hint}"),
            ));
        };
        let key = (name.clone(), zone.name().to_owned());
        let spans = if let Some(spans) = self.known.get(&key) {
            Arc::clone(spans)
        } else {
            let spans = Arc::new(self.reckon(name, table, zone)?);
            self.known.insert(key, Arc::clone(&spans));
            spans
        };
        Ok(InZone {
            calendar: Arc::from(name.as_str()),
            spans,
        })
    }

    fn reckon(
        &self,
        name: &str,
        table: &Spanned<CalendarTable>,
        zone: &Zone,
    ) -> Result<Spans, Wrong> {
        let mut spans = Vec::new();
        for entry in table.as_ref().dates.iter().flatten() {
            let text = match entry.as_ref() {
                Entry::Date(date) => date.to_string(),
                Entry::Text(text) => text.clone(),
            };
            spans.push(span(&text, zone).map_err(|problem| (entry.span(), problem))?);
        }
        if let Some(text) = self.texts.get(name) {
            let of_file = ics::spans(text, zone, self.now);
            spans.extend(of_file.map_err(|problem| {
                let file = table.as_ref().file.as_ref();
                let file = file.map(|file| file.as_ref().display().to_string());
                let file = file.unwrap_or_default();
                (
                    table_span(table),
                    format!("{file} is no calendar: {problem}"),
                )
            })?);
        }
        Ok(spans.into_iter().collect())
    }
}

/// Where a calendar's file is named.
fn table_span(table: &Spanned<CalendarTable>) -> Range<usize> {
    let file = table.as_ref().file.as_ref();
    file.map_or_else(|| table.span(), Spanned::span)
}

fn read_file(path: &Path) -> Result<String, String> {
    let about = fs::metadata(path).map_err(|problem| problem.to_string())?;
    // A FIFO would let a server wait, and a device never end.
    if !about.is_file() {
        return Err("it is no regular file".to_owned());
    }
    if about.len() > LARGEST {
        return Err(format!("it is larger than {} MiB", LARGEST / (1024 * 1024)));
    }
    fs::read_to_string(path).map_err(|problem| match problem.kind() {
        std::io::ErrorKind::InvalidData => "it is not UTF-8".to_owned(),
        _ => problem.to_string(),
    })
}

/// A day, days, or times, on the clock of a zone.
fn span(text: &str, zone: &Zone) -> Result<(Timestamp, Timestamp), String> {
    let wrong = || format!("{text:?} is no date: {FORMS}");
    let day = |date: Date| {
        zone.0
            .to_timestamp(date.at(0, 0, 0, 0))
            .map_err(|_| wrong())
    };
    let after = |date: Date| date.checked_add(1.day()).map_err(|_| wrong()).and_then(day);
    let civil = |text: &str| {
        let civil = text.parse::<DateTime>();
        civil.and_then(|civil| zone.0.to_timestamp(civil))
    };
    let moment = |text: &str| {
        let exact = text.parse::<Timestamp>();
        exact.or_else(|_| civil(text)).map_err(|_| wrong())
    };
    // jiff reads the date of a time too, and would lose the time.
    let date = |text: &str| {
        let is_date = text.len() == "2026-12-24".len();
        is_date.then(|| text.parse::<Date>().ok()).flatten()
    };
    let (from, to) = match text.split_once('/') {
        None => match date(text) {
            Some(date) => (day(date)?, after(date)?),
            None => return Err(wrong()),
        },
        Some((first, last)) => match (date(first), date(last)) {
            (Some(first), Some(last)) => (day(first)?, after(last)?),
            (None, None) => (moment(first)?, moment(last)?),
            _ => return Err(wrong()),
        },
    };
    if from >= to {
        return Err(format!("{text:?} ends before it begins"));
    }
    Ok((from, to))
}

#[cfg(test)]
mod tests {
    use super::{Zone, span};

    #[test]
    fn a_span_has_its_last_day_whole_and_times_on_the_zones_clock() {
        let zone = Zone::parse("Europe/Berlin").unwrap();
        let shown = |text: &str| span(text, &zone).map(|(from, to)| format!("{from}/{to}"));
        for (text, expected) in [
            ("2026-12-24", "2026-12-23T23:00:00Z/2026-12-24T23:00:00Z"),
            ("2026-10-25", "2026-10-24T22:00:00Z/2026-10-25T23:00:00Z"),
            (
                "2026-12-24/2027-01-02",
                "2026-12-23T23:00:00Z/2027-01-02T23:00:00Z",
            ),
            (
                "2026-12-24T18:00/2026-12-27T06:00:30",
                "2026-12-24T17:00:00Z/2026-12-27T05:00:30Z",
            ),
            (
                "2026-12-24T18:00:00+08:00/2026-12-24T12:00:00Z",
                "2026-12-24T10:00:00Z/2026-12-24T12:00:00Z",
            ),
        ] {
            assert_eq!(shown(text).as_deref(), Ok(expected), "{text}");
        }
        for text in [
            "",
            "soon",
            "2026-13-01",
            "2026-12-24T18:00",
            "2026-12-24/",
            "2026-12-24/2026-12-24T18:00",
            "2026-12-25/2026-12-24",
            "2026-12-24T18:00/2026-12-24T18:00",
        ] {
            assert!(shown(text).is_err(), "{text}");
        }
    }
}
