//! Waits: for tasks and for states.

use super::{Store, StoreError, millis, timestamp};
use jiff::Timestamp;
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

/// A wait that begins.
#[derive(Debug, Clone)]
pub struct WaitStart {
    /// Its number in the run, from 1.
    pub number: u64,
    /// When.
    pub started: Timestamp,
    /// The task or the state that is waited for, with the Action that started it where this run made the call.
    pub what: String,
}

/// How a wait ended.
#[derive(Debug, Clone)]
pub struct WaitEnd {
    /// The wait's number in the run.
    pub number: u64,
    /// When.
    pub ended: Timestamp,
    /// How, in a few words.
    pub outcome: String,
    /// Whether it came to a good end.
    pub done: bool,
}

/// A wait as the store has it.
#[derive(Debug, Clone)]
pub struct WaitRow {
    /// How it began.
    pub start: WaitStart,
    /// When it ended.
    pub ended: Option<Timestamp>,
    /// How it ended.
    pub outcome: Option<String>,
    /// Whether it came to a good end.
    pub done: Option<bool>,
}

impl Store {
    /// Records that a wait begins, without waiting for that.
    pub(in crate::run) fn wait_began(&self, run: &str, start: WaitStart) -> Result<(), StoreError> {
        let run = run.to_owned();
        self.post(move |connection| {
            Box::pin(async move {
                let query = sqlx::query(
                    "INSERT INTO waits (run_id, number, started_at, what)
                     SELECT ?1, ?2, ?3, ?4 WHERE EXISTS (SELECT 1 FROM runs WHERE id = ?1)",
                );
                let query = query.bind(run).bind(start.number.cast_signed()).bind(millis(start.started));
                query.bind(start.what).execute(connection).await.map(drop)
            })
        })
    }

    /// Records how a wait ended, without waiting for that.
    pub(in crate::run) fn wait_ended(&self, run: &str, end: WaitEnd) -> Result<(), StoreError> {
        let run = run.to_owned();
        self.post(move |connection| {
            Box::pin(async move {
                let query = sqlx::query("UPDATE waits SET ended_at = ?, outcome = ?, done = ? WHERE run_id = ? AND number = ?");
                let query = query.bind(millis(end.ended)).bind(end.outcome).bind(end.done);
                query.bind(run).bind(end.number.cast_signed()).execute(connection).await.map(drop)
            })
        })
    }

    /// A run's waits, in the order in which they began.
    pub fn waits(&self, run: &str) -> Result<Vec<WaitRow>, StoreError> {
        let run = run.to_owned();
        self.read(move |connection| {
            Box::pin(async move {
                let query = sqlx::query("SELECT * FROM waits WHERE run_id = ? ORDER BY started_at, number");
                query.bind(run).fetch_all(connection).await?.iter().map(row).collect()
            })
        })
    }
}

fn row(row: &SqliteRow) -> Result<WaitRow, sqlx::Error> {
    let ended: Option<i64> = row.try_get("ended_at")?;
    Ok(WaitRow {
        start: WaitStart {
            number: row.try_get("number")?,
            started: timestamp(row.try_get("started_at")?),
            what: row.try_get("what")?,
        },
        ended: ended.map(timestamp),
        outcome: row.try_get("outcome")?,
        done: row.try_get("done")?,
    })
}
