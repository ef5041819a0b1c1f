//! An event of an iCalendar file, and when it occurs.

use super::clock::{Clock, Clocks, times_of_day};
use ical::component::IcalComponent;
use ical::param::IcalParam;
use ical::prop::{IcalProp, IcalPropKind, IcalPropName};
use ical::recur::set::{IcalRecurOverride, IcalRecurSet, IcalRecurZone};
use ical::recur::{IcalRecurDateTime, IcalRecurRule};
use ical::value::IcalValue;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Span, SpanRelativeTo, Timestamp, ToSpan as _};

/// Occurrences of one event at most: a daily one for over 50 years.
const MOST_OCCURRENCES: usize = 20_000;

/// So many years from now on an event without an end must be known.
const YEARS: i16 = 10;

/// What is further away is not reckoned: a yearly event without an end occurs 8,000 times.
const FURTHEST_YEARS: i32 = 50;

/// A rule's lists name so many times of a day at most: the library makes all of a period at once.
const MOST_TIMES_OF_DAY: usize = 1440;

const DAY: i64 = 24 * 60 * 60;

/// The events of one `UID`: a series and the occurrences of it that were moved or cancelled.
#[derive(Default)]
pub(super) struct Group<'a>(Vec<Event<'a>>);

/// One event whose properties can be read.
pub(super) struct Event<'a> {
    component: &'a IcalComponent<'a>,
    start: IcalRecurDateTime,
    zone: IcalRecurZone,
    /// Whether it lasts whole days, on whatever clock it is looked at.
    has_days: bool,
}

/// How long an event lasts: days as long as its clock has them, and seconds.
#[derive(Clone, Copy)]
struct Length {
    days: i64,
    seconds: i64,
}

impl<'a> Event<'a> {
    /// Reads a component, or says what is wrong with it: the library passes over what it cannot
    /// read, and a freeze that is not seen is worse than a file that is refused.
    pub(super) fn read(component: &'a IcalComponent<'a>) -> Result<Self, String> {
        let named = |problem: String| format!("its event {:?} {problem}", summary(component));
        for property in &component.props {
            check(property).map_err(named)?;
        }
        let Some(written) = property(component, IcalPropKind::DtStart) else {
            return Err(named("has no DTSTART".to_owned()));
        };
        let start = texts(&written.value).first().copied().unwrap_or_default();
        let parsed = IcalRecurDateTime::parse(start)
            .map_err(|_| named("has a DTSTART that is no time".to_owned()))?;
        Ok(Self {
            component,
            start: parsed,
            zone: told_on(written, start),
            has_days: start.len() == "YYYYMMDD".len(),
        })
    }

