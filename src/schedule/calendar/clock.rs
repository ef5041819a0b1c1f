//! The clocks that the times of an iCalendar file are told on.

use super::super::value::Zone;
use ical::component::IcalComponent;
use ical::param::IcalParam;
use ical::recur::set::IcalRecurZone;
use ical::recur::{IcalRecurDateTime, IcalRecurFreq, IcalRecurRule};
use ical::tree::cst::IcalCst;
use ical::tz::{IcalTz, IcalTzTransitions};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use std::collections::BTreeSet;

/// What the names of zones in a calendar mean.
pub(super) struct Clocks {
    /// Those that the file describes, and a description of each other one that it names.
    zones: Vec<IcalTz>,
    /// How many of them the file describes itself; they come first.
    own: usize,
    /// The zone of the schedule.
    local: Zone,
    /// Its description.
    local_rules: Option<IcalTz>,
}

/// One clock.
pub(super) enum Clock {
    /// A zone of the IANA database.
    Iana(TimeZone),
    /// A zone that the file describes.
    Described(IcalTzTransitions),
}

impl Clocks {
    /// Those of a calendar, or what is wrong with one; times without a zone are on `local`'s clock.
    pub(super) fn of(
        components: &[IcalComponent<'_>],
        local: &Zone,
        now: Timestamp,
    ) -> Result<Self, String> {
        let mut zones: Vec<_> = components.iter().filter_map(IcalTz::of_component).collect();
        if let Some(zone) = zones.iter().find(|zone| !changes_yearly(zone)) {
            return Err(format!(
                "its time zone {:?} (VTIMEZONE) has a rule for more than a change a year",
                zone.id
            ));
        }
        let own = zones.len();
        let mut named = BTreeSet::new();
        for component in components {
            let params = component.props.iter().flat_map(|property| &property.params);
            named.extend(params.filter_map(|param| match param {
                IcalParam::TzId(name) => Some(name.as_ref()),
                _ => None,
            }));
        }
        for name in named {
            if !zones.iter().any(|zone| zone.id == name) {
                zones.extend(rules(name, now));
            }
        }
        Ok(Self {
            zones,
            own,
            local: local.clone(),
            local_rules: rules(local.name(), now),
        })
    }

    /// The descriptions of all zones.
    pub(super) fn zones(&self) -> &[IcalTz] {
        &self.zones
    }

    /// The description of one clock, where it has one.
    pub(super) fn rules(&self, zone: &IcalRecurZone) -> Option<&IcalTz> {
        match zone {
            IcalRecurZone::Floating => self.local_rules.as_ref(),
            IcalRecurZone::Utc => None,
            IcalRecurZone::Tz(name) => self.zones.iter().find(|zone| zone.id == *name),
        }
    }

    /// The clock, or what is wrong with its name.
    pub(super) fn clock(&self, zone: &IcalRecurZone) -> Result<Clock, String> {
        Ok(match zone {
            IcalRecurZone::Floating => Clock::Iana(self.local.0.clone()),
            IcalRecurZone::Utc => Clock::Iana(TimeZone::UTC),
            IcalRecurZone::Tz(name) => {
                let mut own = self.zones.iter().take(self.own);
                if let Some(zone) = own.find(|zone| zone.id == *name) {
                    Clock::Described(IcalTzTransitions::of_zone(zone.clone()))
                } else {
                    let known = TimeZone::get(name).map_err(|_| {
                        format!(
                            "is in the time zone {name:?}, which neither the file (VTIMEZONE) nor the database of zones describes"
                        )
                    })?;
                    Clock::Iana(known)
                }
            }
        })
    }
}

impl Clock {
    /// The moment when the clock shows a time: the first of two, and where it jumps over the time,
    /// as long after the jump. None where the calendar of the library ends.
    pub(super) fn moment(&mut self, shown: IcalRecurDateTime) -> Option<Timestamp> {
        match self {
            Self::Iana(zone) => {
                let (year, month) = (i16::try_from(shown.year).ok()?, i8::try_from(shown.month));
                let date = Date::new(year, month.ok()?, i8::try_from(shown.day).ok()?).ok()?;
                let time = date.at(0, 0, 0, 0).time();
                let time = time.wrapping_add(jiff::Span::new().seconds(seconds_of_day(shown)));
                zone.to_timestamp(date.to_datetime(time)).ok()
            }
            Self::Described(zone) => {
                Timestamp::from_second(zone.resolve(shown).literal_instant(shown)).ok()
            }
        }
    }
}

/// Whether each rule of a zone is for one change a year, as those of all zones are. Another would be
/// expanded from its beginning at each look.
fn changes_yearly(zone: &IcalTz) -> bool {
    let rules = zone
        .observances
        .iter()
        .flat_map(|observance| &observance.onsets.rules);
    let is_yearly = |rule: &IcalRecurRule| {
        rule.freq == IcalRecurFreq::Yearly
            && times_of_day(rule) == 1
            && rule.by_month.len() <= 1
            && rule.by_day.len() <= 1
            && rule.by_year_day.len() <= 1
            && rule.by_week_no.len() <= 1
    };
    rules.into_iter().all(is_yearly)
}

/// How many times of a day the lists of a rule name.
pub(super) fn times_of_day(rule: &IcalRecurRule) -> usize {
    let lists = [&rule.by_hour, &rule.by_minute, &rule.by_second];
    lists.into_iter().map(|list| list.len().max(1)).product()
}

/// A leap second is the last one before it: no clock of the database shows any.
fn seconds_of_day(shown: IcalRecurDateTime) -> i64 {
    let (hour, minute) = (i64::from(shown.hour), i64::from(shown.minute));
    (hour * 60 + minute) * 60 + i64::from(shown.second.min(59))
}

/// The database's zone as a calendar would describe it for the years around `now`.
fn rules(name: &str, now: Timestamp) -> Option<IcalTz> {
    let described = ical::tzdb::vtimezone(name, now.as_second())?;
    let mut calendar = IcalCst::v2();
    calendar.push_component(described);
    let calendar = calendar.decode();
    calendar.components.iter().find_map(IcalTz::of_component)
}
