//! `schedules.toml` as a person writes it, and the schedules that it means once the defaults are
//! filled in.

use super::cron::Expression;
use super::model::{Permissions, Schedule};
use super::timing::{Recurrence, Timing};
use super::value::{CatchUp, DurationValue, Keep, Name, Notify, Overlap, Retries, Size, Zone};
use cumulua_core::catalog::suggest;
use jiff::Timestamp;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use toml::Spanned;
use toml::value::Datetime;

/// The time that running runs get at the server's end by default.
const GRACE: Duration = Duration::from_secs(30);

/// A file as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    #[serde(default)]
    grace: Option<DurationValue>,
    #[serde(default)]
    defaults: Option<Spanned<Entry>>,
    #[serde(default)]
    schedule: Vec<Spanned<Entry>>,
}

/// `[[schedule]]`, or `[defaults]` without what makes a schedule one.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Entry {
    name: Option<Spanned<Name>>,
    script: Option<Spanned<String>>,
    args: Option<Vec<String>>,
    profile: Option<String>,
    region: Option<String>,
    cron: Option<Spanned<Expression>>,
    every: Option<Spanned<DurationValue>>,
    timezone: Option<Zone>,
    overlap: Option<Overlap>,
    catch_up: Option<CatchUp>,
    timeout: Option<Spanned<DurationValue>>,
    grace: Option<Spanned<DurationValue>>,
    max_memory: Option<Size>,
    retries: Option<Spanned<Retries>>,
    jitter: Option<DurationValue>,
    start: Option<Spanned<Datetime>>,
    end: Option<Spanned<Datetime>>,
    paused: Option<bool>,
    notify: Option<Spanned<Notify>>,
    keep: Option<Keep>,
    read_only: Option<bool>,
    allow_path: Option<Vec<PathBuf>>,
    allow_run: Option<bool>,
}

/// A fault with its place in the text.
pub(super) struct Fault {
    /// The bytes of the text that are meant.
    pub(super) span: Range<usize>,
    /// What is wrong, and what to write instead.
    pub(super) reason: String,
}

impl Fault {
    fn new(span: Range<usize>, reason: impl Into<String>) -> Self {
        Self {
            span,
            reason: reason.into(),
        }
    }
}

/// The grace and the schedules of a text; paths in it are relative to `folder`.
pub(super) fn complete(text: &str, folder: &Path) -> Result<(Duration, Vec<Arc<Schedule>>), Fault> {
    let document: Document = toml::from_str(text).map_err(|error| {
        let span = error.span().unwrap_or(0..0);
        Fault::new(span, with_suggestion(error.message()))
    })?;
    let defaults = match document.defaults {
        Some(defaults) => {
            no_schedule(defaults.as_ref())?;
            defaults.into_inner()
        }
        None => Entry::default(),
    };
    let shared_notify = defaults
        .notify
        .as_ref()
        .map(check_notify)
        .transpose()?
        .map(Arc::new);
    let lines = LineEnds::of(text);
    let mut taken: BTreeMap<Arc<str>, usize> = BTreeMap::new();
    let mut schedules = Vec::with_capacity(document.schedule.len());
    for entry in document.schedule {
        let line = lines.number(entry.span().start);
        let name_span = entry
            .as_ref()
            .name
            .as_ref()
            .map_or(entry.span(), Spanned::span);
        let schedule = entry_to_schedule(entry, &defaults, shared_notify.as_ref(), folder, line)?;
        if let Some(first) = taken.insert(Arc::clone(&schedule.name), line) {
            return Err(Fault::new(
                name_span,
                format!(
                    "the schedule of line {first} is called {:?} too",
                    schedule.name
                ),
            ));
        }
        schedules.push(Arc::new(schedule));
    }
    Ok((document.grace.map_or(GRACE, |grace| grace.0), schedules))
}

/// `[defaults]` holds what schedules may share.
fn no_schedule(entry: &Entry) -> Result<(), Fault> {
    let own = [
        ("name", entry.name.as_ref().map(Spanned::span)),
        ("script", entry.script.as_ref().map(Spanned::span)),
        ("cron", entry.cron.as_ref().map(Spanned::span)),
        ("every", entry.every.as_ref().map(Spanned::span)),
    ];
    match own.into_iter().find_map(|(key, span)| Some((key, span?))) {
        Some((key, span)) => Err(Fault::new(
            span,
            format!("{key} belongs to one schedule; write it below its [[schedule]]"),
        )),
        None => Ok(()),
    }
}