    pub(super) fn uid(&self) -> Option<&'a str> {
        text(self.component, IcalPropKind::Uid)
    }

    fn is_cancelled(&self) -> bool {
        let status = text(self.component, IcalPropKind::Status);
        status.is_some_and(|status| status.eq_ignore_ascii_case("CANCELLED"))
    }

    /// Whether it stands for one occurrence of a series.
    fn is_of_series(&self) -> bool {
        property(self.component, IcalPropKind::RecurrenceId).is_some()
    }

    fn repeats(&self) -> bool {
        property(self.component, IcalPropKind::RRule).is_some()
    }

    fn length(&self, clocks: &Clocks) -> Result<Length, String> {
        let length = if let Some(end) = property(self.component, IcalPropKind::DtEnd) {
            let written = texts(&end.value).first().copied().unwrap_or_default();
            let time = IcalRecurDateTime::parse(written)
                .map_err(|_| "has a DTEND that is no time".to_owned())?;
            if self.has_days {
                Length {
                    days: (time.seconds() - self.start.seconds()).div_euclid(DAY),
                    seconds: 0,
                }
            } else {
                let ends = clocks.clock(&told_on(end, written))?.moment(time);
                let begins = clocks.clock(&self.zone)?.moment(self.start);
                let (ends, begins) = ends.zip(begins).ok_or("ends after the year 9999")?;
                Length {
                    days: 0,
                    seconds: ends.as_second() - begins.as_second(),
                }
            }
        } else if let Some(written) = text(self.component, IcalPropKind::Duration) {
            let span = written.parse().ok();
            span.and_then(Length::of)
                .ok_or("has a DURATION that is none")?
        } else {
            Length {
                days: i64::from(self.has_days),
                seconds: 0,
            }
        };
        if length.days < 0 || length.seconds < 0 {
            return Err("ends before it begins".to_owned());
        }
        Ok(length)
    }

    /// When it occurs, but for what `others` say of single occurrences.
    fn spans(
        &self,
        others: &[&Self],
        clocks: &Clocks,
        now: Timestamp,
    ) -> Result<Vec<(Timestamp, Timestamp)>, String> {
        for property in &self.component.props {
            clocks.clock(&told_on(property, ""))?;
        }
        let mut changes = Vec::with_capacity(others.len());
        for other in others {
            let change =
                IcalRecurOverride::of_component(other.component, &self.zone, clocks.zones());
            if let Some(change) = change {
                changes.push((change, other.is_cancelled(), other.length(clocks)?));
            }
        }
        changes.sort_by_key(|(change, ..)| change.id);
        let mut set = IcalRecurSet::of_component_in(self.component, clocks.zones());
        set.overrides = changes.iter().map(|(change, ..)| *change).collect();
        let length = self.length(clocks)?;
        let mut clock = clocks.clock(&self.zone)?;
        let occurrences = match clocks.rules(&self.zone) {
            Some(rules) => set.expand_in_zone(rules),
            None => set.expand(),
        };
        let mut spans = Vec::new();
        let mut found = 0;
        let last_year = i32::from(now.to_zoned(TimeZone::UTC).year()) + FURTHEST_YEARS;
        let near = occurrences.take_while(|occurrence| occurrence.id.year <= last_year);
        for occurrence in near.take(MOST_OCCURRENCES) {
            found += 1;
            let one = occurrence.over.and_then(|index| changes.get(index));
            let earlier = |(change, ..): &&(IcalRecurOverride, bool, Length)| {
                change.this_and_future && change.id <= occurrence.id
            };
            let change = one.or_else(|| changes.iter().rev().find(earlier));
            let length = match change {
                Some((_, is_cancelled, _)) if *is_cancelled => continue,
                Some((.., length)) => *length,
                None => length,
            };
            if let Some(start) = clock.moment(occurrence.start) {
                spans.push((start, length.end(&mut clock, occurrence.start)));
            }
        }
        let known_until = spans.iter().map(|(start, _)| *start).max();
        let enough = now.to_zoned(TimeZone::UTC).checked_add(YEARS.years());
        let is_enough = || enough.is_ok_and(|enough| known_until >= Some(enough.timestamp()));
        if self.repeats() && found >= MOST_OCCURRENCES && !is_enough() {
            return Err(format!(
                "occurs over {MOST_OCCURRENCES} times within the next {YEARS} years"
            ));
        }
        Ok(spans)
    }
}

impl<'a> Group<'a> {
    pub(super) fn push(&mut self, event: Event<'a>) {
        self.0.push(event);
    }

    /// When its events occur.
    pub(super) fn spans(
        &self,
        clocks: &Clocks,
        now: Timestamp,
    ) -> Result<Vec<(Timestamp, Timestamp)>, String> {
        let (mut others, mut series): (Vec<_>, Vec<_>) =
            self.0.iter().partition(|event| event.is_of_series());
        // Without their series, occurrences that were moved are events of their own.
        if series.is_empty() {
            series = std::mem::take(&mut others);
        }
        let mut spans = Vec::new();
        for event in series.into_iter().filter(|event| !event.is_cancelled()) {
            let found = event.spans(&others, clocks, now);
            spans.extend(found.map_err(|problem| {
                format!("its event {:?} {problem}", summary(event.component))
            })?);
        }
        Ok(spans)
    }
}

