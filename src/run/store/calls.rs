//! Calls: one row each, of a mutating one already before it leaves.

use super::writer::{Job, Kind};
use super::{Store, StoreError, millis, timestamp};
use crate::gate::audit::Record;
use jiff::Timestamp;
use sqlx::error::BoxDynError;
use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::{Arguments as _, Row as _, SqliteConnection};
use std::collections::VecDeque;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// A call as the store has it.
#[derive(Debug, Clone)]
pub struct CallRow {
    /// Its number in the run, from 1.
    pub number: u64,
    /// When it was made.
    pub at: Timestamp,
    /// `sending` where its end was never recorded, else `ended`.
    pub phase: String,
    /// Its place in the run.
    pub place: String,
    /// The Action.
    pub action: String,
    /// Whether it changes nothing.
    pub read_only: bool,
    /// The redacted parameters.
    pub params: serde_json::Value,
    /// The profile.
    pub profile: Option<String>,
    /// The region.
    pub region: Option<String>,
    /// Where it was sent.
    pub endpoint: Option<String>,
    /// The HTTP status.
    pub http_status: Option<u16>,
    /// The service's code, of a refusal.
    pub code: Option<String>,
    /// The request's id.
    pub request_id: Option<String>,
    /// How often it was sent.
    pub attempts: u32,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
    /// May it have been carried out?
    pub sent: String,
    /// The kind of error.
    pub error: Option<String>,
    /// What went wrong.
    pub message: Option<String>,
}

/// Calls that are still to be written.
#[derive(Default)]
pub(super) struct Unwritten(Mutex<Gathered>);

#[derive(Default)]
struct Gathered {
    /// In the order in which they were told.
    told: Vec<Told>,
    /// Whether what writes them is on its way.
    are_due: bool,
}

/// A call as the store is told of it.
struct Told {
    number: u64,
    at: Timestamp,
    record: Arc<Record>,
}

/// Calls that may wait: beyond it whoever records is told that the store cannot keep up, instead of filling memory.
const MOST_UNWRITTEN: usize = 50_000;

/// Calls of one statement at most.
const MOST_ROWS: usize = 32;

impl Unwritten {
    fn lock(&self) -> MutexGuard<'_, Gathered> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store {
    /// Records a call; where `waits`, until it is written, for so long at most.
    pub(in crate::run) fn add_call(
        &self,
        number: u64,
        record: Arc<Record>,
        at: Timestamp,
        waits: Option<Duration>,
    ) -> Result<(), StoreError> {
        let mut unwritten = self.calls.lock();
        if unwritten.told.len() >= MOST_UNWRITTEN {
            return Err(self.queue.slow_disk());
        }
        unwritten.told.push(Told { number, at, record });
        if waits.is_none() && std::mem::replace(&mut unwritten.are_due, true) {
            return Ok(());
        }
        drop(unwritten);
        let calls = Arc::clone(&self.calls);
        let job: Job = Box::new(move |connection| Box::pin(insert(connection, std::mem::take(&mut *calls.lock()).told)));
        match waits {
            Some(limit) => self.settle(Kind::Write, job, Some(limit)),
            None => self.queue.push(Kind::Gather, job, None).inspect_err(|_| self.calls.lock().are_due = false),
        }
    }

    /// A run's calls after that number, in the order in which they were made, so many at most.
    pub fn calls(&self, run: &str, after: u64, limit: u32) -> Result<Vec<CallRow>, StoreError> {
        let run = run.to_owned();
        self.read(move |connection| {
            Box::pin(async move {
                let query = sqlx::query("SELECT * FROM calls WHERE run_id = ? AND number > ? ORDER BY number LIMIT ?");
                let rows = query.bind(run).bind(after.cast_signed()).bind(limit).fetch_all(connection).await?;
                rows.iter().map(row).collect()
            })
        })
    }
}

/// How a row is filled, in the order of [`arguments`].
const COLUMNS: &str = "run_id, number, at, phase, place, action, read_only, params, profile, region, endpoint, http_status, code, \
     request_id, attempts, duration_ms, sent, error, message";

