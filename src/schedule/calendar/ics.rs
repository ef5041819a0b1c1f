//! iCalendar files: the events of a file as spans of time.

use super::super::value::Zone;
use super::clock::Clocks;
use super::event::{self, Event};
use ical::component::{IcalComponent, IcalComponentKind, IcalComponentName};
use ical::tree::cst::IcalCst;
use ical::tree::error::IcalParseError;
use jiff::Timestamp;
use std::collections::BTreeMap;

/// Components stand so deep in each other at most: the library reads them by recursion.
const DEEPEST: usize = 16;

/// Reads a file. Times without a zone, and whole days, are on `zone`'s clock. The spans have no order.
///
/// # Errors
///
/// It is no iCalendar file, or has an event that cannot be read: a sentence that begins with "it" or
/// "its event".
pub fn spans(
    text: &str,
    zone: &Zone,
    now: Timestamp,
) -> Result<Vec<(Timestamp, Timestamp)>, String> {
    let text = text.trim_start_matches('\u{feff}');
    if is_too_deep(text) {
        return Err(format!(
            "it has components over {DEEPEST} deep in each other"
        ));
    }
    let mut spans = Vec::new();
    let mut is_empty = true;
    for calendar in IcalCst::parse_many(text) {
        let calendar = calendar.map_err(|error| describe(&error).to_owned())?;
        let calendar = calendar.decode();
        is_empty &= calendar.components.is_empty();
        let clocks = Clocks::of(&calendar.components, zone, now)?;
        for group in groups(&calendar.components)? {
            spans.extend(group.spans(&clocks, now)?);
        }
    }
    if is_empty {
        return Err("it is an iCalendar file without anything in it".to_owned());
    }
    Ok(spans)
}

fn is_too_deep(text: &str) -> bool {
    let mut depth = 0_usize;
    text.lines().any(|line| {
        let begins = |word: &str| {
            let start = line.get(..word.len());
            start.is_some_and(|start| start.eq_ignore_ascii_case(word))
        };
        if begins("BEGIN:") {
            depth += 1;
        } else if begins("END:") {
            depth = depth.saturating_sub(1);
        }
        depth > DEEPEST
    })
}

fn describe(error: &IcalParseError) -> &'static str {
    match error {
        IcalParseError::MissingEnd(_) => "it is cut off: an END: is missing",
        IcalParseError::MissingPropertyColon(_) => "it has a line without a colon",
        IcalParseError::MissingCrlf(_)
        | IcalParseError::NonUtf8Header(_)
        | IcalParseError::ExpectedBegin(_) => {
            "it is no iCalendar file (BEGIN:VCALENDAR … END:VCALENDAR)"
        }
    }
}

