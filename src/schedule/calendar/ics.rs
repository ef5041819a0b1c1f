//! iCalendar files: the events of a file as spans of time.

use super::super::value::Zone;
use calcard::common::timezone::Tz;
use calcard::icalendar::dates::{CalendarErrorType, TimeOrDelta};
use calcard::icalendar::{
    ICalendar, ICalendarComponent, ICalendarComponentType, ICalendarProperty, ICalendarStatus,
    ICalendarValue,
};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use std::collections::BTreeMap;

/// Occurrences of one event at most: a daily one for over 50 years.
const MOST_OCCURRENCES: usize = 20_000;

/// So many years from now on an event without an end must be known.
const YEARS: i16 = 10;

/// Reads a file. Times without a zone, and whole days, are on `zone`'s clock.
pub(super) fn spans(
    text: &str,
    zone: &Zone,
    now: Timestamp,
) -> Result<Vec<(Timestamp, Timestamp)>, String> {
    let calendar = ICalendar::parse(text)
        .map_err(|_| "it is no iCalendar file (BEGIN:VCALENDAR … END:VCALENDAR)".to_owned())?;
    if calendar.components.is_empty() {
        return Err("it is an iCalendar file without anything in it".to_owned());
    }
    let default: Tz = zone.name().parse().unwrap_or(Tz::UTC);
    let is_event = |part: &ICalendarComponent| {
        part.component_type == ICalendarComponentType::VEvent
            && part.status() != Some(&ICalendarStatus::Cancelled)
    };
    let (events, rest): (Vec<_>, Vec<_>) = calendar.components.into_iter().partition(is_event);
    let zones: Vec<_> = rest.into_iter().filter(is_of_zone).collect();
    // An event and the single occurrences of it that were moved belong together, and only they:
    // one without an end would take the occurrences of all others.
    let mut groups: BTreeMap<String, Vec<ICalendarComponent>> = BTreeMap::new();
    for (number, event) in events.into_iter().enumerate() {
        let uid = event
            .uid()
            .map_or_else(|| format!("#{number}"), str::to_owned);
        groups.entry(uid).or_default().push(event);
    }
    let mut spans = Vec::new();
    for group in groups.into_values() {
        let about = summary(&group[0]);
        spans.extend(
            of_event(group, &zones, default, &zone.0, now)
                .map_err(|problem| format!("its event {about:?} {problem}"))?,
        );
    }
    Ok(spans)
}

/// Parts that say what a zone's name means, which others refer to by their numbers.
fn is_of_zone(part: &ICalendarComponent) -> bool {
    matches!(
        part.component_type,
        ICalendarComponentType::VTimezone
            | ICalendarComponentType::Standard
            | ICalendarComponentType::Daylight
    )
}

fn summary(event: &ICalendarComponent) -> String {
    let named = event.property(&ICalendarProperty::Summary);
    let text = named.and_then(|entry| entry.values.first()?.as_text());
    text.or(event.uid()).unwrap_or("without a name").to_owned()
}

fn of_event(
    group: Vec<ICalendarComponent>,
    zones: &[ICalendarComponent],
    default: Tz,
    zone: &TimeZone,
    now: Timestamp,
) -> Result<Vec<(Timestamp, Timestamp)>, String> {
    let repeats = group
        .iter()
        .any(|event| event.has_property(&ICalendarProperty::Rrule));
    let mut components = group;
    components.extend_from_slice(zones);
    let calendar = ICalendar { components };
    let found = calendar.expand_dates(default, MOST_OCCURRENCES);
    if let Some(error) = found.errors.first() {
        return Err(match &error.error {
            CalendarErrorType::MissingDtStart => "has no DTSTART".to_owned(),
            CalendarErrorType::InvalidDtStart => "has a DTSTART that is no time".to_owned(),
            CalendarErrorType::InvalidDtEnd => "has a DTEND that is no time".to_owned(),
            CalendarErrorType::InvalidDuration => "has a DURATION that is none".to_owned(),
            CalendarErrorType::RRule(problem) => format!("has a wrong RRULE: {problem}"),
        });
    }
    let mut spans = Vec::with_capacity(found.events.len());
    for event in &found.events {
        let Some(start) = moment(event.start.timestamp()) else {
            // A yearly event without an end goes on beyond the last year that there is.
            continue;
        };
        let length = match &event.end {
            TimeOrDelta::Time(end) => end.timestamp() - event.start.timestamp(),
            TimeOrDelta::Delta(length) => length.num_seconds(),
        };
        let part = usize::try_from(event.comp_id).ok();
        let is_of_days = part
            .and_then(|part| calendar.components.get(part))
            .is_some_and(has_whole_days);
        let end = if is_of_days {
            // Days are as long as the clock has them.
            let days = (length + DAY / 2) / DAY;
            let zoned = start.to_zoned(zone.clone());
            let end = zoned.date().checked_add(days.days());
            end.and_then(|end| zone.to_timestamp(end.at(0, 0, 0, 0)))
                .ok()
        } else {
            moment(event.start.timestamp().saturating_add(length))
        };
        spans.push((start, end.unwrap_or(Timestamp::MAX)));
    }
    let known_until = spans.iter().map(|(start, _)| *start).max();
    let enough = now.to_zoned(TimeZone::UTC).checked_add(YEARS.years());
    let is_enough = || enough.is_ok_and(|enough| known_until >= Some(enough.timestamp()));
    if repeats && spans.len() >= MOST_OCCURRENCES && !is_enough() {
        return Err(format!(
            "occurs over {MOST_OCCURRENCES} times within the next {YEARS} years"
        ));
    }
    Ok(spans)
}