/// Statements for several calls of one run at once, since each is a way to the driver's thread and back: for the most at first, then for
/// half as many each, so that few have to be prepared. They have no `SELECT`, for which SQLite would copy each text once more.
static INSERTS: LazyLock<Vec<(usize, String)>> = LazyLock::new(|| {
    let row = format!("({})", vec!["?"; COLUMNS.split(',').count()].join(", "));
    let halves = std::iter::successors(Some(MOST_ROWS), |rows| Some(rows / 2).filter(|rows| *rows > 0));
    let insert = |rows: usize| {
        let told = vec![row.as_str(); rows].join(", ");
        format!(
            "INSERT INTO calls ({COLUMNS}) VALUES {told}
             ON CONFLICT (run_id, number) DO UPDATE SET phase = excluded.phase, params = excluded.params, profile = excluded.profile,
             region = excluded.region, endpoint = excluded.endpoint, http_status = excluded.http_status, code = excluded.code,
             request_id = excluded.request_id, attempts = excluded.attempts, duration_ms = excluded.duration_ms,
             sent = excluded.sent, error = excluded.error, message = excluded.message"
        )
    };
    halves.map(|rows| (rows, insert(rows))).collect()
});

/// Each call is given up once it is written: ten thousand may have gathered.
async fn insert(connection: &mut SqliteConnection, told: Vec<Told>) -> Result<(), sqlx::Error> {
    let mut rest = VecDeque::from(told);
    while let Some(first) = rest.front() {
        let of_its_run = rest.iter().take(MOST_ROWS).take_while(|told| told.record.run == first.record.run).count();
        let Some((rows, insert)) = INSERTS.iter().find(|(rows, _)| *rows <= of_its_run) else { break };
        let arguments = arguments(rest.drain(..rows)).map_err(sqlx::Error::Encode)?;
        match sqlx::query_with(insert.as_str(), arguments).execute(&mut *connection).await {
            // The run has been pruned, and its calls with it.
            Err(sqlx::Error::Database(problem)) if problem.is_foreign_key_violation() => {}
            outcome => {
                outcome?;
            }
        }
    }
    Ok(())
}

fn arguments(told: impl Iterator<Item = Told>) -> Result<SqliteArguments, BoxDynError> {
    let mut arguments = SqliteArguments::default();
    for Told { number, at, record } in told {
        arguments.add(Arc::clone(&record.run))?;
        arguments.add(number.cast_signed())?;
        arguments.add(millis(at))?;
        arguments.add(record.phase)?;
        arguments.add(record.place.to_string())?;
        arguments.add(Arc::clone(&record.action))?;
        arguments.add(record.read_only)?;
        arguments.add(record.params.to_string())?;
        arguments.add(record.profile.clone())?;
        arguments.add(record.region.clone())?;
        arguments.add(record.endpoint.clone())?;
        arguments.add(record.http_status)?;
        arguments.add(record.code.clone())?;
        arguments.add(record.request_id.clone())?;
        arguments.add(record.attempts)?;
        arguments.add(record.duration_ms.cast_signed())?;
        arguments.add(record.sent)?;
        arguments.add(record.error)?;
        arguments.add(record.message.clone())?;
    }
    Ok(arguments)
}

fn row(row: &SqliteRow) -> Result<CallRow, sqlx::Error> {
    let params: String = row.try_get("params")?;
    Ok(CallRow {
        number: row.try_get("number")?,
        at: timestamp(row.try_get("at")?),
        phase: row.try_get("phase")?,
        place: row.try_get("place")?,
        action: row.try_get("action")?,
        read_only: row.try_get("read_only")?,
        params: serde_json::from_str(&params).unwrap_or_default(),
        profile: row.try_get("profile")?,
        region: row.try_get("region")?,
        endpoint: row.try_get("endpoint")?,
        http_status: row.try_get("http_status")?,
        code: row.try_get("code")?,
        request_id: row.try_get("request_id")?,
        attempts: row.try_get("attempts")?,
        duration_ms: row.try_get("duration_ms")?,
        sent: row.try_get("sent")?,
        error: row.try_get("error")?,
        message: row.try_get("message")?,
    })
}
