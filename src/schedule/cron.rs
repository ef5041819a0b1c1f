//! Cron expressions: when one fires next, on the clock of a zone, by Debian cron's rule at a change
//! of clocks.
//!
//! croner reads the fields and walks civil time; what a change of clocks means is decided here. An
//! expression whose minute and hour are both fixed fires once for each time that it names: one that
//! the clocks skip fires at the end of the gap, one that they repeat at the first pass. An
//! expression with `*` in minute or hour follows the clock on the wall as time passes.

use croner::Cron;
use croner::parser::{CronParser, Seconds, Year};
use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{SignedDuration, Timestamp};

/// What stands in place of fields, and the fields that it means.
const NICKNAMES: &[(&str, &str)] = &[
    ("@yearly", "0 0 1 1 *"),
    ("@annually", "0 0 1 1 *"),
    ("@monthly", "0 0 1 * *"),
    ("@weekly", "0 0 * * 0"),
    ("@daily", "0 0 * * *"),
    ("@midnight", "0 0 * * *"),
    ("@hourly", "0 * * * *"),
];

/// No expression is searched for longer: the 29th of February on a given weekday comes every 28
/// years, and 40 around 2100.
const HORIZON: SignedDuration = SignedDuration::from_hours(24 * 366 * 50);

/// An expression as it is written, known to be valid. It is small: croner's form of it takes 5 KB
/// and is made where it is needed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expression {
    text: String,
}

impl Expression {
    /// Reads an expression of 5 fields, of 6 (seconds first), or a nickname as `@daily`; the error
    /// is what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if text.starts_with('@') {
            let name = text.to_ascii_lowercase();
            if NICKNAMES.iter().all(|(nickname, _)| *nickname != name) {
                let known: Vec<_> = NICKNAMES.iter().map(|(nickname, _)| *nickname).collect();
                return Err(format!(
                    "{text:?} is none of {}; an interval is written as every = \"15m\"",
                    known.join(", ")
                ));
            }
            return Ok(Self { text: name });
        }
        let fields = text.split_whitespace().count();
        if !(5..=6).contains(&fields) {
            return Err(format!(
                "{text:?} has {fields} fields; write 5 (minute, hour, day, month, weekday) or 6 (second first), as 30 2 * * *"
            ));
        }
        let expression = Self {
            text: text.to_owned(),
        };
        check_fields(&expression.fields())
            .map_err(|problem| format!("{text:?} is no cron expression: {problem}"))?;
        match parser(&expression.fields()).parse(text) {
            Ok(_) => Ok(expression),
            Err(error) => Err(format!(
                "{text:?} is no cron expression: {}{}{}",
                reason(&error.to_string()),
                refused_field(&expression.fields()),
                backwards(text)
            )),
        }
    }

    /// The expression as it is written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The six fields, seconds first.
    fn fields(&self) -> Vec<&str> {
        let text = NICKNAMES
            .iter()
            .find(|(nickname, _)| *nickname == self.text)
            .map_or(self.text.as_str(), |(_, fields)| fields);
        let mut fields: Vec<_> = text.split_whitespace().collect();
        if fields.len() == 5 {
            fields.insert(0, "0");
        }
        fields
    }

    /// The form that can be asked for times.
    pub fn pattern(&self) -> Pattern {
        let fields = self.fields();
        let follows_clock = fields[1].starts_with('*') || fields[2].starts_with('*');
        // It was parsed before, so there is a pattern; without one it would never fire.
        Pattern {
            cron: parser(&fields).parse(&fields.join(" ")).ok(),
            follows_clock,
        }
    }

    /// What is valid and yet hardly meant.
    pub fn lints(&self) -> Vec<String> {
        let fields = self.fields();
        let mut found = Vec::new();
        let steps = [
            ("second", 0, 60),
            ("minute", 0, 60),
            ("hour", 0, 24),
            ("day", 1, 31),
            ("month", 1, 12),
        ];
        for (field, (name, first, size)) in fields.iter().zip(steps) {
            for part in field.split(',') {
                let Some(step) = part
                    .strip_prefix("*/")
                    .and_then(|step| step.parse::<u32>().ok())
                else {
                    continue;
                };
                if step >= size {
                    found.push(format!(
                        "{part} in the {name} field is {name} {first} alone, because a step starts anew after {}",
                        first + size - 1
                    ));
                } else if size % step != 0 && step > size / 2 {
                    found.push(format!("{part} in the {name} field is {name} {first} and {name} {}, not every {step} {name}s", first + step));
                }
            }
        }
        let (day, weekday) = (fields[3], fields[5]);
        if weekday.split(',').any(|part| part == "L" || part == "l") {
            found.push(
                "L alone in the weekday field is no weekday of the month: write FRI#L for its last \
                 Friday, or L in the day field for its last day"
                    .to_owned(),
            );
        }
        let is_free = |field: &str| field.starts_with(['*', '?']);
        if !is_free(day) && !is_free(weekday) && !weekday.starts_with('+') {
            found.push(format!(
                "day {day} and weekday {weekday} are alternatives: it fires on either; write +{weekday} where both must fit"
            ));
        }
        found
    }
}

