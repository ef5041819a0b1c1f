//! Waits: for tasks and for states.

use super::writer::{Job, Kind, Work};
use super::{Store, StoreError, millis, timestamp};
use jiff::Timestamp;
use sqlx::Row as _;
use sqlx::SqliteConnection;
use sqlx::sqlite::SqliteRow;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

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

/// What is still to be written of waits.
#[derive(Default)]
pub(super) struct Unwritten(Mutex<Gathered>);

#[derive(Default)]
struct Gathered {
    /// By run; in the order in which they were told.
    batches: Vec<(String, Vec<Change>)>,
    /// Whether what writes them is on its way.
    are_due: bool,
}

enum Change {
    Began(WaitStart),
    Ended(WaitEnd),
}

impl Unwritten {
    fn lock(&self) -> MutexGuard<'_, Gathered> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store {
    /// Records that a wait begins, without waiting for that.
    pub(in crate::run) fn wait_began(&self, run: &str, start: WaitStart) -> Result<(), StoreError> {
        self.add_wait(run, Change::Began(start))
    }

    /// Records how a wait ended, without waiting for that.
    pub(in crate::run) fn wait_ended(&self, run: &str, end: WaitEnd) -> Result<(), StoreError> {
        self.add_wait(run, Change::Ended(end))
    }

    /// Those that come while others are written are written together: ten thousand must not each be a request of their own.
    fn add_wait(&self, run: &str, change: Change) -> Result<(), StoreError> {
        let mut unwritten = self.waits.lock();
        match unwritten.batches.last_mut().filter(|(known, _)| known == run) {
            Some((_, changes)) => changes.push(change),
            None => unwritten.batches.push((run.to_owned(), vec![change])),
        }
        if std::mem::replace(&mut unwritten.are_due, true) {
            return Ok(());
        }
        drop(unwritten);
        let (waits, due) = (Arc::clone(&self.waits), Arc::clone(&self.waits));
        let job: Job = Box::new(move |connection| {
            let batches = {
                let mut unwritten = waits.lock();
                unwritten.are_due = false;
                std::mem::take(&mut unwritten.batches)
            };
            Box::pin(write(connection, batches))
        });
        // Where the transaction did not begin, they are still there.
        let settled = move |outcome: Result<(), StoreError>| due.lock().are_due &= outcome.is_ok();
        self.queue
            .push(Kind::Write, Work::Statements(job), Some(Box::new(settled)))
            .inspect_err(|_| self.waits.lock().are_due = false)
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

async fn write(connection: &mut SqliteConnection, batches: Vec<(String, Vec<Change>)>) -> Result<(), sqlx::Error> {
    for (run, changes) in batches {
        for change in changes {
            let query = match change {
                Change::Began(start) => sqlx::query(
                    "INSERT INTO waits (run_id, number, started_at, what)
                     SELECT ?1, ?2, ?3, ?4 WHERE EXISTS (SELECT 1 FROM runs WHERE id = ?1)",
                )
                .bind(&run)
                .bind(start.number.cast_signed())
                .bind(millis(start.started))
                .bind(start.what),
                Change::Ended(end) => {
                    sqlx::query("UPDATE waits SET ended_at = ?, outcome = ?, done = ? WHERE run_id = ? AND number = ?")
                        .bind(millis(end.ended))
                        .bind(end.outcome)
                        .bind(end.done)
                        .bind(&run)
                        .bind(end.number.cast_signed())
                }
            };
            query.execute(&mut *connection).await?;
        }
    }
    Ok(())
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
