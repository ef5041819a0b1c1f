//! `cumulua schedule status`: where each schedule stands, and why.

use super::super::options::GlobalOptions;
use super::super::{report, status};
use super::common::{FileArgument, read, store};
use crate::history::locks::Taken;
use crate::history::{
    Filter, FiringRow, LastEnd, RunOutcome, RunRow, RunState, ScheduleRow, Standing, Store,
    StoreError, UserRequest,
};
use crate::schedule::file::ScheduleFile;
use crate::schedule::model::Schedule;
use crate::schedule::standing::{Facts, Pause, QueuedFiring, Situation};
use clap::Args;
use comfy_table::{ContentArrangement, Table, presets};
use cumulua_core::clock::wall_now;
use cumulua_core::controls;
use jiff::{SignedDuration, Timestamp};
use std::collections::{BTreeMap, HashMap};
use std::process::ExitCode;

/// Successes whose duration is usual.
const USUAL: u32 = 15;

/// Requests to pause and resume that are named of each schedule.
const PAUSES: u32 = 20;

/// Prints where each schedule stands, and why it does not run
///
/// STATE is running, queued, paused, blocked, waiting (for its time, or for schedules that it
/// follows) or over; WHY says what it waits for and what would free it. UNDELIVERED counts
/// notifications that were given up.
#[derive(Debug, Args)]
pub(super) struct Overview {
    #[command(flatten)]
    file: FileArgument,
    /// Prints an array of objects; times are RFC 3339 in UTC, durations seconds
    #[arg(long)]
    json: bool,
}

/// Where a schedule stands.
struct Stand {
    name: String,
    state: &'static str,
    why: String,
    next: Option<Timestamp>,
    last: Option<LastEnd>,
    usual: Option<SignedDuration>,
    running: Vec<RunRow>,
    queued: Vec<FiringRow>,
    pause: Option<Pause>,
    pauses: Vec<UserRequest>,
    standing: Standing,
}

/// What the store has of all schedules, by their names; it is asked for hundreds at a time.
struct Asked {
    states: BTreeMap<String, ScheduleRow>,
    standings: HashMap<String, Standing>,
    running: HashMap<String, Vec<RunRow>>,
    queued: HashMap<String, Vec<FiringRow>>,
    pauses: HashMap<String, Vec<UserRequest>>,
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
        let mut asked = match Asked::read(&store, &file) {
            Ok(asked) => asked,
            Err(problem) => {
                report::error(&problem.to_string());
                return status::SCRIPT.into();
            }
        };
        let schedules = file.schedules.iter();
        let stands: Vec<_> = schedules.map(|schedule| asked.stand(schedule)).collect();
        if self.json {
            report::print_json(&stands.iter().map(Stand::json).collect());
        } else {
            report::print(&table(&stands));
        }
        if !asked.is_served {
            report::note("no server runs with this store, so nothing starts");
        }
        status::DONE.into()
    }
}

impl Asked {
    fn read(store: &Store, file: &ScheduleFile) -> Result<Self, StoreError> {
        let names: Vec<&str> = file
            .schedules
            .iter()
            .map(|schedule| &*schedule.name)
            .collect();
        let mut standings = store.standings(&names, USUAL)?;
        let open = store.runs(Filter {
            open: true,
            ..Filter::default()
        })?;
        let mut running: HashMap<String, Vec<RunRow>> = HashMap::new();
        for row in open.into_iter().filter(|row| row.run.due.is_some()) {
            match store.state(&row) {
                RunState::Queued | RunState::Running => {
                    running.entry(row.run.name.clone()).or_default().push(row);
                }
                // It has ended since, or its process is gone.
                RunState::Ended(outcome) => {
                    let standing = standings.entry(row.run.name.clone()).or_default();
                    note_end(standing, &row, outcome);
                }
            }
        }
        let mut queued: HashMap<String, Vec<FiringRow>> = HashMap::new();
        for row in store.queued_firings()? {
            queued.entry(row.schedule.clone()).or_default().push(row);
        }
        Ok(Self {
            states: store.schedule_states()?,
            standings,
            running,
            queued,
            pauses: store.pauses(&names, PAUSES)?,
            is_served: matches!(store.locks().server(), Ok(Taken::By(_))),
            now: wall_now(),
        })
    }

