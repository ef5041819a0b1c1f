//! Runs: one row each, from before its first effect to how it ended.

use super::writer::Kind;
use super::{Store, StoreError, millis, timestamp};
use jiff::Timestamp;
use sqlx::sqlite::SqliteRow;
use sqlx::{AssertSqlSafe, QueryBuilder, Row as _, Sqlite, SqliteConnection};
use std::time::Duration;

/// A run that begins.
#[derive(Debug, Clone)]
pub struct NewRun {
    /// A UUID.
    pub id: String,
    /// The schedule, else the script's file name without its ending, else the Action of `cumulua call`.
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
    /// The process that carries it out, where it has begun; none where a server has yet to start one.
    pub pid: Option<u32>,
    /// When its firing was due.
    pub due: Option<Timestamp>,
    /// From 1; a repetition after a failure has the next.
    pub attempt: u32,
    /// When it began.
    pub started: Timestamp,
}

/// How a run ended, in a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunOutcome {
    /// It came to its end.
    Done,
    /// An error ended it.
    Failed,
    /// Its time was over.
    TimedOut,
    /// Somebody interrupted it.
    Interrupted,
    /// Its server ended it, for a later firing or because the server itself ended.
    Cancelled,
    /// Its process ended without saying how: it was killed, or the machine stopped.
    Lost,
}

impl RunOutcome {
    const ALL: [Self; 6] = [Self::Done, Self::Failed, Self::TimedOut, Self::Interrupted, Self::Cancelled, Self::Lost];

    /// The word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Failed => "failed",
            Self::TimedOut => "timed out",
            Self::Interrupted => "interrupted",
            Self::Cancelled => "cancelled",
            Self::Lost => "lost",
        }
    }

    /// The outcome of that word.
    pub(super) fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.as_str() == word)
    }
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
    /// When its own process took it up.
    pub claimed: Option<Timestamp>,
    /// When it ended.
    pub ended: Option<Timestamp>,
    /// How it ended.
    pub outcome: Option<RunOutcome>,
    /// Its exit status.
    pub status: Option<i32>,
    /// What went wrong.
    pub error: Option<String>,
    /// How many calls it has made, polls included.
    pub calls: u64,
}

/// Which runs to list.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Only of this name.
    pub name: Option<String>,
    /// Only what began at or after this moment.
    pub since: Option<Timestamp>,
    /// Only what began before this moment.
    pub until: Option<Timestamp>,
    /// Only what was going on at some moment between these two.
    pub during: Option<(Timestamp, Timestamp)>,
    /// Only what did not end well, or has not said how it ended.
    pub failed: bool,
    /// Only what has not ended, as far as the store knows.
    pub open: bool,
    /// So many at most, the latest.
    pub limit: Option<u32>,
}

/// What the beginning of an id stands for.
#[derive(Debug, Clone)]
pub enum Found {
    /// One run.
    One(Box<RunRow>),
    /// No run.
    None,
    /// Several; the ids of some of them.
    Several(Vec<String>),
}

/// Which runs to forget. Runs that have not ended are kept.
#[derive(Debug, Clone, Default)]
pub struct Prune {
    /// Only of this name.
    pub name: Option<String>,
    /// Those that ended before this moment.
    pub before: Option<Timestamp>,
    /// Of each name, all but so many of the latest.
    pub keep: Option<u32>,
}

/// What was forgotten.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Pruned {
    /// Runs, with all that belongs to them.
    pub runs: u64,
    /// Firings.
    pub firings: u64,
}

const COLUMNS: &str = "SELECT runs.*, (SELECT count(*) FROM calls WHERE run_id = runs.id) AS calls FROM runs";

impl Store {
    /// Records that a run begins. Waits until it is written.
    pub fn start_run(&self, run: NewRun) -> Result<(), StoreError> {
        self.write(move |connection| Box::pin(insert(connection, run)))
    }

    /// Records that a run begins, without waiting.
    pub(in crate::run) fn post_run(&self, run: NewRun) -> Result<(), StoreError> {
        self.post(move |connection| Box::pin(insert(connection, run)))
    }

    /// Says that this process carries a run out that a server has recorded; false where the run has ended meanwhile, or is another
    /// process's, and must not be carried out.
    pub fn claim_run(&self, id: &str, pid: u32, at: Timestamp) -> Result<bool, StoreError> {
        let id = id.to_owned();
        self.write(move |connection| {
            Box::pin(async move {
                let query =
                    sqlx::query("UPDATE runs SET pid = ?, claimed_at = ? WHERE id = ? AND ended_at IS NULL AND claimed_at IS NULL");
                let done = query.bind(i64::from(pid)).bind(millis(at)).bind(id).execute(connection).await?;
                Ok(done.rows_affected() == 1)
            })
        })
    }

