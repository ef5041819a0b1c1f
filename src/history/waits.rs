//! Waits: for tasks and for states.

use super::connection::{Job, Kind, Work};
use super::error::StoreError;
use super::store::Store;
use super::times::timestamp;
use super::wait_changes::{Change, WaitEnd, WaitStart, write};
use jiff::Timestamp;
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;
use std::sync::Arc;

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
    pub fn wait_began(&self, run: &str, start: WaitStart) -> Result<(), StoreError> {
        self.add_wait(run, Change::Began(start))
    }

    /// Records how a wait ended, without waiting for that.
    pub fn wait_ended(&self, run: &str, end: WaitEnd) -> Result<(), StoreError> {
        self.add_wait(run, Change::Ended(end))
    }

    /// Those that come while others are written are written together: ten thousand must not each be
    /// a request of their own.
    fn add_wait(&self, run: &str, change: Change) -> Result<(), StoreError> {
        let mut unwritten = self.waits.lock();
        match unwritten
            .batches
            .last_mut()
            .filter(|(known, _)| known == run)
        {
            Some((_, changes)) => changes.push(change),
            None => unwritten.batches.push((run.to_owned(), vec![change])),
        }
        if std::mem::replace(&mut unwritten.are_due, true) {
            return Ok(());
        }
        drop(unwritten);
        self.write_waits()
    }

    /// Has all that has gathered written.
    pub(super) fn write_waits(&self) -> Result<(), StoreError> {
        let (waits, written) = (Arc::clone(&self.waits), Arc::clone(&self.waits));
        let job: Job = Box::new(move |connection| {
            let batches = waits.lock().take();
            Box::pin(write(connection, batches))
        });
        let settled = move |outcome: Result<(), StoreError>| written.lock().settle(outcome.is_ok());
        self.queue
            .push(Kind::Write, Work::Statements(job), Some(Box::new(settled)))
            .inspect_err(|_| self.waits.lock().are_due = false)
    }

    /// A run's waits, in the order in which they began.
    pub fn waits(&self, run: &str) -> Result<Vec<WaitRow>, StoreError> {
        let run = run.to_owned();
        self.read(move |connection| {
            Box::pin(async move {
                let query =
                    sqlx::query("SELECT * FROM waits WHERE run_id = ? ORDER BY started_at, number");
                query
                    .bind(run)
                    .fetch_all(connection)
                    .await?
                    .iter()
                    .map(row)
                    .collect()
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