    /// Where a schedule stands; what is known of it is taken out.
    fn stand(&mut self, schedule: &Schedule) -> Stand {
        let name = &*schedule.name;
        let standing = self.standings.remove(name).unwrap_or_default();
        let mut took: Vec<_> = standing.successes.iter().map(|(_, took)| *took).collect();
        took.sort();
        let running = self.running.remove(name).unwrap_or_default();
        let queued = self.queued.remove(name).unwrap_or_default();
        let pauses = self.pauses.remove(name).unwrap_or_default();
        let next = schedule.timing.next(self.now).map(|firing| firing.due);
        let state = self.states.get(name).copied().unwrap_or_default();
        let is_paused = state.is_paused(self.now);
        let pause = is_paused.then(|| Pause::new(state, pauses.first()));
        let last = standing.last.clone();
        let facts = Facts {
            running: running.first().map(|row| row.run.started),
            pause: pause.clone(),
            queued: queued.first().map(|row| QueuedFiring {
                due: row.due,
                why: row.detail.clone(),
            }),
            repeats_at: last.as_ref().and_then(|last| last.retry_at),
            next,
        };
        let situation = Situation::judge(schedule, facts, self.now);
        Stand {
            name: name.to_owned(),
            state: situation.as_str(),
            why: situation.reason(schedule),
            next,
            last,
            usual: took.get(took.len() / 2).copied(),
            running,
            queued,
            pause,
            pauses,
            standing,
        }
    }
}

/// A run that the store has as one that goes on, and that has ended.
fn note_end(standing: &mut Standing, row: &RunRow, outcome: RunOutcome) {
    let last = standing.last.as_ref();
    if last.is_none_or(|last| last.started <= row.run.started) {
        standing.last = Some(LastEnd {
            run: row.run.id.clone(),
            started: row.run.started,
            ended: row.ended,
            state: RunState::Ended(outcome),
            status: row.status,
            error: row.reason(RunState::Ended(outcome)),
            retry_at: row.retry_at,
        });
    }
}

impl Stand {
    fn last_success(&self) -> Option<Timestamp> {
        self.standing.successes.first().map(|(ended, _)| *ended)
    }

    fn missed(&self) -> u64 {
        self.standing.missed.values().sum()
    }

    fn json(&self) -> serde_json::Value {
        let time = |at: Timestamp| at.to_string();
        let last = self.last.as_ref().map(|last| {
            serde_json::json!({
                "run": last.run, "started": time(last.started), "ended": last.ended.map(time), "outcome": last.state.as_str(), "status": last.status,
                "error": last.error,
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
                "since": pause.since.map(time), "until": pause.until.map(time), "by": pause.by, "reason": pause.reason,
            })
        });
        let pauses = self.pauses.iter().map(|request| {
            serde_json::json!({
                "at": time(request.at), "verb": request.verb, "until": request.until.map(time), "by": request.requester.name(), "reason": request.reason,
            })
        });
        serde_json::json!({
            "name": self.name, "state": self.state, "why": self.why, "next": self.next.map(time), "last": last,
            "last_success": self.last_success().map(time), "usual_seconds": self.usual.map(|usual| usual.as_secs_f64()), "running": running,
            "queued": queued, "paused": pause, "pauses": pauses.collect::<Vec<_>>(), "missed_since_success": self.missed(),
            "missed_by_outcome": self.standing.missed, "waiting_notifications": self.standing.waiting_notifications,
            "undelivered_notifications": self.standing.undelivered_notifications,
        })
    }
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
        "UNDELIVERED",
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
            text(last.map(|last| utc(last.started))),
            text(last.map(|last| last.state.as_str().to_owned())),
            text(usual),
            stand.missed().to_string(),
            stand.standing.undelivered_notifications.to_string(),
            controls::escape_line(&stand.why).into_owned(),
        ]);
    }
    if let Some(first) = table.column_mut(0) {
        first.set_padding((0, 1));
    }
    let lines = table.lines().map(|line| line.trim_end().to_owned());
    lines.collect::<Vec<_>>().join("\n")
}