impl Length {
    fn of(span: Span) -> Option<Self> {
        let rest = span
            .weeks(0)
            .days(0)
            .to_duration(SpanRelativeTo::days_are_24_hours());
        Some(Self {
            days: i64::from(span.get_weeks()) * 7 + i64::from(span.get_days()),
            seconds: rest.ok()?.as_secs(),
        })
    }

    /// The end of what begins when the clock shows a time.
    fn end(self, clock: &mut Clock, shown: IcalRecurDateTime) -> Timestamp {
        let shown = shown
            .seconds()
            .saturating_add(self.days.saturating_mul(DAY));
        let end = clock.moment(IcalRecurDateTime::from_seconds(shown));
        let end = end.and_then(|end| {
            end.checked_add(SignedDuration::from_secs(self.seconds))
                .ok()
        });
        end.unwrap_or(Timestamp::MAX)
    }
}

fn check(property: &IcalProp<'_>) -> Result<(), String> {
    let IcalPropName::Kind(kind) = property.name else {
        return Ok(());
    };
    let name: &str = &kind;
    match kind {
        IcalPropKind::RRule | IcalPropKind::ExRule => {
            let IcalValue::Recur(written) = &property.value else {
                return Err(format!("has a wrong {name}"));
            };
            let rule = IcalRecurRule::parse(&written.0).map_err(|error| {
                let error = error.to_string();
                format!("has a wrong {name}: {}", error.to_lowercase())
            })?;
            if times_of_day(&rule) > MOST_TIMES_OF_DAY {
                return Err(format!(
                    "has a {name} with over {MOST_TIMES_OF_DAY} times a day"
                ));
            }
            match rule.scale {
                Some(scale) if scale != "GREGORIAN" => Err(format!(
                    "has a {name} on another calendar than the Gregorian (RSCALE), which is not read"
                )),
                _ => Ok(()),
            }
        }
        IcalPropKind::RDate | IcalPropKind::ExDate | IcalPropKind::RecurrenceId => {
            for time in texts(&property.value) {
                if time.contains('/') {
                    return Err(format!(
                        "has a period in its {name}, which is not read: write it as an event of its own"
                    ));
                }
                IcalRecurDateTime::parse(time)
                    .map_err(|_| format!("has a time in its {name} that is none"))?;
            }
            Ok(())
        }
        _ => Ok(()),
    }
}

fn property<'a>(component: &'a IcalComponent<'a>, kind: IcalPropKind) -> Option<&'a IcalProp<'a>> {
    let mut properties = component.props.iter();
    properties.find(|property| property.name == IcalPropName::Kind(kind))
}

/// The first value of a property.
fn text<'a>(component: &'a IcalComponent<'a>, kind: IcalPropKind) -> Option<&'a str> {
    let values = texts(&property(component, kind)?.value);
    values.first().copied()
}

fn summary<'a>(component: &'a IcalComponent<'a>) -> &'a str {
    let summary = text(component, IcalPropKind::Summary);
    let name = summary.or_else(|| text(component, IcalPropKind::Uid));
    name.unwrap_or("without a name")
}

fn texts<'a>(value: &'a IcalValue<'_>) -> Vec<&'a str> {
    match value {
        IcalValue::Date(value) => vec![&value.0],
        IcalValue::DateTime(value) => vec![&value.0],
        IcalValue::DateTimeList(values) => values.0.iter().map(AsRef::as_ref).collect(),
        IcalValue::Duration(value) => vec![&value.0],
        IcalValue::Text(value) => vec![&value.0],
        _ => Vec::new(),
    }
}

/// The clock that a time of a property is told on.
fn told_on(property: &IcalProp<'_>, time: &str) -> IcalRecurZone {
    if time.ends_with(['Z', 'z']) {
        return IcalRecurZone::Utc;
    }
    let mut params = property.params.iter();
    let zone = params.find_map(|param| match param {
        IcalParam::TzId(name) => Some(IcalRecurZone::Tz(name.to_string())),
        _ => None,
    });
    zone.unwrap_or_default()
}