/// croner's parser, with Debian cron's reading of days: where either field begins with `*`, both
/// must fit.
fn parser(fields: &[&str]) -> CronParser {
    let both_days = fields[3].starts_with('*') || fields[5].starts_with('*');
    CronParser::builder()
        .seconds(Seconds::Optional)
        .year(Year::Disallowed)
        .dom_and_dow(both_days)
        .build()
}

/// The fields by their places, and the names that values have there. croner takes names in any field
/// and names that run together, and passes over what stands between two commas.
const FIELDS: [(&str, &[&str]); 6] = [
    ("second", &[]),
    ("minute", &[]),
    ("hour", &[]),
    ("day", &[]),
    (
        "month",
        &[
            "JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC",
        ],
    ),
    (
        "weekday",
        &["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"],
    ),
];

/// The numbers that the fields take.
const VALUES: [&str; 6] = [
    "0 to 59", "0 to 59", "0 to 23", "1 to 31", "1 to 12", "0 to 7",
];

/// What is wrong with the words of a field, of which croner would make something else.
fn check_fields(fields: &[&str]) -> Result<(), String> {
    for (field, (name, names)) in fields.iter().zip(FIELDS) {
        let is_day = ["day", "weekday"].contains(&name);
        let field = field
            .strip_prefix('+')
            .filter(|_| name == "weekday")
            .unwrap_or(field);
        for item in field.split(',') {
            if item.is_empty() {
                return Err(format!(
                    "the {name} field has nothing between two commas, or at an end"
                ));
            }
            let (range, step) = item
                .split_once('/')
                .map_or((item, None), |(r, s)| (r, Some(s)));
            let is_number =
                |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_digit());
            if step.is_some_and(|step| !is_number(step)) {
                return Err(format!(
                    "the step of {item} in the {name} field is no number"
                ));
            }
            for end in range.split('-') {
                // L, W and # of a day: the last one, the nearest weekday, the n-th of a month.
                let end = if is_day { without_day_marks(end) } else { end };
                let is_named = names.iter().any(|name| name.eq_ignore_ascii_case(end));
                let is_any = ["*", "?"].contains(&end) || is_day && end.is_empty();
                if !is_any && !is_number(end) && !is_named {
                    return Err(format!("{end:?} is no {name}{}", elsewhere(end, name)));
                }
            }
        }
    }
    Ok(())
}

fn without_day_marks(word: &str) -> &str {
    let word = word.split_once('#').map_or(word, |(day, _)| day);
    let word = word.strip_suffix(['w', 'W']).unwrap_or(word);
    word.strip_suffix(['l', 'L']).unwrap_or(word)
}

/// The field where a word would be right.
fn elsewhere(word: &str, present: &str) -> String {
    let has_word = |names: &[&str]| names.iter().any(|name| name.eq_ignore_ascii_case(word));
    match FIELDS.iter().find(|(_, names)| has_word(names)) {
        Some((name, _)) if *name != present => {
            format!(" but a {name}; the fields are minute, hour, day, month, weekday")
        }
        _ => String::new(),
    }
}

/// croner's reason without the name of its variant.
fn reason(error: &str) -> &str {
    error
        .split_once(": ")
        .map_or(error, |(_, reason)| reason)
        .trim_end_matches('.')
}