/// The events that belong together: those of one `UID`. An event without one stands alone.
fn groups<'a>(components: &'a [IcalComponent<'a>]) -> Result<Vec<event::Group<'a>>, String> {
    let is_event =
        |part: &&IcalComponent<'_>| part.name == IcalComponentName::Kind(IcalComponentKind::VEvent);
    let mut groups: BTreeMap<String, event::Group<'a>> = BTreeMap::new();
    for (number, component) in components.iter().filter(is_event).enumerate() {
        let event = Event::read(component)?;
        let uid = event
            .uid()
            .map_or_else(|| format!("#{number}"), str::to_owned);
        groups.entry(uid).or_default().push(event);
    }
    Ok(groups.into_values().collect())
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
        // From 2020 to 50 years from now, and no more: a calendar of holidays has many of these.
        assert_eq!(spans.len(), 2076 - 2020 + 1);
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

    /// Python's dateutil finds the same for each.
    #[test]
    fn rules_are_expanded_as_the_standard_has_them() {
        let cases = [
            (
                "DTSTART:20260130T180000Z\nDURATION:PT1H\nRRULE:FREQ=MONTHLY;BYDAY=-1FR;COUNT=3",
                vec!["2026-01-30T18", "2026-02-27T18", "2026-03-27T18"],
            ),
            (
                "DTSTART:20260101T000000Z\nDURATION:PT1H\nRRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29;COUNT=2",
                vec!["2026-01-01T00", "2028-02-29T00", "2032-02-29T00"],
            ),
            (
                "DTSTART:20260105T220000Z\nDURATION:PT1H\nRRULE:FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,WE;UNTIL=20260201T000000Z",
                vec![
                    "2026-01-05T22",
                    "2026-01-07T22",
                    "2026-01-19T22",
                    "2026-01-21T22",
                ],
            ),
            (
                "DTSTART:20260130T000000Z\nDURATION:PT1H\nRRULE:FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1;COUNT=2",
                vec!["2026-01-30T00", "2026-02-27T00"],
            ),
            (
                "DTSTART:20260110T000000Z\nDURATION:PT1H\nRDATE:20260112T000000Z,20260111T000000Z\nEXDATE:20260112T000000Z",
                vec!["2026-01-10T00", "2026-01-11T00"],
            ),
        ];
        for (lines, expected) in cases {
            let found = read(&event(lines), "UTC").unwrap();
            let starts: Vec<_> = found
                .iter()
                .map(|span| &span[.."2026-01-30T18".len()])
                .collect();
            assert_eq!(starts, expected, "{lines}");
        }
    }

    #[test]
    fn a_zone_that_the_file_describes_is_used_as_it_says() {
        let zone = "BEGIN:VTIMEZONE\r\nTZID:Head office\r\nBEGIN:STANDARD\r\nDTSTART:19700101T000000\r\nTZOFFSETFROM:+0530\r\nTZOFFSETTO:+0530\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\nBEGIN:VEVENT";
        let text = event(
            "DTSTART;TZID=Head office:20261224T180000\nDURATION:P1DT1H\nRRULE:FREQ=YEARLY;UNTIL=20271224T123000Z",
        );
        let described = text.replacen("BEGIN:VEVENT", zone, 1);
        assert_eq!(
            read(&described, "UTC").unwrap(),
            [
                "2026-12-24T12:30:00Z/2026-12-25T13:30:00Z",
                "2027-12-24T12:30:00Z/2027-12-25T13:30:00Z"
            ]
        );
        let problem = read(&text, "UTC").unwrap_err();
        assert!(problem.contains("time zone \"Head office\""), "{problem}");
    }

    #[test]
    fn single_occurrences_are_moved_and_cancelled() {
        let series = event("DTSTART:20261201T000000Z\nDURATION:PT1H\nRRULE:FREQ=DAILY;COUNT=4");
        let other = |lines: &str| {
            format!("BEGIN:VEVENT\r\nUID:1\r\n{lines}\r\nEND:VEVENT\r\nEND:VCALENDAR")
                .replace("\\n", "\r\n")
        };
        let moved =
            other(r"RECURRENCE-ID:20261202T000000Z\nDTSTART:20261202T120000Z\nDURATION:PT3H");
        let cancelled =
            other(r"RECURRENCE-ID:20261203T000000Z\nDTSTART:20261203T000000Z\nSTATUS:CANCELLED");
        let text = series.replacen("END:VCALENDAR", &moved, 1);
        let text = text.replacen("END:VCALENDAR", &cancelled, 1);
        assert_eq!(
            read(&text, "UTC").unwrap(),
            [
                "2026-12-01T00:00:00Z/2026-12-01T01:00:00Z",
                "2026-12-02T12:00:00Z/2026-12-02T15:00:00Z",
                "2026-12-04T00:00:00Z/2026-12-04T01:00:00Z",
            ]
        );
        // Without its series what was moved stands alone.
        let (head, _) = series.split_once("BEGIN:VEVENT").unwrap();
        assert_eq!(
            read(&format!("{head}{moved}\r\n"), "UTC").unwrap(),
            ["2026-12-02T12:00:00Z/2026-12-02T15:00:00Z"]
        );
    }

    #[test]
    fn what_the_library_would_pass_over_is_refused() {
        let cases = [
            ("DTSTART:20261301T000000Z", "a DTSTART that is no time"),
            (
                "DTSTART:20261201T000000Z\nDTEND:tomorrow",
                "a DTEND that is no time",
            ),
            (
                "DTSTART:20261201T000000Z\nDTEND:20261130T000000Z",
                "ends before it begins",
            ),
            (
                "DTSTART:20261201T000000Z\nDURATION:soon",
                "a DURATION that is none",
            ),
            (
                "DTSTART:20261201T000000Z\nRRULE:FREQ=NEVER",
                "a wrong RRULE",
            ),
            (
                "DTSTART:20261201T000000Z\nRRULE:RSCALE=HEBREW;FREQ=YEARLY",
                "Gregorian",
            ),
            (
                "DTSTART:20261201T000000Z\nEXDATE:20261201,x",
                "a time in its EXDATE that is none",
            ),
            (
                "DTSTART:20261201T000000Z\nRDATE;VALUE=PERIOD:20261201T000000Z/PT1H",
                "a period in its RDATE",
            ),
            (
                "DTSTART;TZID=Mars:20261201T000000",
                "the time zone \"Mars\"",
            ),
        ];
        for (lines, expected) in cases {
            let problem = read(&event(lines), "UTC").unwrap_err();
            assert!(problem.contains("\"Freeze\""), "{problem}");
            assert!(problem.contains(expected), "{lines}: {problem}");
        }
        let many = "DTSTART:20261201T000000Z\nRRULE:FREQ=YEARLY;BYHOUR=1,2;BYMINUTE=";
        let minutes: Vec<_> = (0..60).map(|minute| minute.to_string()).collect();
        let minutes = minutes.join(",");
        let lines = format!("{many}{minutes};BYSECOND={minutes}");
        assert!(
            read(&event(&lines), "UTC")
                .unwrap_err()
                .contains("times a day")
        );
        for rule in [
            "FREQ=SECONDLY",
            "FREQ=DAILY",
            "FREQ=YEARLY;BYHOUR=1,2",
            "FREQ=YEARLY;BYMONTH=1,2",
        ] {
            let zone = format!(
                "BEGIN:VTIMEZONE\r\nTZID:Z\r\nBEGIN:STANDARD\r\nDTSTART:19700101T000000\r\nTZOFFSETFROM:+0100\r\nTZOFFSETTO:+0100\r\nRRULE:{rule}\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\nBEGIN:VEVENT"
            );
            let text = event("DTSTART;TZID=Z:20261201T000000");
            let problem = read(&text.replacen("BEGIN:VEVENT", &zone, 1), "UTC").unwrap_err();
            assert!(problem.contains("more than a change a year"), "{problem}");
        }
        let deep = format!(
            "{}{}",
            "BEGIN:X\r\n".repeat(100_000),
            "END:X\r\n".repeat(100_000)
        );
        assert!(read(&deep, "UTC").unwrap_err().contains("deep"));
        let whole = event("DTSTART:20261201T000000Z");
        let cut = whole.strip_suffix("END:VCALENDAR\r\n").unwrap();
        assert!(read(cut, "UTC").unwrap_err().contains("cut off"));
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