    /// Records what a run's own process knows better than the server that started it.
    pub fn describe_run(&self, run: NewRun) -> Result<(), StoreError> {
        self.write(move |connection| Box::pin(describe(connection, run)))
    }

    /// The same without waiting.
    pub(in crate::run) fn post_description(&self, run: NewRun) -> Result<(), StoreError> {
        self.post(move |connection| Box::pin(describe(connection, run)))
    }

    /// Records how a run ended; false where that was recorded before, which stays. Waits until it is written.
    pub fn end_run(&self, end: RunEnd) -> Result<bool, StoreError> {
        self.write(move |connection| Box::pin(finish(connection, end)))
    }

    /// The same, for so long at most.
    pub fn end_run_within(&self, end: RunEnd, limit: Duration) -> Result<bool, StoreError> {
        self.ask(Kind::Write, move |connection| Box::pin(finish(connection, end)), Some(limit))
    }

    /// The run whose id begins so.
    pub fn find_run(&self, prefix: &str) -> Result<Found, StoreError> {
        let prefix = prefix.to_lowercase();
        self.read(move |connection| {
            Box::pin(async move {
                let sql = format!("{COLUMNS} WHERE substr(id, 1, ?) = ? ORDER BY started_at DESC LIMIT 10");
                let length = i64::try_from(prefix.chars().count()).unwrap_or(i64::MAX);
                let rows = sqlx::query(AssertSqlSafe(sql)).bind(length).bind(&prefix).fetch_all(connection).await?;
                let mut runs = rows.iter().map(row).collect::<Result<Vec<_>, _>>()?;
                Ok(match runs.len() {
                    0 => Found::None,
                    1 => Found::One(Box::new(runs.remove(0))),
                    _ => match runs.iter().position(|found| found.run.id == prefix) {
                        Some(whole) => Found::One(Box::new(runs.remove(whole))),
                        None => Found::Several(runs.into_iter().map(|found| found.run.id).collect()),
                    },
                })
            })
        })
    }

    /// Runs, the latest first.
    pub fn runs(&self, filter: Filter) -> Result<Vec<RunRow>, StoreError> {
        self.read(move |connection| {
            Box::pin(async move {
                let mut query = QueryBuilder::<Sqlite>::new(COLUMNS);
                query.push(" WHERE true");
                if let Some(name) = filter.name {
                    query.push(" AND name = ").push_bind(name);
                }
                if let Some(since) = filter.since {
                    query.push(" AND started_at >= ").push_bind(millis(since));
                }
                if let Some(until) = filter.until {
                    query.push(" AND started_at < ").push_bind(millis(until));
                }
                if let Some((from, to)) = filter.during {
                    query.push(" AND started_at <= ").push_bind(millis(to));
                    query.push(" AND coalesce(ended_at, started_at) >= ").push_bind(millis(from));
                }
                if filter.failed {
                    query.push(" AND outcome IS NOT 'done'");
                }
                if filter.open {
                    query.push(" AND ended_at IS NULL");
                }
                query.push(" ORDER BY started_at DESC, runs.rowid DESC");
                if let Some(limit) = filter.limit {
                    query.push(" LIMIT ").push_bind(limit);
                }
                query.build().fetch_all(connection).await?.iter().map(row).collect()
            })
        })
    }

    /// The names of all runs.
    pub fn run_names(&self) -> Result<Vec<String>, StoreError> {
        self.read(|connection| {
            Box::pin(async { sqlx::query_scalar("SELECT DISTINCT name FROM runs ORDER BY name").fetch_all(connection).await })
        })
    }

    /// Records every run as lost that has not ended and that no living process carries out; gives them as they are then.
    ///
    /// For a server that begins, before it starts any run: one that another server has recorded and no process has claimed yet would
    /// be taken for lost too, and its process would find that out in [`Store::claim_run`].
    pub fn settle_lost_runs(&self, at: Timestamp) -> Result<Vec<RunRow>, StoreError> {
        let open = self.runs(Filter { open: true, ..Filter::default() })?;
        let mut lost = Vec::new();
        for mut row in open.into_iter().filter(|row| !self.locks().is_run_alive(&row.run.id)) {
            let error = match row.claimed {
                Some(_) => "its process ended without a word: it was killed, or the machine stopped",
                None => "the server ended before the run's process had begun",
            };
            let end = RunEnd {
                id: row.run.id.clone(),
                ended: at,
                outcome: RunOutcome::Lost,
                status: None,
                error: Some(error.to_owned()),
            };
            self.locks().forget_run(&row.run.id);
            if self.end_run(end)? {
                (row.ended, row.outcome, row.error) = (Some(at), Some(RunOutcome::Lost), Some(error.to_owned()));
                lost.push(row);
            }
        }
        Ok(lost)
    }

