//! `cumulua schedule status`: where each schedule stands, and why.

use super::super::options::GlobalOptions;
use super::super::{report, status};
use super::common::{FileArgument, read, store};
use crate::history::locks::Taken;
use crate::history::{
    Filter, FiringRow, Of, RunOutcome, RunRow, RunState, ScheduleRow, Store, StoreError,
};
use crate::schedule::model::Schedule;
use clap::Args;
use comfy_table::{ContentArrangement, Table, presets};
use cumulua_core::clock::wall_now;
use cumulua_core::controls;
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;
use std::process::ExitCode;

/// Runs of each schedule that are looked at.
const LOOKED_AT: u32 = 50;

/// Successes whose duration is usual.
const USUAL: usize = 15;

/// Missed firings that are counted.
const MOST_MISSED: u32 = 10_000;

/// Prints where each schedule stands, and why it does not run
///
/// STATE is running, queued, paused, blocked, waiting (for its time, or for schedules that it
/// follows) or over; WHY says what it waits for and what would free it.
#[derive(Debug, Args)]
pub(super) struct Overview {
    #[command(flatten)]
    file: FileArgument,
    /// Prints an array of objects; times are RFC 3339 in UTC, durations seconds
    #[arg(long)]
    json: bool,
}

/// A pause, with who asked for it.
struct Pause {
    since: Timestamp,
    until: Option<Timestamp>,
    by: Option<String>,
    reason: Option<String>,
}

/// Where a schedule stands.
struct Stand {
    name: String,
    state: &'static str,
    why: String,
    next: Option<Timestamp>,
    last: Option<(RunRow, RunState)>,
    last_success: Option<Timestamp>,
    usual: Option<SignedDuration>,
    running: Vec<RunRow>,
    queued: Vec<FiringRow>,
    pause: Option<Pause>,
    missed: usize,
}

/// What is asked of the store once for all.
struct Asked {
    states: BTreeMap<String, ScheduleRow>,
    queued: Vec<FiringRow>,
    is_served: bool,
    now: Timestamp,
}

impl Overview {
    /// Prints it.
    pub(super) fn run(self, options: &GlobalOptions) -> ExitCode {
        let file = match read(&self.file.file) {
            Ok(file) => file,
            Err(status) => return status,
        };
        let store = match store(options) {
            Ok(store) => store,
            Err(status) => return status,
        };
        let stands = Asked::read(&store).and_then(|known| {
            let stands = file.schedules.iter();
            let stands = stands.map(|schedule| Stand::of(schedule, &store, &known));
            Ok((stands.collect::<Result<Vec<_>, _>>()?, known.is_served))
        });
        let (stands, is_served) = match stands {
            Ok(stands) => stands,
            Err(problem) => {
                report::error(&problem.to_string());
                return status::SCRIPT.into();
            }
        };
        if self.json {
            report::print_json(&stands.iter().map(Stand::json).collect());
            return status::DONE.into();
        }
        report::print(&table(&stands));
        if !is_served {
            report::note("no server runs with this store, so nothing starts");
        }
        status::DONE.into()
    }
}

impl Asked {
    fn read(store: &Store) -> Result<Self, StoreError> {
        Ok(Self {
            states: store.schedule_states()?,
            queued: store.queued_firings()?,
            is_served: matches!(store.locks().server(), Ok(Taken::By(_))),
            now: wall_now(),
        })
    }
}

impl Stand {
    fn of(schedule: &Schedule, store: &Store, known: &Asked) -> Result<Self, StoreError> {
        let name = &*schedule.name;
        let filter = Filter {
            name: Some(name.to_owned()),
            limit: Some(LOOKED_AT),
            ..Filter::default()
        };
        let runs: Vec<_> = store
            .runs(filter)?
            .into_iter()
            .filter(|row| row.run.due.is_some())
            .map(|row| {
                let state = store.state(&row);
                (row, state)
            })
            .collect();
        let is_done = |state: &RunState| *state == RunState::Ended(RunOutcome::Done);
        let successes = || runs.iter().filter(|(_, state)| is_done(state));
        let last_success = successes().find_map(|(row, _)| row.ended);
        let mut took: Vec<_> = successes()
            .filter_map(|(row, _)| Some(row.ended?.duration_since(row.run.started)))
            .take(USUAL)
            .collect();
        took.sort();
        let missed = store.firings(Some(name), last_success, None, true, Some(MOST_MISSED))?;
        let is_missed = |row: &FiringRow| {
            ["too late", "overlap", "not started", "not followed"].contains(&&*row.outcome)
        };
        let goes_on = |state: &RunState| matches!(state, RunState::Running | RunState::Queued);
        let running = runs.iter().filter(|(_, state)| goes_on(state));
        let queued = known.queued.iter().filter(|row| row.schedule == name);
        let mut stand = Self {
            name: name.to_owned(),
            state: "waiting",
            why: String::new(),
            next: schedule.timing.next(known.now).map(|firing| firing.due),
            last_success,
            usual: took.get(took.len() / 2).copied(),
            running: running.map(|(row, _)| row.clone()).collect(),
            queued: queued.cloned().collect(),
            pause: pause(name, store, known)?,
            missed: missed.iter().filter(|row| is_missed(row)).count(),
            last: None,
        };
        stand.last = runs.into_iter().find(|(_, state)| !goes_on(state));
        (stand.state, stand.why) = stand.judge(schedule, known);
        Ok(stand)
    }