fn entry_to_schedule(
    entry: Spanned<Entry>,
    defaults: &Entry,
    shared_notify: Option<&Arc<Notify>>,
    folder: &Path,
    line: usize,
) -> Result<Schedule, Fault> {
    let whole = entry.span();
    let entry = entry.into_inner();
    let missing = |key: &str| Fault::new(whole.clone(), format!("this schedule has no {key}"));
    let name: Arc<str> = entry
        .name
        .ok_or_else(|| missing("name"))?
        .into_inner()
        .0
        .into();
    let script = entry.script.ok_or_else(|| missing("script"))?;
    if script.as_ref().is_empty() {
        return Err(Fault::new(
            script.span(),
            "write the script's path, relative to this file",
        ));
    }
    let recurrence = parse_recurrence(entry.cron, entry.every, &whole)?;
    let written_zone = entry.timezone.or_else(|| defaults.timezone.clone());
    let zone_is_default = written_zone.is_none();
    let zone = written_zone.unwrap_or(Zone::UTC);
    let bound = |own: Option<Spanned<Datetime>>, shared: &Option<Spanned<Datetime>>| {
        own.or_else(|| shared.clone())
            .map(|time| instant(&time, &zone).map(|instant| (instant, time.span())))
            .transpose()
    };
    let start = bound(entry.start, &defaults.start)?;
    let end = bound(entry.end, &defaults.end)?;
    if let (Some((start, _)), Some((end, span))) = (&start, &end)
        && end <= start
    {
        return Err(Fault::new(
            span.clone(),
            "the end is not after the start, so it would never fire",
        ));
    }
    let notify = entry
        .notify
        .as_ref()
        .map(check_notify)
        .transpose()?
        .map(Arc::new)
        .or_else(|| shared_notify.cloned());
    let timeout = entry.timeout.or_else(|| defaults.timeout.clone());
    let grace = entry.grace.or_else(|| defaults.grace.clone());
    check_positive(timeout.as_ref(), NO_TIMEOUT)?;
    check_positive(grace.as_ref(), NO_GRACE)?;
    let retries = entry.retries.or_else(|| defaults.retries.clone());
    retries.as_ref().map(check_retries).transpose()?;
    let jitter = entry
        .jitter
        .or(defaults.jitter)
        .map_or(Duration::ZERO, |jitter| jitter.0);
    let absolute = |path: PathBuf| folder.join(path);
    Ok(Schedule {
        script: folder.join(script.into_inner()),
        args: entry
            .args
            .or_else(|| defaults.args.clone())
            .unwrap_or_default(),
        profile: entry.profile.or_else(|| defaults.profile.clone()),
        region: entry.region.or_else(|| defaults.region.clone()),
        timing: Timing {
            recurrence,
            zone,
            start: start.map(|(instant, _)| instant),
            end: end.map(|(instant, _)| instant),
            shift: Timing::shift_of(&name, jitter),
        },
        zone_is_default,
        overlap: entry.overlap.or(defaults.overlap).unwrap_or_default(),
        catch_up: entry
            .catch_up
            .or(defaults.catch_up)
            .unwrap_or(CatchUp::NONE),
        timeout: timeout.map(|timeout| timeout.into_inner().0),
        grace: grace.map(|grace| grace.into_inner().0),
        max_memory: entry.max_memory.or(defaults.max_memory).map(|size| size.0),
        retries: retries.map_or(Retries::NONE, Spanned::into_inner),
        paused: entry.paused.or(defaults.paused).unwrap_or(false),
        notify,
        keep: entry.keep.or(defaults.keep),
        permissions: Permissions {
            read_only: entry.read_only.or(defaults.read_only).unwrap_or(false),
            allow_path: entry
                .allow_path
                .or_else(|| defaults.allow_path.clone())
                .unwrap_or_default()
                .into_iter()
                .map(absolute)
                .collect(),
            allow_run: entry.allow_run.or(defaults.allow_run).unwrap_or(false),
        },
        line,
        name,
    })
}

/// What makes the schedule fire, of which a schedule has one.
fn parse_recurrence(
    cron: Option<Spanned<Expression>>,
    every: Option<Spanned<DurationValue>>,
    schedule: &Range<usize>,
) -> Result<Recurrence, Fault> {
    match (cron, every) {
        (Some(cron), None) => Ok(Recurrence::Cron(cron.into_inner())),
        (None, Some(every)) if every.as_ref().0 < Duration::from_secs(1) => {
            Err(Fault::new(every.span(), "an interval is 1 s at least"))
        }
        (None, Some(every)) => Ok(Recurrence::Every(every.into_inner().0)),
        (Some(_), Some(every)) => Err(Fault::new(
            every.span(),
            "a schedule has cron or every, not both",
        )),
        (None, None) => Err(Fault::new(
            schedule.clone(),
            "this schedule has no cron and no every: nothing makes it fire",
        )),
    }
}

