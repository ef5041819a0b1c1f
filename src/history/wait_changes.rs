//! What is still to be written of waits.

use super::times::millis;
use jiff::Timestamp;
use sqlx::SqliteConnection;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A wait that begins.
#[derive(Debug, Clone)]
pub struct WaitStart {
    /// Its number in the run, from 1.
    pub number: u64,
    /// When.
    pub started: Timestamp,
    /// The task or the state that is waited for, with the Action that started it where this run
    /// made the call.
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

/// What is still to be written of waits.
#[derive(Default)]
pub(super) struct Unwritten(Mutex<Gathered>);

#[derive(Default)]
pub(super) struct Gathered {
    /// By run; in the order in which they were reported.
    pub(super) batches: Vec<(String, Vec<Change>)>,
    /// Whether a request that writes them is queued.
    pub(super) are_due: bool,
}

pub(super) enum Change {
    Began(WaitStart),
    Ended(WaitEnd),
}

impl Unwritten {
    pub(super) fn lock(&self) -> MutexGuard<'_, Gathered> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(super) async fn write(
    connection: &mut SqliteConnection,
    batches: Vec<(String, Vec<Change>)>,
) -> Result<(), sqlx::Error> {
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