    /// The state, and why it is so: none is without a reason.
    fn judge(&self, schedule: &Schedule, known: &Asked) -> (&'static str, String) {
        let zone = &schedule.timing.zone;
        let clock = |at: Timestamp| zone.format(at);
        if let Some(row) = self.running.first() {
            return ("running", format!("since {}", clock(row.run.started)));
        }
        if let Some(pause) = &self.pause {
            let by = pause.by.as_ref().map(|by| format!(" by {by}"));
            let until = pause.until.map_or_else(
                || ", until `cumulua schedule resume`".to_owned(),
                |until| format!(" until {}", clock(until)),
            );
            let reason = pause.reason.as_ref().map(|reason| format!(": {reason}"));
            let (by, reason) = (by.unwrap_or_default(), reason.unwrap_or_default());
            let since = clock(pause.since);
            return ("paused", format!("paused{by} since {since}{until}{reason}"));
        }
        if schedule.paused {
            return ("paused", "the file has paused = true".to_owned());
        }
        if let Some(row) = self.queued.first() {
            let why = row
                .detail
                .as_deref()
                .unwrap_or("it waits for the run before it");
            return ("queued", format!("{}: {why}", clock(row.due)));
        }
        let retry = self.last.as_ref().and_then(|(row, _)| row.retry_at);
        if let Some(at) = retry {
            return ("waiting", format!("for its repetition at {}", clock(at)));
        }
        let window = schedule.window.as_ref();
        if let Some(block) = window.and_then(|window| window.block(known.now)) {
            return ("blocked", block.describe(zone));
        }
        let after = schedule.timing.after();
        if !after.is_empty() {
            return (
                "waiting",
                format!("for a success of {}", after.join(" and ")),
            );
        }
        match self.next {
            Some(at) => ("waiting", format!("for its time, {}", clock(at))),
            None => ("over", "it never fires any more by its times".to_owned()),
        }
    }

    fn json(&self) -> serde_json::Value {
        let time = |at: Timestamp| at.to_string();
        let last = self.last.as_ref().map(|(row, state)| {
            serde_json::json!({
                "run": row.run.id, "started": time(row.run.started), "ended": row.ended.map(time), "outcome": state.as_str(), "status": row.status,
                "error": row.error,
            })
        });
        let running = self.running.iter();
        let running: Vec<_> = running
            .map(|row| serde_json::json!({ "run": row.run.id, "since": time(row.run.started) }))
            .collect();
        let queued = self.queued.iter();
        let queued: Vec<_> = queued
            .map(|row| serde_json::json!({ "due": time(row.due), "why": row.detail }))
            .collect();
        let pause = self.pause.as_ref().map(|pause| {
            serde_json::json!({
                "since": time(pause.since), "until": pause.until.map(time), "by": pause.by, "reason": pause.reason,
            })
        });
        serde_json::json!({
            "name": self.name, "state": self.state, "why": self.why, "next": self.next.map(time), "last": last,
            "last_success": self.last_success.map(time), "usual_seconds": self.usual.map(|usual| usual.as_secs_f64()), "running": running,
            "queued": queued, "paused": pause, "missed_since_success": self.missed,
        })
    }
}

fn pause(name: &str, store: &Store, known: &Asked) -> Result<Option<Pause>, StoreError> {
    let state = known.states.get(name).copied().unwrap_or_default();
    let Some(since) = state.paused.filter(|_| state.is_paused(known.now)) else {
        return Ok(None);
    };
    let requests = store.user_requests(Of::Pauses(name))?;
    let asked = requests.into_iter().next();
    let asked = asked.filter(|request| request.verb == "pause");
    let by = asked.as_ref().and_then(|request| {
        let requester = &request.requester;
        let uid = requester.uid.map(|uid| format!("uid {uid}"));
        requester.user.clone().or(uid)
    });
    Ok(Some(Pause {
        since,
        until: state.paused_until,
        by,
        reason: asked.and_then(|request| request.reason),
    }))
}

fn table(stands: &[Stand]) -> String {
    let mut table = Table::new();
    table
        .load_style(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Disabled);
    table.set_header([
        "SCHEDULE",
        "STATE",
        "NEXT (UTC)",
        "LAST (UTC)",
        "ENDED",
        "USUAL",
        "MISSED",
        "WHY",
    ]);
    let utc = |at: Timestamp| at.strftime("%Y-%m-%d %H:%M:%SZ").to_string();
    let text = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
    for stand in stands {
        let last = stand.last.as_ref();
        let usual = stand
            .usual
            .map(|usual| format!("{:.1} s", usual.as_secs_f64()));
        table.add_row([
            stand.name.clone(),
            stand.state.to_owned(),
            text(stand.next.map(utc)),
            text(last.map(|(row, _)| utc(row.run.started))),
            text(last.map(|(_, state)| state.as_str().to_owned())),
            text(usual),
            stand.missed.to_string(),
            controls::escape_line(&stand.why).into_owned(),
        ]);
    }
    if let Some(first) = table.column_mut(0) {
        first.set_padding((0, 1));
    }
    let lines = table.lines().map(|line| line.trim_end().to_owned());
    lines.collect::<Vec<_>>().join("\n")
}