const NO_TIMEOUT: &str = "a timeout is more than 0; without one a run takes as long as it takes";
const NO_GRACE: &str = "a grace is more than 0; without one it is 10s";

fn check_positive(length: Option<&Spanned<DurationValue>>, problem: &str) -> Result<(), Fault> {
    match length {
        Some(length) if length.as_ref().0.is_zero() => Err(Fault::new(length.span(), problem)),
        _ => Ok(()),
    }
}

fn check_retries(retries: &Spanned<Retries>) -> Result<(), Fault> {
    if (1.0..=100.0).contains(&retries.as_ref().backoff) {
        return Ok(());
    }
    let problem = "backoff is a factor from 1 to 100";
    Err(Fault::new(retries.span(), problem))
}

fn check_notify(notify: &Spanned<Notify>) -> Result<Notify, Fault> {
    let inner = notify.as_ref();
    if inner.lua.is_none() && inner.webhook.is_none() {
        return Err(Fault::new(
            notify.span(),
            "notify names no receiver: give lua = \"FILE.lua:FUNCTION\" or webhook = \"URL\"",
        ));
    }
    Ok(inner.clone())
}

/// A time of the file; one without an offset is on the zone's clock.
fn instant(time: &Spanned<Datetime>, zone: &Zone) -> Result<Timestamp, Fault> {
    let fault = |reason: String| Fault::new(time.span(), reason);
    let datetime = time.as_ref();
    if datetime.date.is_none() {
        return Err(fault(
            "write a date, or a date and a time, as 2026-12-01T08:00:00+01:00".to_owned(),
        ));
    }
    let text = datetime.to_string();
    let read = if datetime.offset.is_some() {
        text.parse::<Timestamp>()
    } else {
        text.parse::<jiff::civil::DateTime>()
            .and_then(|civil| zone.0.to_timestamp(civil))
    };
    read.map_err(|error| fault(format!("this is no time: {error}")))
}

/// serde names all keys that there are; a person wants the one that is nearest.
fn with_suggestion(message: &str) -> String {
    let Some(rest) = message.strip_prefix("unknown field `") else {
        return message.to_owned();
    };
    let mut parts = rest.split('`');
    let unknown = parts.next().unwrap_or_default();
    let known: Vec<&str> = parts.skip(1).step_by(2).collect();
    let near = suggest::nearest(unknown, known.iter().copied());
    match near.as_slice() {
        [] => format!(
            "there is no key {unknown}; the keys here are {}",
            known.join(", ")
        ),
        near => format!("there is no key {unknown}{}", suggest::did_you_mean(near)),
    }
}

/// Where the lines of a text end: a file has thousands of schedules.
struct LineEnds(Vec<usize>);

impl LineEnds {
    fn of(text: &str) -> Self {
        Self(text.match_indices('\n').map(|(at, _)| at).collect())
    }

    /// The line, from 1, of a byte.
    fn number(&self, byte: usize) -> usize {
        self.0.partition_point(|end| *end < byte) + 1
    }
}

#[cfg(test)]
mod tests {
    use crate::schedule::file::{FileError, SCHEMA, ScheduleFile};
    use crate::schedule::value::{CatchUp, CaughtUp, Keep, Overlap};
    use std::path::Path;
    use std::time::Duration;

    const LEAST: &str = "[[schedule]]\nname = 'a'\nscript = 'a.lua'\n";

    fn read(text: &str) -> Result<ScheduleFile, FileError> {
        ScheduleFile::parse(Path::new("schedules.toml"), text)
    }