/// The field that croner refuses: the one that it refuses among fields that are free.
fn refused_field(fields: &[&str]) -> String {
    let is_refused = |place: usize| {
        let mut alone = ["*"; 6];
        alone[place] = fields[place];
        parser(&alone).parse(&alone.join(" ")).is_err()
    };
    match (0..fields.len()).find(|place| is_refused(*place)) {
        Some(place) => {
            let (name, values) = (FIELDS[place].0, VALUES[place]);
            format!(" in the {name} field, which takes {values}")
        }
        None => String::new(),
    }
}

/// How to write a range that runs backwards.
fn backwards(text: &str) -> String {
    let ranges = text.split([' ', '\t', ',']).filter_map(|part| {
        let (from, to) = part.split_once('-')?;
        let to = to.split_once('/').map_or(to, |(to, _)| to);
        (from.parse::<u32>().ok()? > to.parse::<u32>().ok()?).then_some((from, to))
    });
    match ranges.into_iter().next() {
        Some((from, to)) => format!(
            "; a range over the turn is two: {from}-… up to the last value, and …-{to} from the first"
        ),
        None => String::new(),
    }
}

/// An expression that can be asked for times.
pub struct Pattern {
    cron: Option<Cron>,
    follows_clock: bool,
}

impl Pattern {
    /// The first firing after `after`; none where there is none within 50 years.
    pub fn next(&self, after: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        if self.follows_clock {
            self.next_on_clock(after, zone)
        } else {
            self.next_fixed(after, zone)
        }
    }

    /// Whether minute or hour begin with `*`, so that the expression follows the clock on the wall
    /// through a change.
    pub fn follows_clock(&self) -> bool {
        self.follows_clock
    }

    /// Whether the expression names this time of the clock.
    pub fn names(&self, time: DateTime) -> bool {
        self.cron
            .as_ref()
            .is_some_and(|cron| cron.is_time_matching(&time).unwrap_or(false))
    }

    fn search(&self, from: DateTime, inclusive: bool) -> Option<DateTime> {
        self.cron
            .as_ref()?
            .find_next_occurrence(&from, inclusive)
            .ok()
    }

    /// Every time that is named counts once, in the order of the clock's face.
    fn next_fixed(&self, after: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        let horizon = after.saturating_add(HORIZON).ok()?;
        let mut named = zone.to_datetime(after);
        loop {
            named = self.search(named, false)?;
            let firing = match zone.to_ambiguous_timestamp(named).offset() {
                AmbiguousOffset::Unambiguous { offset }
                | AmbiguousOffset::Fold { before: offset, .. } => {
                    offset.to_timestamp(named).ok()?
                }
                AmbiguousOffset::Gap { after: offset, .. } => {
                    // Read with the later offset, a skipped time lies before the change, which is
                    // where the gap ends.
                    let change = zone.following(offset.to_timestamp(named).ok()?).next()?;
                    change.timestamp()
                }
            };
            if firing > horizon {
                return None;
            }
            if firing > after {
                return Some(firing);
            }
        }
    }