const DAY: i64 = 24 * 60 * 60;

fn moment(second: i64) -> Option<Timestamp> {
    Timestamp::from_second(second).ok()
}

/// Whether it lasts whole days, on whatever clock it is looked at.
fn has_whole_days(event: &ICalendarComponent) -> bool {
    let start = event.property(&ICalendarProperty::Dtstart);
    let start = start.and_then(|entry| entry.values.first());
    matches!(start, Some(ICalendarValue::PartialDateTime(start)) if !start.has_time())
}

#[cfg(test)]
mod tests {
    use super::{Zone, spans};
    use jiff::Timestamp;

    fn event(lines: &str) -> String {
        format!(
            "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//example//EN\r\nBEGIN:VEVENT\r\nUID:1\r\nSUMMARY:Freeze\r\n{}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n",
            lines.replace('\n', "\r\n")
        )
    }

    fn read(text: &str, zone: &str) -> Result<Vec<String>, String> {
        let now = "2026-11-01T00:00:00Z".parse().unwrap();
        let mut spans = spans(text, &Zone::parse(zone).unwrap(), now)?;
        spans.sort_unstable();
        let show = |(from, to): (Timestamp, Timestamp)| format!("{from}/{to}");
        Ok(spans.into_iter().map(show).collect())
    }

    #[test]
    fn whole_days_are_days_of_the_schedules_zone_as_long_as_its_clock_has_them() {
        let text = event("DTSTART;VALUE=DATE:20261224\nDTEND;VALUE=DATE:20261227");
        assert_eq!(
            read(&text, "Asia/Shanghai").unwrap(),
            ["2026-12-23T16:00:00Z/2026-12-26T16:00:00Z"]
        );
        // One day without an end, on which the clocks go forward.
        let text = event("DTSTART;VALUE=DATE:20270328");
        assert_eq!(
            read(&text, "Europe/Berlin").unwrap(),
            ["2027-03-27T23:00:00Z/2027-03-28T22:00:00Z"]
        );
    }

    #[test]
    fn events_repeat_with_exceptions_on_the_clock_of_their_zone() {
        let text = event(
            "DTSTART;TZID=Europe/Berlin:20261020T200000\nDTEND;TZID=Europe/Berlin:20261020T220000\nRRULE:FREQ=WEEKLY;COUNT=4\nEXDATE;TZID=Europe/Berlin:20261103T200000",
        );
        assert_eq!(
            read(&text, "UTC").unwrap(),
            [
                "2026-10-20T18:00:00Z/2026-10-20T20:00:00Z",
                "2026-10-27T19:00:00Z/2026-10-27T21:00:00Z",
                "2026-11-10T19:00:00Z/2026-11-10T21:00:00Z",
            ]
        );
        let yearly = event("DTSTART;VALUE=DATE:20200101\nRRULE:FREQ=YEARLY");
        let spans = read(&yearly, "UTC").unwrap();
        assert!(spans.contains(&"2036-01-01T00:00:00Z/2036-01-02T00:00:00Z".to_owned()));
    }

    #[test]
    fn one_event_without_an_end_leaves_all_others_theirs() {
        let weekly = |uid: &str, day: &str| {
            format!(
                "BEGIN:VEVENT\r\nUID:{uid}\r\nDTSTART:{day}T000000Z\r\nDURATION:PT1H\r\nRRULE:FREQ=DAILY\r\nEND:VEVENT\r\n"
            )
        };
        let text = format!(
            "BEGIN:VCALENDAR\r\n{}{}END:VCALENDAR\r\n",
            weekly("a", "20260101"),
            weekly("b", "20260102").replace("DAILY", "YEARLY")
        );
        let spans = read(&text, "UTC").unwrap();
        assert!(spans.contains(&"2030-01-02T00:00:00Z/2030-01-02T01:00:00Z".to_owned()));
        assert!(spans.contains(&"2040-01-02T00:00:00Z/2040-01-02T01:00:00Z".to_owned()));
    }

    #[test]
    fn a_cancelled_event_does_not_count_and_a_wrong_one_is_named() {
        let cancelled = event("DTSTART;VALUE=DATE:20261224\nSTATUS:CANCELLED");
        assert_eq!(read(&cancelled, "UTC").unwrap(), Vec::<String>::new());
        let without = event("DESCRIPTION:x");
        let problem = read(&without, "UTC").unwrap_err();
        assert!(problem.contains("\"Freeze\" has no DTSTART"), "{problem}");
        let often = event("DTSTART:20260101T000000Z\nDURATION:PT1S\nRRULE:FREQ=SECONDLY");
        let problem = read(&often, "UTC").unwrap_err();
        assert!(problem.contains("occurs over 20000 times"), "{problem}");
        assert!(read("[[schedule]]", "UTC").is_err());
        assert!(read("", "UTC").is_err());
    }
}
