//! The schedules that a `schedules.toml` means, once the defaults are filled in.

use super::calendar::Calendars;
use super::document::{Document, Entry, Fault};
use super::model::{Permissions, RunLimits, Schedule};
use super::notify::{Email, Notify};
use super::params;
use super::references::{check_chains, fault, pool, run_limits, window};
use super::timing::{Recurrence, Timing};
use super::value::{CatchUp, DurationValue, Retries, Zone};
use cumulua_core::catalog::suggest;
use cumulua_core::clock::wall_now;
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::iter;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use toml::Spanned;
use toml::value::Datetime;

/// The time that runs which end with the server get by default.
const GRACE: Duration = Duration::from_secs(30);

/// What a file's text means.
pub(super) struct Complete {
    pub(super) grace: Duration,
    pub(super) schedules: Vec<Arc<Schedule>>,
    pub(super) limits: RunLimits,
    pub(super) calendar_files: Vec<PathBuf>,
}

/// What a text means; paths in it are relative to `folder`.
pub(super) fn complete(text: &str, folder: &Path, file: &Path) -> Result<Complete, Fault> {
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
    let limits = run_limits(document.max_running.as_ref(), &document.pool)?;
    let mut calendars = Calendars::read(document.calendar, folder, wall_now()).map_err(fault)?;
    let files = iter::once(file.to_owned())
        .chain(calendars.files())
        .collect();
    let files: Arc<[PathBuf]> = files;
    let lines = LineEnds::of(text);
    let mut taken: BTreeMap<Arc<str>, usize> = BTreeMap::new();
    let mut spans_of_after = BTreeMap::new();
    let mut schedules = Vec::with_capacity(document.schedule.len());
    for entry in document.schedule {
        let line = lines.number(entry.span().start);
        let name_span = entry
            .as_ref()
            .name
            .as_ref()
            .map_or(entry.span(), Spanned::span);
        let mut schedule =
            entry_to_schedule(&entry, &defaults, shared_notify.as_ref(), folder, line)?;
        let own = entry.as_ref();
        schedule.window = window(own, &defaults, &schedule.timing.zone, &mut calendars)?;
        schedule.pool = pool(own, &defaults, &limits)?;
        schedule.files = Arc::clone(&files);
        if let Some(after) = &own.after {
            spans_of_after.insert(Arc::clone(&schedule.name), after.span());
        }
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
    check_chains(&schedules, &spans_of_after)?;
    Ok(Complete {
        grace: document.grace.map_or(GRACE, |grace| grace.0),
        schedules,
        limits,
        calendar_files: calendars.files(),
    })
}

/// `[defaults]` holds what schedules may share.
fn no_schedule(entry: &Entry) -> Result<(), Fault> {
    let own = [
        ("name", entry.name.as_ref().map(Spanned::span)),
        ("script", entry.script.as_ref().map(Spanned::span)),
        ("cron", entry.cron.as_ref().map(Spanned::span)),
        ("every", entry.every.as_ref().map(Spanned::span)),
        ("after", entry.after.as_ref().map(Spanned::span)),
        ("within", entry.within.as_ref().map(Spanned::span)),
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
    entry: &Spanned<Entry>,
    defaults: &Entry,
    shared_notify: Option<&Arc<Notify>>,
    folder: &Path,
    line: usize,
) -> Result<Schedule, Fault> {
    let whole = entry.span();
    let entry = entry.as_ref();
    let missing = |key: &str| Fault::new(whole.clone(), format!("this schedule has no {key}"));
    let name = entry.name.as_ref().ok_or_else(|| missing("name"))?;
    let name: Arc<str> = name.as_ref().0.as_str().into();
    let script = entry.script.as_ref().ok_or_else(|| missing("script"))?;
    if script.as_ref().is_empty() {
        return Err(Fault::new(
            script.span(),
            "write the script's path, relative to this file",
        ));
    }
    let recurrence = parse_recurrence(entry, &whole)?;
    let written_zone = entry
        .timezone
        .as_ref()
        .or(defaults.timezone.as_ref())
        .cloned();
    let zone_is_default = written_zone.is_none();
    let zone = written_zone.unwrap_or(Zone::UTC);
    let bound = |own: &Option<Spanned<Datetime>>, shared: &Option<Spanned<Datetime>>| {
        own.as_ref()
            .or(shared.as_ref())
            .map(|time| instant(time, &zone).map(|instant| (instant, time.span())))
            .transpose()
    };
    let start = bound(&entry.start, &defaults.start)?;
    let end = bound(&entry.end, &defaults.end)?;
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
    let timeout = entry.timeout.as_ref().or(defaults.timeout.as_ref());
    let grace = entry.grace.as_ref().or(defaults.grace.as_ref());
    check_positive(timeout, NO_TIMEOUT)?;
    check_positive(grace, NO_GRACE)?;
    let retries = entry.retries.as_ref().or(defaults.retries.as_ref());
    retries.map(check_retries).transpose()?;
    let jitter = entry
        .jitter
        .or(defaults.jitter)
        .map_or(Duration::ZERO, |jitter| jitter.0);
    let absolute = |path: PathBuf| folder.join(path);
    Ok(Schedule {
        script: folder.join(script.as_ref()),
        args: either(entry.args.as_ref(), defaults.args.as_ref()).unwrap_or_default(),
        params: params::read(entry.params.as_ref(), defaults.params.as_ref())?,
        profile: either(entry.profile.as_ref(), defaults.profile.as_ref()),
        region: either(entry.region.as_ref(), defaults.region.as_ref()),
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
        timeout: timeout.map(|timeout| timeout.as_ref().0),
        grace: grace.map(|grace| grace.as_ref().0),
        stop: entry.stop.or(defaults.stop).unwrap_or_default(),
        max_memory: entry.max_memory.or(defaults.max_memory).map(|size| size.0),
        retries: retries.map_or(Retries::NONE, |retries| *retries.as_ref()),
        paused: entry.paused.or(defaults.paused).unwrap_or(false),
        notify,
        heartbeat: either(entry.heartbeat.as_ref(), defaults.heartbeat.as_ref()),
        keep: entry.keep.or(defaults.keep),
        permissions: Permissions {
            read_only: entry.read_only.or(defaults.read_only).unwrap_or(false),
            allow_path: either(entry.allow_path.as_ref(), defaults.allow_path.as_ref())
                .unwrap_or_default()
                .into_iter()
                .map(absolute)
                .collect(),
            allow_run: entry.allow_run.or(defaults.allow_run).unwrap_or(false),
        },
        window: None,
        pool: None,
        files: Arc::default(),
        line,
        name,
    })
}

fn either<T: Clone>(own: Option<&T>, shared: Option<&T>) -> Option<T> {
    own.or(shared).cloned()
}

/// What makes the schedule fire, of which a schedule has one.
fn parse_recurrence(entry: &Entry, schedule: &Range<usize>) -> Result<Recurrence, Fault> {
    if let (Some(within), None) = (&entry.within, &entry.after) {
        let problem = "within belongs to after: how old the others' successes may be";
        return Err(Fault::new(within.span(), problem));
    }
    match (&entry.cron, &entry.every, &entry.after) {
        (Some(cron), None, None) => Ok(Recurrence::Cron(cron.as_ref().clone())),
        (None, Some(every), None) if every.as_ref().0 < Duration::from_secs(1) => {
            Err(Fault::new(every.span(), "an interval is 1 s at least"))
        }
        (None, Some(every), None) => Ok(Recurrence::Every(every.as_ref().0)),
        (None, None, Some(after)) => {
            let names = after.as_ref().list();
            if names.is_empty() {
                return Err(Fault::new(
                    after.span(),
                    "name the schedules that it follows",
                ));
            }
            check_positive(entry.within.as_ref(), NO_WITHIN)?;
            Ok(Recurrence::After {
                schedules: names.into_iter().map(Arc::from).collect(),
                within: entry
                    .within
                    .as_ref()
                    .map_or(WITHIN, |within| within.as_ref().0),
            })
        }
        (None, None, None) => Err(Fault::new(
            schedule.clone(),
            "this schedule has no cron, no every and no after: nothing makes it fire",
        )),
        (cron, every, after) => {
            let spans = [
                cron.as_ref().map(Spanned::span),
                every.as_ref().map(Spanned::span),
                after.as_ref().map(Spanned::span),
            ];
            let second = spans.into_iter().flatten().nth(1).unwrap_or_default();
            Err(Fault::new(
                second,
                "a schedule has one of cron, every and after, not both",
            ))
        }
    }
}

/// How old the successes of those that a schedule follows may be by default.
const WITHIN: Duration = Duration::from_hours(24);
const NO_WITHIN: &str = "no success would be young enough; without within it is 24h";
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
    if inner.receivers().is_empty() {
        return Err(Fault::new(
            notify.span(),
            "notify names no receiver: give lua = \"FILE.lua:FUNCTION\", webhook = \"URL\", or one of slack, dingtalk, feishu, wecom and email",
        ));
    }
    if let Some(problem) = inner.email.as_ref().and_then(Email::fault) {
        return Err(Fault::new(notify.span(), problem));
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

/// serde names all keys that there are; a person wants the one that is nearest. Where a table is
/// expected it quotes what stands there, which may be the URL or the key of a receiver.
fn with_suggestion(message: &str) -> String {
    if message.starts_with("invalid type: ") && message.contains(", expected struct ") {
        return "a table is expected here, as { key = … }".to_owned();
    }
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
        "max_running = 16\n[pool.db]\nsize = 4\n[calendar.freeze]\ndates = ['2026-12-24/2027-01-02', '2026-12-24T18:00/2026-12-27T06:00']
[[schedule]]\nname = 'a'\nscript = 'a.lua'\nevery = '1m'\npool = 'db'\nnot_during = 'freeze'\nonly_during = ['freeze']\nwhen_blocked = 'run-at-end'
[[schedule]]\nname = 'b'\nscript = 'a.lua'\nafter = 'a'\nwithin = '2h'",
        "[[schedule]]\nname = 'a'\nscript = 'a.lua'\nevery = '1m'\n[schedule.params]\ncount = 3\nzone = { type = 'string' }\nratio = { type = 'number', default = 1 }\nids = ['a', 1]\nlogin = { type = 'secret' }\ndry-run = false",
        "",
        "grace = '1m'\n[defaults]\ntimezone = 'Asia/Shanghai'\nnotify = { lua = 'n.lua:f' }",
        "[[schedule]]\nname = 'a'\nscript = 'a.lua'\ncron = '@daily'",
        "[[schedule]]\nname = 'a'\nscript = 'a.lua'\nevery = 90\noverlap = 'queue'\ncatch_up = { within = '1d', runs = 'all' }\nkeep = 5",
        "[[schedule]]\nname = 'a'\nscript = 'a.lua'\nevery = '1h 30m'\ncatch_up = 'none'\nkeep = '2w'\nmax_memory = '256M'\nargs = ['x']
retries = { count = 2, delay = '10s', backoff = 1.5 }\njitter = '1m'\npaused = true\nprofile = 'p'\nregion = 'cn'\ntimeout = '1h'\ngrace = '1m'
notify = { on = ['late', 'failure'], webhook = { env = 'PAGER' }, late_after = '5m' }\nread_only = true\nallow_path = ['x']\nallow_run = true",
        "[defaults]\nheartbeat = 'https://hc.example/x'\n[[schedule]]\nname = 'a'\nscript = 'a.lua'\nevery = '1m'\nheartbeat = { url = { secret = 'hc' }, log = true }
notify = { on = ['lost', 'config', 'success', 'retry'], slack = { secret = 'slack' }, dingtalk = { url = { env = 'DING' }, secret = { secret = 'ding' } }, \
feishu = { url = 'https://open.feishu.cn/x' }, wecom = 'https://qyapi.weixin.qq.com/x' }
[[schedule]]\nname = 'b'\nscript = 'a.lua'\nevery = '1m'\nheartbeat = { secret = 'hc' }
notify.email = { server = 'smtps://mail.example:465', from = 'ops@example.com', to = ['Ops <a@example.com>'], user = 'ops', password = { env = 'MAIL' } }",
    ];
    const WRONG: &[(&str, usize, usize, &str)] = &[
        (
            "[[schedule]]\nname = 'a'\nscript = 'a.lua'\nevery = '1m'\n[schedule.params]\ncount = { type = 'intger' }",
            6,
            9,
            "did you mean integer?",
        ),
        (
            "[[schedule]]\nname = 'a'\nscript = 'a.lua'\nevery = '1m'\n[schedule.params]\ncount = { type = 'integer', defualt = 1 }",
            6,
            9,
            "did you mean default?",
        ),
        (
            "[[schedule]]\nname = 'a'\nscript = 'a.lua'\nevery = '1m'\n[schedule.params]\ncount = { type = 'integer', default = 'x' }",
            6,
            9,
            "the default is no integer",
        ),
        (
            "[[schedule]]\nname = 'a'\nscript = 'a.lua'\nevery = '1m'\n[schedule.params]\n'a b' = 1",
            6,
            9,
            "no name of a parameter",
        ),
        (
            "[[schedule]]\nname = 'a'\nscript = 'a.lua'\nevery = '1m'\n[schedule.params]\npassword = 'x'",
            6,
            12,
            "only the type secret is not kept",
        ),
        (
            "[[schedule]]\nname = 'a'\nscript = 'a.lua'\nevery = '1m'\n[schedule.params]\nx = { type = 'secret', default = 'x' }",
            6,
            5,
            "does not stand in a file",
        ),
        (
            "[[schedule]]\nname = 'a'\nscript = 'a.lua'\nevery = '1m'\nnot_during = 'frz'\n[calendar.freeze]\ndates = []",
            5,
            14,
            "there is no [calendar.frz]",
        ),
        ("[calendar.freeze]\nx = 1", 2, 1, "there is no key x"),
        ("[calendar.freeze]", 1, 1, "neither dates nor a file"),
        (
            "[calendar.freeze]\nfile = 'none.ics'",
            2,
            8,
            "none.ics cannot be read",
        ),
        (
            "[[schedule]]\nname = 'a'\nscript = 'a.lua'\nevery = '1m'\nonly_during = ['freeze']\n[calendar.freeze]\ndates = [2026-12-24, '2026-12-24/x']",
            7,
            22,
            "both are meant",
        ),
        (
            "[[schedule]]\nname = 'a'\nscript = 'a.lua'\nevery = '1m'\nwhen_blocked = 'wait'",
            5,
            16,
            "run-at-end",
        ),
        ("[pool.db]\nsize = 0", 2, 8, "1 at least"),
        ("max_running = 0", 1, 15, "1 at least"),
        (
            "[pool.database]\nsize = 4\n[[schedule]]\nname = 'a'\nscript = 'a.lua'\nevery = '1m'\npool = 'databse'",
            7,
            8,
            "did you mean database?",
        ),
        (
            "[[schedule]]\nname = 'a'\nscript = 'a.lua'\nafter = 'b'",
            4,
            9,
            "there is no schedule \"b\"",
        ),
        (
            "[[schedule]]\nname = 'a'\nscript = 'a.lua'\nafter = 'b'\n[[schedule]]\nname = 'b'\nscript = 'a.lua'\nafter = ['a']",
            4,
            9,
            "a, which follows b, which follows a",
        ),
        (
            "[[schedule]]\nname = 'a'\nscript = 'a.lua'\nafter = 'a'\nevery = '1m'",
            4,
            9,
            "one of cron, every and after",
        ),
        (
            "[[schedule]]\nname = 'a'\nscript = 'a.lua'\nevery = '1m'\nwithin = '1h'",
            5,
            10,
            "within belongs to after",
        ),
        (
            "[[schedule]]\nname = 'a'\nscript = 'a.lua'\nafter = []",
            4,
            9,
            "name the schedules",
        ),
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
            "[[schedule]]\nname = 'a'\nscript = 'a.lua'\ncron = '@daily'\nnotify = { slack = { secret = 'a', env = 'b' } }",
            5,
            20,
            "write one of",
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
        // What needs more than a schema: what names mean, forms of texts, sizes of lengths.
        let beyond = [
            "1 s at least",
            "the default is no integer",
            "only the type secret is not kept",
            "does not stand in a file",
            "a length of time",
            "4 fields",
            "Europe/Berlin",
            "there is no [calendar.frz]",
            "none.ics cannot be read",
            "both are meant",
            "did you mean database?",
            "there is no schedule \"b\"",
            "a, which follows b, which follows a",
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
    fn a_secret_that_stands_in_the_file_is_refused_and_in_no_error() {
        for notify in [
            "dingtalk = { url = 'https://x.example/', secret = 'hunter-2' }",
            "feishu = { url = 'https://x.example/', secret = 'hunter-2' }",
            "email = { server = 'smtps://m.example', from = 'a@b.c', to = 'a@b.c', user = 'u', password = 'hunter-2' }",
            "email = { server = 'smtps://u:hunter-2@m.example', from = 'a@b.c', to = 'a@b.c' }",
            "slack = 'hunter-2'",
            "dingtalk = 'https://x.example/hunter-2'",
            "email = 'smtps://hunter-2@m.example'",
            "webhook = ['https://x.example/hunter-2']",
            "email = { server = 'smtps://m.example', from = 'a@b.c', to = 'a@b.c', user = 'u' }",
        ] {
            let text = format!("{LEAST}every = '1d'\nnotify = {{ {notify} }}");
            let error = read(&text).unwrap_err().to_string();
            assert!(!error.contains("hunter-2"), "{error}");
        }
        let error = read(&format!("{LEAST}every = '1d'\nnotify = 'hunter-2'"));
        let error = error.unwrap_err().to_string();
        assert!(
            error.ends_with("a table is expected here, as { key = … }"),
            "{error}"
        );
        let file = read(&format!(
            "{LEAST}every = '1d'\nheartbeat = 'https://hc.example/secret-token'\nnotify = {{ slack = 'https://hooks.example/secret-token' }}"
        ));
        assert!(!format!("{:?}", file.unwrap()).contains("secret-token"));
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
