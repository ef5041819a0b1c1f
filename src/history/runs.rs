//! Runs: one row each, from before its first effect to how it ended.

use super::connection::{Kind, Work};
use super::error::StoreError;
use super::state::{RunOutcome, RunState};
use super::store::Store;
use super::times::millis;
use jiff::Timestamp;
use sqlx::SqliteConnection;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// A run that begins.
#[derive(Debug, Clone, Default)]
pub struct NewRun {
    /// A UUID.
    pub id: String,
    /// The schedule, or the script's file name without its ending, or the Action of `cumulua call`.
    pub name: String,
    /// What began it: `run`, `call`, `schedule`, `trigger` or `repl`.
    pub kind: String,
    /// The script's path.
    pub script: Option<String>,
    /// SHA-256 of the script, in hexadecimal digits.
    pub script_hash: Option<String>,
    /// Its arguments, redacted.
    pub args: Vec<String>,
    /// The profile.
    pub profile: Option<String>,
    /// The version of cumulua.
    pub version: String,
    /// Whether its cloud is the simulator in its own process.
    pub simulated: bool,
    /// The process that carries it out, where it has begun; none where a server has yet to start
    /// one.
    pub pid: Option<u32>,
    /// When its firing was due.
    pub due: Option<Timestamp>,
    /// From 1; a repetition after a failure has the next.
    pub attempt: u32,
    /// When it began.
    pub started: Timestamp,
}

/// How a run ended.
#[derive(Debug, Clone)]
pub struct RunEnd {
    /// The run.
    pub id: String,
    /// When.
    pub ended: Timestamp,
    /// How, in a word.
    pub outcome: RunOutcome,
    /// Its process's exit status, where it has one.
    pub status: Option<i32>,
    /// What went wrong, redacted.
    pub error: Option<String>,
}

/// A run as the store has it.
#[derive(Debug, Clone)]
pub struct RunRow {
    /// What was known when it began.
    pub run: NewRun,
    /// The machine that it was on.
    pub host: Option<String>,
    /// When its own process took it up.
    pub claimed: Option<Timestamp>,
    /// When that process began, as the system counts it.
    pub process_started: Option<String>,
    /// When it ended.
    pub ended: Option<Timestamp>,
    /// Where it stands, as it was recorded last.
    pub state: RunState,
    /// Its exit status.
    pub status: Option<i32>,
    /// What went wrong.
    pub error: Option<String>,
    /// When it is to be repeated, where that is still to come.
    pub retry_at: Option<Timestamp>,
    /// Why a repetition that was still to come never began.
    pub retry_given_up: Option<String>,
    /// How many calls it has made, polls included.
    pub calls: u64,
}

impl RunRow {
    /// Why it has not come to its end, and is not on its way there; `state` is where it stands.
    pub fn reason(&self, state: RunState) -> Option<String> {
        let otherwise = match state {
            RunState::Running | RunState::Ended(RunOutcome::Done) => return self.error.clone(),
            RunState::Queued => "its process has not begun yet",
            RunState::Ended(RunOutcome::Lost) => {
                "its process is gone, and has not recorded how it ended"
            }
            RunState::Ended(
                RunOutcome::Failed
                | RunOutcome::TimedOut
                | RunOutcome::Interrupted
                | RunOutcome::Cancelled,
            ) => "it has not recorded why",
        };
        let recorded = self.error.clone().filter(|error| !error.is_empty());
        Some(recorded.unwrap_or_else(|| otherwise.to_owned()))
    }

    /// How it ended, where it has.
    pub fn end(&self) -> Option<RunEnd> {
        let (id, status, error) = (self.run.id.clone(), self.status, self.error.clone());
        Some(RunEnd {
            id,
            ended: self.ended?,
            outcome: self.state.outcome()?,
            status,
            error,
        })
    }
}

impl Store {
    /// Records that a run begins. Waits until it is written.
    pub fn start_run(&self, run: NewRun) -> Result<(), StoreError> {
        self.write(move |connection| Box::pin(insert(connection, run)))
    }

    /// Records that a run begins, without waiting; once it is written, `written` is true.
    pub fn post_run(&self, run: NewRun, written: Arc<AtomicBool>) -> Result<(), StoreError> {
        let work = Work::Statements(Box::new(move |connection| {
            Box::pin(insert(connection, run))
        }));
        let settled = move |outcome: Result<(), StoreError>| {
            written.store(outcome.is_ok(), Ordering::Release);
        };
        self.queue.push(Kind::Write, work, Some(Box::new(settled)))
    }

    /// Records that this process carries out a run that a server has recorded, and what it knows
    /// better of it than that server; false where the run has ended meanwhile, or is another
    /// process's, and must not be carried out. `process_started` is when the process began, as the
    /// system counts it.
    pub fn claim_run(
        &self,
        run: NewRun,
        process_started: Option<String>,
        at: Timestamp,
    ) -> Result<bool, StoreError> {
        self.write(move |connection| {
            Box::pin(async move {
                let query =
                    sqlx::query("UPDATE runs SET state = 'running', pid = ?, process_started = ?, claimed_at = ? WHERE id = ? AND state = 'starting'");
                let query = query.bind(run.pid.map(i64::from)).bind(process_started).bind(millis(at)).bind(run.id.clone());
                let is_ours = query.execute(&mut *connection).await?.rows_affected() == 1;
                if is_ours {
                    describe(connection, run).await?;
                }
                Ok(is_ours)
            })
        })
    }