    /// Between two changes the clock runs evenly: each stretch is searched by itself.
    fn next_on_clock(&self, after: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        let horizon = after.saturating_add(HORIZON).ok()?;
        let mut from = after;
        let mut inclusive = false;
        while from < horizon {
            let offset = zone.to_offset(from);
            let end = zone
                .following(from)
                .next()
                .map_or(Timestamp::MAX, |change| change.timestamp());
            let named = self.search(offset.to_datetime(from), inclusive)?;
            let firing = offset.to_timestamp(named).ok()?;
            if firing < end {
                return (firing <= horizon).then_some(firing);
            }
            // Nothing is named between here and there, so stretches in between need no search, but
            // for the one whose clock repeats what was already; a change moves the clock by hours
            // at most.
            let repeats = zone.to_datetime(end) <= offset.to_datetime(from);
            let near = firing.saturating_sub(SignedDuration::from_hours(48)).ok()?;
            (from, inclusive) = (if repeats { end } else { end.max(near) }, true);
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::Expression;
    use jiff::Timestamp;
    use jiff::tz::TimeZone;
    use std::collections::BTreeMap;

    /// One change of clocks: expressions and their firings, by cronsim.
    #[derive(serde::Deserialize)]
    struct Table {
        zone: String,
        after: String,
        until: String,
        firings: BTreeMap<String, Vec<String>>,
        left_out_by_cronsim: BTreeMap<String, Vec<String>>,
    }

    fn firings(
        expression: &str,
        zone: &TimeZone,
        after: Timestamp,
        until: Timestamp,
    ) -> Vec<Timestamp> {
        let pattern = Expression::parse(expression).unwrap().pattern();
        std::iter::successors(pattern.next(after, zone), |last| pattern.next(*last, zone))
            .take_while(|at| *at <= until)
            .collect()
    }

    #[test]
    fn every_change_of_clocks_of_2026_goes_by_debian_crons_rule() {
        let text = include_str!("../../tests/vectors/cron_dst.json");
        let tables: Vec<Table> = serde_json::from_str(text).unwrap();
        let mut compared = 0;
        for table in tables {
            let zone = TimeZone::get(&table.zone).unwrap();
            for (expression, expected) in table.firings {
                let left_out = table
                    .left_out_by_cronsim
                    .get(&expression)
                    .into_iter()
                    .flatten();
                let mut expected: Vec<Timestamp> = expected
                    .iter()
                    .chain(left_out)
                    .map(|at| at.parse().unwrap())
                    .collect();
                expected.sort();
                let found = firings(
                    &expression,
                    &zone,
                    table.after.parse().unwrap(),
                    table.until.parse().unwrap(),
                );
                assert_eq!(
                    found, expected,
                    "{expression} in {} after {}",
                    table.zone, table.after
                );
                compared += expected.len();
            }
        }
        assert!(compared > 2000, "{compared}");
    }

    #[test]
    fn an_hour_that_comes_twice_is_followed_twice_also_where_nothing_else_is_near() {
        let zone = TimeZone::get("America/Havana").unwrap();
        let (after, until) = (
            "2026-11-01T03:59:00Z".parse().unwrap(),
            "2026-11-08T00:00:00Z".parse().unwrap(),
        );
        let found: Vec<_> = firings("*/30 0 * * SUN", &zone, after, until)
            .iter()
            .map(ToString::to_string)
            .collect();
        let both = [
            "2026-11-01T04:00:00Z",
            "2026-11-01T04:30:00Z",
            "2026-11-01T05:00:00Z",
            "2026-11-01T05:30:00Z",
        ];
        assert_eq!(found, both);
    }

    #[test]
    fn a_date_that_never_comes_has_no_firing() {
        let now = "2026-11-21T00:00:00Z".parse().unwrap();
        for expression in ["0 0 30 2 *", "* * 31 4 *"] {
            assert_eq!(
                Expression::parse(expression)
                    .unwrap()
                    .pattern()
                    .next(now, &TimeZone::UTC),
                None,
                "{expression}"
            );
        }
        let leap_monday = Expression::parse("0 0 29 2 +MON")
            .unwrap()
            .pattern()
            .next(now, &TimeZone::UTC);
        assert_eq!(leap_monday.unwrap().to_string(), "2044-02-29T00:00:00Z");
    }

    #[test]
    fn an_asterisk_with_a_step_joins_days_as_debian_cron_does() {
        let now = "2026-11-21T00:00:00Z".parse().unwrap();
        let until = "2026-12-31T00:00:00Z".parse().unwrap();
        let days: Vec<_> = firings("0 0 */10 * MON", &TimeZone::UTC, now, until)
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(days, ["2026-12-21T00:00:00Z"]);
    }

    #[test]
    fn what_is_wrong_is_reported() {
        for (expression, words) in [
            ("* * * *", "4 fields"),
            ("1 2 3 4 5 6 7", "7 fields"),
            ("61 * * * *", "no cron expression"),
            ("0 22-2 * * *", "22-…"),
            ("@reboot", "@daily"),
            ("0 0 31x * *", "no cron expression"),
        ] {
            let error = Expression::parse(expression).unwrap_err();
            assert!(error.contains(words), "{expression}: {error}");
        }
    }

    #[test]
    fn what_croner_refuses_is_refused_with_its_field() {
        let names = ["second", "minute", "hour", "day", "month", "weekday"];
        let beyond = ["60", "60", "24", "32", "13", "8"];
        for (place, name) in names.iter().enumerate() {
            let words = [
                beyond[place],
                "5-1",
                "*/0",
                "1-2-3",
                "99999999999",
                "1/0",
                "0,1,500",
                "L-3",
                "1W#2",
                "1#9",
            ];
            for word in words {
                let mut fields = ["*"; 6];
                fields[place] = word;
                let text = fields.join(" ");
                let Err(told) = Expression::parse(&text) else {
                    continue;
                };
                let place = format!("the {name} field");
                let is_named = told.contains(&place) || told.contains(&format!("is no {name}"));
                assert!(is_named, "{text}: {told}");
            }
        }
        for (text, problem) in [
            ("70 * * * *", "in the minute field, which takes 0 to 59"),
            ("0 24 * * *", "in the hour field, which takes 0 to 23"),
            ("0 0 * * MON#6", "in the weekday field, which takes 0 to 7"),
            ("0 0 1-5W * *", "in the day field, which takes 1 to 31"),
        ] {
            let told = Expression::parse(text).unwrap_err();
            assert!(told.contains(problem), "{text}: {told}");
        }
    }

    #[test]
    fn a_word_that_croner_would_take_for_another_is_refused_with_its_field() {
        for (text, problem) in [
            (
                "0 0 * FRI *",
                "\"FRI\" is no month but a weekday; the fields are minute, hour",
            ),
            ("MON 0 * * *", "\"MON\" is no minute but a weekday"),
            ("0 0 JAN * *", "\"JAN\" is no day but a month"),
            ("0 0 * * SUNMON", "\"SUNMON\" is no weekday"),
            ("0 0 * * MONDAY", "\"MONDAY\" is no weekday"),
            (
                "0 1,,2 * * *",
                "the hour field has nothing between two commas",
            ),
            (
                "0 1, * * *",
                "the hour field has nothing between two commas, or at an end",
            ),
            (
                "0 */x * * *",
                "the step of */x in the hour field is no number",
            ),
            ("0 1- * * *", "\"\" is no hour"),
            ("0 0 0 * FRI *", "\"FRI\" is no month"),
        ] {
            let told = Expression::parse(text).unwrap_err();
            assert!(told.contains(problem), "{text}: {told}");
        }
        for text in [
            "0 0 * * FRI",
            "0 0 * jan-mar mon-fri",
            "*/5 1-5/2,7 L * *",
            "0 0 15W * *",
            "0 0 LW * *",
            "0 0 * * FRI#2",
            "0 0 * * 5L",
            "0 0 1 * +MON",
            "0 0 ? * ?",
            "@daily",
            "0 0 * * 0,7",
            "30 0 0 1 1 *",
        ] {
            assert!(
                Expression::parse(text).is_ok(),
                "{text}: {:?}",
                Expression::parse(text)
            );
        }
    }

    /// What is taken names each field by values that the field has.
    #[test]
    fn whatever_is_taken_has_only_words_of_its_fields() {
        let words = [
            "*", "?", "0", "7", "12", "MON", "JAN", "SUNMON", "", "1-5", "*/2", "x",
        ];
        for place in 0..5 {
            for word in words {
                let mut fields = ["0", "0", "1", "1", "*"];
                fields[place] = word;
                let Ok(taken) = Expression::parse(&fields.join(" ")) else {
                    continue;
                };
                let names = [place == 4, place == 3];
                assert!(word != "MON" || names[0], "{}", taken.as_str());
                assert!(word != "JAN" || names[1], "{}", taken.as_str());
                assert!(!["SUNMON", "", "x"].contains(&word), "{}", taken.as_str());
            }
        }
    }

    #[test]
    fn what_is_hardly_meant_is_reported() {
        for (expression, words) in [
            ("*/70 * * * *", "minute 0 alone"),
            ("*/45 * * * *", "not every 45 minutes"),
            ("0 */24 * * *", "hour 0 alone"),
            ("0 0 13 * FRI", "alternatives"),
            ("0 0 */32 * *", "day 1 alone"),
            ("0 0 */20 * *", "day 1 and day 21"),
            ("0 0 1 */13 *", "month 1 alone"),
            ("0 0 1 */7 *", "month 1 and month 8"),
            ("0 0 * * L", "FRI#L"),
        ] {
            let odd = Expression::parse(expression).unwrap().lints().join("\n");
            assert!(odd.contains(words), "{expression}: {odd}");
        }
        for expression in [
            "*/15 * * * *",
            "@daily",
            "0 0 13 * *",
            "0 0 13 * +FRI",
            "0 0 L */3 *",
            "0 0 */2 * *",
            "0 0 * * FRI#L",
        ] {
            assert!(
                Expression::parse(expression).unwrap().lints().is_empty(),
                "{expression}"
            );
        }
    }
}
