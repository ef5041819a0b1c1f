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
    /// Those that are being written. They stay where that fails, for the next time.
    taken: Vec<(String, Vec<Change>)>,
    /// Whether a request that writes them is queued.
    pub(super) are_due: bool,
}

#[derive(Clone)]
pub(super) enum Change {
    Began(WaitStart),
    Ended(WaitEnd),
}

impl Gathered {
    /// Whether all is written.
    pub(super) fn is_empty(&self) -> bool {
        self.batches.is_empty() && self.taken.is_empty()
    }

    /// Takes all, to write them.
    pub(super) fn take(&mut self) -> Vec<(String, Vec<Change>)> {
        self.are_due = false;
        self.taken.append(&mut self.batches);
        self.taken.clone()
    }

    pub(super) fn settle(&mut self, is_written: bool) {
        if is_written {
            self.taken.clear();
        } else {
            self.are_due = false;
        }
    }
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
                     SELECT ?1, ?2, ?3, ?4 WHERE EXISTS (SELECT 1 FROM runs WHERE id = ?1)
                     ON CONFLICT DO NOTHING",
                )
                .bind(&run)
                .bind(start.number.cast_signed())
                .bind(millis(start.started))
                .bind(start.what),
                Change::Ended(end) => {
                    // Its beginning may stand in another file.
                    let ended = "INSERT INTO waits (run_id, number, started_at, what, ended_at, outcome, done)
                         SELECT ?1, ?2, ?3, '', ?3, ?4, ?5 WHERE EXISTS (SELECT 1 FROM runs WHERE id = ?1)
                         ON CONFLICT DO UPDATE SET ended_at = ?3, outcome = ?4, done = ?5";
                    sqlx::query(ended)
                        .bind(&run)
                        .bind(end.number.cast_signed())
                        .bind(millis(end.ended))
                        .bind(end.outcome)
                        .bind(end.done)
                }
            };
            query.execute(&mut *connection).await?;
        }
    }
    Ok(())
}
