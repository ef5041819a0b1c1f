//! Calls that are still to be written: those that come together are written together.

use super::connection::Insert;
use super::error::StoreError;
use sqlx::sqlite::SqliteArguments;
use sqlx::{Arguments as _, AssertSqlSafe, SqlSafeStr as _};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::oneshot;

/// What is to be recorded of a call.
#[derive(Debug, Clone, Copy)]
pub struct CallRecord<'a> {
    /// Its number in the run, from 1.
    pub number: u64,
    /// Whether it changes nothing.
    pub read_only: bool,
    /// Its record: a JSON object in a line, without secrets.
    pub line: &'a str,
}

/// Calls that are still to be written.
#[derive(Default)]
pub(super) struct Unwritten(Mutex<Gathered>);

#[derive(Default)]
pub(super) struct Gathered {
    /// In the order in which they were reported.
    batches: VecDeque<Batch>,
    /// Those that are being written. They stay where that fails, for the next time.
    taken: Vec<Arc<Insert>>,
    /// How many calls both hold, and how many of them are being written.
    calls: usize,
    calls_taken: usize,
    /// Whether a request that writes them is queued.
    are_due: bool,
    /// Calls that are about to leave once they are written.
    intents: VecDeque<Batch>,
    /// Notified when that is written.
    waiting: Vec<Waiting>,
    /// Notified when those that are being written are.
    waiting_for_taken: Vec<Waiting>,
    /// Whether a request that writes them is queued.
    intents_are_due: bool,
}

type Waiting = oneshot::Sender<Result<(), StoreError>>;

/// Calls of one row.
struct Batch {
    run: String,
    /// The lowest of the calls' numbers and the highest.
    first: u64,
    last: u64,
    calls: usize,
    /// Whether others may come in. What may change something comes twice, and at its end replaces
    /// its row, in which no other may be.
    is_open: bool,
    /// An array of JSON, of which the end is missing.
    records: String,
}

impl Gathered {
    /// Takes a call that has ended, unless too many wait.
    pub(super) fn add(&mut self, run: &str, call: CallRecord<'_>) -> Result<(), ()> {
        if self.calls >= MOST_UNWRITTEN {
            return Err(());
        }
        self.calls += 1;
        if call.read_only
            && let Some(batch) = self
                .batches
                .back_mut()
                .filter(|batch| batch.is_open && batch.run == run)
        {
            (batch.first, batch.last) = (batch.first.min(call.number), batch.last.max(call.number));
            batch.calls += 1;
            batch.is_open = batch.calls < MOST_CALLS;
            batch.records.push(',');
            batch.records.push_str(call.line);
            return Ok(());
        }
        self.batches.push_back(Batch::of(run, call));
        Ok(())
    }

    /// How many calls are not written.
    pub(super) fn unwritten(&self) -> usize {
        self.calls
    }

    /// Takes a call that is about to leave, and notifies `waiting` when that is written.
    pub(super) fn add_intent(&mut self, run: &str, call: CallRecord<'_>, waiting: Waiting) {
        self.intents.push_back(Batch::of(run, call));
        self.waiting.push(waiting);
    }

    /// Whether no request that writes ended calls is queued yet; from now on one is.
    pub(super) fn become_due(&mut self) -> bool {
        !std::mem::replace(&mut self.are_due, true)
    }

    /// The same for calls that are about to leave.
    pub(super) fn intents_become_due(&mut self) -> bool {
        !std::mem::replace(&mut self.intents_are_due, true)
    }

    /// The request that was to write ended calls could not be queued.
    pub(super) fn postpone(&mut self) {
        self.are_due = false;
    }

    /// The same of what is about to leave.
    pub(super) fn postpone_intents(&mut self) {
        self.intents_are_due = false;
    }

    /// Takes all that have ended, to write them.
    pub(super) fn take(&mut self) -> Result<Vec<Arc<Insert>>, sqlx::Error> {
        (self.are_due, self.calls_taken) = (false, self.calls);
        self.taken.append(&mut inserts(
            &mut self.batches,
            "DO UPDATE SET records = excluded.records",
        )?);
        Ok(self.taken.clone())
    }