    /// Forgets runs, with their output, calls and tasks, and firings.
    pub fn prune(&self, prune: Prune) -> Result<Pruned, StoreError> {
        self.write(move |connection| Box::pin(forget(connection, prune)))
    }
}

fn args_text(args: &[String]) -> String {
    serde_json::Value::from(args).to_string()
}

/// Adds a run's row.
pub(super) async fn insert(connection: &mut SqliteConnection, run: NewRun) -> Result<(), sqlx::Error> {
    let query = sqlx::query(
        "INSERT INTO runs (id, name, kind, script, script_hash, args, profile, version, simulated, pid, due_at, attempt, started_at,
         claimed_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    );
    let query = query.bind(run.id).bind(run.name).bind(run.kind).bind(run.script).bind(run.script_hash);
    let query = query.bind(args_text(&run.args)).bind(run.profile).bind(run.version).bind(run.simulated);
    let query = query.bind(run.pid.map(i64::from)).bind(run.due.map(millis)).bind(i64::from(run.attempt)).bind(millis(run.started));
    let claimed = run.pid.map(|_| millis(run.started));
    query.bind(claimed).execute(connection).await.map(drop)
}

async fn describe(connection: &mut SqliteConnection, run: NewRun) -> Result<(), sqlx::Error> {
    let query =
        sqlx::query("UPDATE runs SET script = ?, script_hash = ?, args = ?, profile = ?, version = ?, simulated = ? WHERE id = ?");
    let query = query.bind(run.script).bind(run.script_hash).bind(args_text(&run.args)).bind(run.profile);
    query.bind(run.version).bind(run.simulated).bind(run.id).execute(connection).await.map(drop)
}

async fn finish(connection: &mut SqliteConnection, end: RunEnd) -> Result<bool, sqlx::Error> {
    let query = sqlx::query("UPDATE runs SET ended_at = ?, outcome = ?, status = ?, error = ? WHERE id = ? AND ended_at IS NULL");
    let query = query.bind(millis(end.ended)).bind(end.outcome.as_str()).bind(end.status).bind(end.error).bind(end.id);
    Ok(query.execute(connection).await?.rows_affected() == 1)
}

async fn forget(connection: &mut SqliteConnection, prune: Prune) -> Result<Pruned, sqlx::Error> {
    let before = prune.before.map(millis);
    let keep = prune.keep.map(i64::from);
    // What is not given lets everything pass; both together keep what either would keep.
    let runs = sqlx::query(
        "DELETE FROM runs WHERE ended_at IS NOT NULL AND (?1 IS NULL OR name = ?1) AND (?2 IS NULL OR ended_at < ?2)
         AND (?3 IS NULL OR id NOT IN (SELECT id FROM (SELECT id, row_number() OVER (PARTITION BY name ORDER BY started_at DESC) AS nth
         FROM runs) WHERE nth <= ?3))",
    );
    let runs = runs.bind(&prune.name).bind(before).bind(keep).execute(&mut *connection).await?.rows_affected();
    // A firing goes with its run; one without a run goes by its age, or with the oldest that has a run.
    let firings = sqlx::query(
        "DELETE FROM firings WHERE outcome <> 'queued' AND (?1 IS NULL OR schedule = ?1) AND
         CASE WHEN run_id IS NOT NULL THEN run_id NOT IN (SELECT id FROM runs)
              WHEN ?2 IS NOT NULL THEN due_at < ?2
              ELSE due_at < (SELECT min(due_at) FROM firings AS kept WHERE kept.schedule = firings.schedule
                             AND kept.run_id IN (SELECT id FROM runs)) END",
    );
    let firings = firings.bind(&prune.name).bind(before).execute(&mut *connection).await?.rows_affected();
    Ok(Pruned { runs, firings })
}

fn row(row: &SqliteRow) -> Result<RunRow, sqlx::Error> {
    let time = |column: &str| row.try_get::<Option<i64>, _>(column).map(|millis| millis.map(timestamp));
    let args: String = row.try_get("args")?;
    let outcome: Option<String> = row.try_get("outcome")?;
    Ok(RunRow {
        run: NewRun {
            id: row.try_get("id")?,
            name: row.try_get("name")?,
            kind: row.try_get("kind")?,
            script: row.try_get("script")?,
            script_hash: row.try_get("script_hash")?,
            args: serde_json::from_str(&args).unwrap_or_default(),
            profile: row.try_get("profile")?,
            version: row.try_get("version")?,
            simulated: row.try_get("simulated")?,
            pid: row.try_get("pid")?,
            due: time("due_at")?,
            attempt: row.try_get("attempt")?,
            started: timestamp(row.try_get("started_at")?),
        },
        claimed: time("claimed_at")?,
        ended: time("ended_at")?,
        outcome: outcome.as_deref().and_then(RunOutcome::parse),
        status: row.try_get("status")?,
        error: row.try_get("error")?,
        calls: row.try_get("calls")?,
    })
}