    /// Records what a run's own process knows better than the server that started it, without
    /// waiting.
    pub fn post_description(&self, run: NewRun) -> Result<(), StoreError> {
        self.post(move |connection| Box::pin(describe(connection, run)))
    }

    /// Records how a run ended; false where that was recorded before, which stays. Waits until it
    /// is written.
    pub fn end_run(&self, end: RunEnd) -> Result<bool, StoreError> {
        self.write(move |connection| Box::pin(finish(connection, end)))
    }

    /// The same of a run whose process has not begun, which then does not begin any more; false where
    /// it has.
    pub fn end_run_before_it_begins(&self, end: RunEnd) -> Result<bool, StoreError> {
        self.write(move |connection| {
            Box::pin(async move {
                let waits = "SELECT count(*) FROM runs WHERE id = ? AND state = 'starting'";
                let waiting: i64 = sqlx::query_scalar(waits)
                    .bind(&end.id)
                    .fetch_one(&mut *connection)
                    .await?;
                if waiting == 0 {
                    return Ok(false);
                }
                finish(connection, end).await
            })
        })
    }

    /// The same as [`Store::end_run`], for so long at most.
    pub fn end_run_within(&self, end: RunEnd, limit: Duration) -> Result<bool, StoreError> {
        self.ask(
            Kind::Write,
            move |connection| Box::pin(finish(connection, end)),
            Some(limit),
        )
    }
}

/// This machine's name, where it is known.
fn host() -> String {
    #[cfg(unix)]
    {
        let name = rustix::system::uname();
        name.nodename().to_string_lossy().into_owned()
    }
    #[cfg(not(unix))]
    std::env::var("COMPUTERNAME").unwrap_or_default()
}

fn args_text(args: &[String]) -> String {
    serde_json::Value::from(args).to_string()
}

/// Adds a run's row.
pub(super) async fn insert(
    connection: &mut SqliteConnection,
    run: NewRun,
) -> Result<(), sqlx::Error> {
    let query = sqlx::query(
        "INSERT INTO runs (id, name, kind, script, script_hash, args, profile, version, simulated, pid, due_at, attempt, started_at,
         claimed_at, unheard, state, host) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    );
    let is_scheduled = run.due.is_some();
    let query = query
        .bind(run.id)
        .bind(run.name)
        .bind(run.kind)
        .bind(run.script)
        .bind(run.script_hash);
    let query = query
        .bind(args_text(&run.args))
        .bind(run.profile)
        .bind(run.version)
        .bind(run.simulated);
    let query = query
        .bind(run.pid.map(i64::from))
        .bind(run.due.map(millis))
        .bind(i64::from(run.attempt))
        .bind(millis(run.started));
    let claimed = run.pid.map(|_| millis(run.started));
    let state = if claimed.is_some() {
        RunState::Running
    } else {
        RunState::Queued
    };
    query
        .bind(claimed)
        .bind(is_scheduled)
        .bind(state.as_str())
        .bind(host())
        .execute(connection)
        .await
        .map(drop)
}

async fn describe(connection: &mut SqliteConnection, run: NewRun) -> Result<(), sqlx::Error> {
    let query = sqlx::query(
        "UPDATE runs SET script = ?, script_hash = ?, args = ?, profile = ?, version = ?, simulated = ? WHERE id = ?",
    );
    let query = query
        .bind(run.script)
        .bind(run.script_hash)
        .bind(args_text(&run.args))
        .bind(run.profile);
    query
        .bind(run.version)
        .bind(run.simulated)
        .bind(run.id)
        .execute(connection)
        .await
        .map(drop)
}

async fn finish(connection: &mut SqliteConnection, end: RunEnd) -> Result<bool, sqlx::Error> {
    let query = sqlx::query(
        "UPDATE runs SET ended_at = ?, state = ?, status = ?, error = ? WHERE id = ? AND ended_at IS NULL",
    );
    let query = query
        .bind(millis(end.ended))
        .bind(end.outcome.as_str())
        .bind(end.status)
        .bind(end.error)
        .bind(end.id);
    Ok(query.execute(connection).await?.rows_affected() == 1)
}

/// Records that a run's server has taken note of its end; how it ended stays as its own process has
/// recorded, where it has.
pub(super) async fn mark_settled(
    connection: &mut SqliteConnection,
    end: RunEnd,
) -> Result<bool, sqlx::Error> {
    let query = sqlx::query(
        "UPDATE runs SET unheard = 0, ended_at = coalesce(ended_at, ?1), state = iif(ended_at IS NULL, ?2, state),
         status = iif(ended_at IS NULL, ?3, status), error = iif(ended_at IS NULL, ?4, error) WHERE id = ?5",
    );
    let query = query
        .bind(millis(end.ended))
        .bind(end.outcome.as_str())
        .bind(end.status)
        .bind(end.error)
        .bind(end.id);
    Ok(query.execute(connection).await?.rows_affected() == 1)
}