    pub(super) fn settle(&mut self, is_written: bool) {
        if is_written {
            self.taken = Vec::new();
            self.calls -= std::mem::take(&mut self.calls_taken);
        } else {
            self.are_due = false;
        }
    }

    /// Takes all that are about to leave, to write them.
    pub(super) fn take_intents(&mut self) -> Result<Vec<Arc<Insert>>, sqlx::Error> {
        self.intents_are_due = false;
        self.waiting_for_taken.append(&mut self.waiting);
        inserts(&mut self.intents, "DO NOTHING")
    }

    /// Gives the waiters of those whose outcome is known now.
    pub(super) fn settle_intents(&mut self) -> Vec<Waiting> {
        if self.waiting_for_taken.is_empty() {
            // Their transaction did not begin, so that nothing was taken.
            self.intents.clear();
            self.intents_are_due = false;
            return std::mem::take(&mut self.waiting);
        }
        std::mem::take(&mut self.waiting_for_taken)
    }
}

impl Batch {
    fn of(run: &str, call: CallRecord<'_>) -> Self {
        let records = format!("[{}", call.line);
        Self {
            run: run.to_owned(),
            first: call.number,
            last: call.number,
            calls: 1,
            is_open: call.read_only,
            records,
        }
    }
}

/// Calls that may wait: beyond it recording fails, because the store cannot keep up, instead of
/// filling memory.
const MOST_UNWRITTEN: usize = 50_000;

/// Calls of one row at most, so that no reader has to take in much at once.
const MOST_CALLS: usize = 250;

impl Unwritten {
    pub(super) fn lock(&self) -> MutexGuard<'_, Gathered> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Rows of one statement at most.
const MOST_ROWS: usize = 64;

/// Rows that go together are no larger, in bytes: a statement holds them all.
const TOGETHER: usize = 64 * 1024;

/// Makes statements of as many rows as go together. Each row's calls move there: ten thousand may
/// have gathered. An end takes the place of its intent, and an intent that comes late not that of
/// its end.
fn inserts(
    batches: &mut VecDeque<Batch>,
    where_known: &str,
) -> Result<Vec<Arc<Insert>>, sqlx::Error> {
    let mut inserts = Vec::new();
    while !batches.is_empty() {
        let mut bytes = 0;
        let fits = |batch: &&Batch| {
            bytes += batch.records.len();
            bytes <= TOGETHER
        };
        let rows = batches
            .iter()
            .take(MOST_ROWS)
            .take_while(fits)
            .count()
            .max(1);
        inserts.push(Arc::new(insert(batches.drain(..rows), where_known)?));
    }
    Ok(inserts)
}

/// A statement that writes these rows, without those whose run has been pruned, and its calls with
/// it.
fn insert(
    batches: impl ExactSizeIterator<Item = Batch>,
    where_known: &str,
) -> Result<Insert, sqlx::Error> {
    // Few sizes, so that few statements are prepared. A row too many is one of NULLs, which is of
    // no run.
    let places = vec!["(?, ?, ?, ?, ?)"; batches.len().next_power_of_two()].join(", ");
    let sql = format!(
        "INSERT INTO call_batches (run_id, number, last, calls, records)
         SELECT * FROM (VALUES {places}) WHERE EXISTS (SELECT 1 FROM runs WHERE id = column1)
         ON CONFLICT (run_id, number) {where_known}"
    );
    let mut values = SqliteArguments::default();
    let add = |Batch {
                   run,
                   first,
                   last,
                   calls,
                   mut records,
                   ..
               }| {
        records.push(']');
        values.add(run)?;
        values.add(first.cast_signed())?;
        values.add(last.cast_signed())?;
        values.add(i64::try_from(calls)?)?;
        values.add(records)
    };
    batches
        .map(add)
        .try_for_each(|added| added)
        .map_err(sqlx::Error::Encode)?;
    Ok(Insert {
        sql: AssertSqlSafe(sql).into_sql_str(),
        values,
    })
}