    /// Files that are right, and ones that are wrong with the place and words of the error.
    const RIGHT: &[&str] = &[
        "",
        "grace = '1m'\n[defaults]\ntimezone = 'Asia/Shanghai'\nnotify = { lua = 'n.lua:f' }",
        "[[schedule]]\nname = 'a'\nscript = 'a.lua'\ncron = '@daily'",
        "[[schedule]]\nname = 'a'\nscript = 'a.lua'\nevery = 90\noverlap = 'queue'\ncatch_up = { within = '1d', runs = 'all' }\nkeep = 5",
        "[[schedule]]\nname = 'a'\nscript = 'a.lua'\nevery = '1h 30m'\ncatch_up = 'none'\nkeep = '2w'\nmax_memory = '256M'\nargs = ['x']
retries = { count = 2, delay = '10s', backoff = 1.5 }\njitter = '1m'\npaused = true\nprofile = 'p'\nregion = 'cn'\ntimeout = '1h'\ngrace = '1m'
notify = { on = ['late', 'failure'], webhook = { env = 'PAGER' }, late_after = '5m' }\nread_only = true\nallow_path = ['x']\nallow_run = true",
    ];
    const WRONG: &[(&str, usize, usize, &str)] = &[
        (
            "[[schedule]]\nname = 'a'\nscrpt = 'a.lua'",
            3,
            1,
            "did you mean script?",
        ),
        ("[[schedules]]\nname = 'a'", 1, 3, "did you mean schedule?"),
        (
            "[[schedule]]\nname = 'a'\nscript = 'a.lua'",
            1,
            1,
            "nothing makes it fire",
        ),
        ("[[schedule]]\nname = 'a b'", 2, 8, "is no name"),
        (
            "[[schedule]]\nname = 'a'\nscript = 'a.lua'\ncron = '@daily'\nevery = '1h'",
            5,
            9,
            "not both",
        ),
        (
            "[[schedule]]\nname = 'a'\nscript = 'a.lua'\nevery = '0.5'",
            4,
            9,
            "1 s at least",
        ),
        (
            "[[schedule]]\nname = 'a'\nscript = 'a.lua'\nevery = 'soon'",
            4,
            9,
            "a length of time",
        ),
        (
            "[[schedule]]\nname = 'a'\nscript = 'a.lua'\ncron = '* * * *'",
            4,
            8,
            "4 fields",
        ),
        (
            "[[schedule]]\nname = 'a'\nscript = 'a.lua'\ncron = '@daily'\ntimezone = 'Europe/Brelin'",
            5,
            12,
            "Europe/Berlin",
        ),
        (
            "[[schedule]]\nname = 'a'\nscript = 'a.lua'\ncron = '@daily'\noverlap = 'wait'",
            5,
            11,
            "queue",
        ),
        (
            "[[schedule]]\nname = 'a'\nscript = 'a.lua'\ncron = '@daily'\ncatch_up = true",
            5,
            12,
            "none",
        ),
        (
            "[[schedule]]\nname = 'a'\nscript = 'a.lua'\ncron = '@daily'\ncatch_up = { within = '1h', run = 'all' }",
            5,
            29,
            "did you mean runs?",
        ),
        (
            "[[schedule]]\nname = 'a'\nscript = 'a.lua'\ncron = '@daily'\nretries = { delay = '1m' }",
            5,
            11,
            "count",
        ),
        (
            "[[schedule]]\nname = 'a'\nscript = 'a.lua'\ncron = '@daily'\nretries = { count = 1, backoff = 0.5 }",
            5,
            11,
            "from 1 to 100",
        ),
        (
            "[[schedule]]\nname = 'a'\nscript = 'a.lua'\ncron = '@daily'\nnotify = { on = ['failure'] }",
            5,
            10,
            "names no receiver",
        ),
        (
            "[[schedule]]\nname = 'a'\nscript = 'a.lua'\ncron = '@daily'\nnotify = { webhook = 'pager' }",
            5,
            22,
            "no http",
        ),
        (
            "[[schedule]]\nname = 'a'\nscript = 'a.lua'\ncron = '@daily'\nnotify = { lua = '../n.lua:f' }",
            5,
            18,
            "beside this one",
        ),
        (
            "[[schedule]]\nname = 'a'\nscript = 'a.lua'\ncron = '@daily'\nnotify = { lua = 'my.n.lua:f' }",
            5,
            18,
            "beside this one",
        ),
        (
            "[[schedule]]\nname = 'a'\nscript = 'a.lua'\ncron = '@daily'\nmax_memory = '1X'",
            5,
            14,
            "amount of memory",
        ),
        (
            "[[schedule]]\nname = 'a'\nscript = 'a.lua'\ncron = '@daily'\nkeep = 0",
            5,
            8,
            "number of runs",
        ),
        (
            "[defaults]\ncron = '@daily'",
            2,
            8,
            "belongs to one schedule",
        ),
    ];

    #[test]
    fn what_is_wrong_is_reported_with_line_column_and_the_way_out() {
        for (text, line, column, words) in WRONG {
            match read(text) {
                Err(FileError::Malformed {
                    line: l,
                    column: c,
                    reason,
                    ..
                }) => {
                    assert!(
                        (l, c) == (*line, *column) && reason.contains(words),
                        "{text}\n{l}:{c}: {reason}"
                    );
                }
                other => panic!("{text}: {other:?}"),
            }
        }
    }

    #[test]
    fn the_schema_and_the_reader_agree() {
        let schema = jsonschema::validator_for(&serde_json::from_str(SCHEMA).unwrap()).unwrap();
        let json = |text: &str| {
            serde_json::to_value(toml::from_str::<toml::Value>(text).unwrap()).unwrap()
        };
        for text in RIGHT {
            assert!(read(text).is_ok(), "{text}: {:?}", read(text));
            let errors: Vec<_> = schema
                .iter_errors(&json(text))
                .map(|error| error.to_string())
                .collect();
            assert!(errors.is_empty(), "{text}: {errors:?}");
        }
        // What needs more than a schema: names of zones, forms of texts, sizes of lengths.
        let beyond = [
            "1 s at least",
            "a length of time",
            "4 fields",
            "Europe/Berlin",
        ];
        for (text, _, _, words) in WRONG
            .iter()
            .filter(|(_, _, _, words)| !beyond.contains(words))
        {
            assert!(
                !schema.is_valid(&json(text)),
                "{text}: the schema takes it, the reader refuses it: {words}"
            );
        }
    }

    #[test]
    fn the_schema_has_every_key_of_the_reader_and_no_other() {
        let error = read("[[schedule]]\nqqqqqq = 1").unwrap_err().to_string();
        let known = error.split("the keys here are ").nth(1).unwrap();
        let mut known: Vec<_> = known.split(", ").map(str::to_owned).collect();
        let schema: serde_json::Value = serde_json::from_str(SCHEMA).unwrap();
        let mut described: Vec<_> = schema["definitions"]["entry"]["properties"]
            .as_object()
            .unwrap()
            .keys()
            .cloned()
            .collect();
        known.sort();
        described.sort();
        assert_eq!(known, described);
    }

    #[test]
    fn defaults_fill_in_and_a_schedule_overrides_them() {
        let text = format!(
            "[defaults]\ntimezone = 'Asia/Shanghai'\ncatch_up = '1h'\nkeep = 9\n{LEAST}cron = '@daily'\n
             [[schedule]]\nname = 'b'\nscript = 'b.lua'\nevery = '1m'\ntimezone = 'Europe/Berlin'\ncatch_up = 'none'\noverlap = 'allow'"
        );
        let file = read(&text).unwrap();
        let [a, b] = &file.schedules[..] else {
            panic!("two schedules")
        };
        assert_eq!(
            (a.timing.zone.name(), b.timing.zone.name()),
            ("Asia/Shanghai", "Europe/Berlin")
        );
        assert_eq!(
            a.catch_up,
            CatchUp {
                within: Duration::from_hours(1),
                runs: CaughtUp::Latest
            }
        );
        assert_eq!((b.catch_up, b.keep), (CatchUp::NONE, Some(Keep::Runs(9))));
        assert_eq!((a.overlap, b.overlap), (Overlap::Skip, Overlap::Allow));
        assert_eq!((a.line, b.line), (5, 10));
        assert!(read(&format!("{LEAST}cron = '@daily'")).unwrap().schedules[0].zone_is_default);
    }

    #[test]
    fn two_schedules_of_one_name_are_refused_at_the_second() {
        let error = read(&format!("{LEAST}every = '1m'\n{LEAST}every = '2m'")).unwrap_err();
        assert!(
            error
                .to_string()
                .contains("line 6, column 8: the schedule of line 1 is called \"a\" too"),
            "{error}"
        );
    }

    #[test]
    fn bounds_without_an_offset_are_on_the_zones_clock() {
        let text = format!(
            "{LEAST}every = '1d'\ntimezone = 'Asia/Shanghai'\nstart = 2026-12-01\nend = 2026-12-31T08:00:00+01:00"
        );
        let timing = &read(&text).unwrap().schedules[0].timing;
        assert_eq!(timing.start.unwrap().to_string(), "2026-11-30T16:00:00Z");
        assert_eq!(timing.end.unwrap().to_string(), "2026-12-31T07:00:00Z");
        let backwards = format!("{LEAST}every = '1d'\nstart = 2026-12-01\nend = 2026-11-01");
        assert!(
            read(&backwards)
                .unwrap_err()
                .to_string()
                .contains("not after the start")
        );
    }

    #[test]
    fn a_webhooks_url_is_in_no_debug_text() {
        let file = read(&format!(
            "{LEAST}every = '1d'\nnotify = {{ webhook = 'https://pager.example/secret-token' }}"
        ))
        .unwrap();
        assert!(!format!("{file:?}").contains("secret-token"));
    }
}
