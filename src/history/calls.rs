//! Calls: their records, of a mutating one already before it leaves.

use super::call_batches::{CallRecord, Gathered};
use super::connection::{Kind, Work};
use super::error::StoreError;
use super::store::Store;
use super::times::{millis, timestamp};
use futures_util::TryStreamExt as _;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use sqlx::SqliteConnection;
use std::collections::BTreeMap;
use std::sync::{Arc, MutexGuard};
use tokio::sync::oneshot;

/// A call as the store has it.
#[derive(Debug, Clone, Deserialize)]
pub struct CallRow {
    /// Its number in the run, from 1.
    pub number: u64,
    /// When it was made; in its record stands when that was made.
    #[serde(rename = "time")]
    pub at: Timestamp,
    /// `sending` where its end was never recorded, otherwise `ended`.
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
    /// The ids that the answer to a change names.
    #[serde(default)]
    pub ids: Vec<String>,
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

impl Store {
    /// Records how a call ended, within moments, with others that end meanwhile.
    pub fn add_call(&self, run: &str, call: CallRecord<'_>) -> Result<(), StoreError> {
        let mut unwritten = self.calls.lock();
        unwritten
            .add(run, call)
            .map_err(|()| self.queue.slow_disk())?;
        if !unwritten.become_due() {
            return Ok(());
        }
        drop(unwritten);
        self.write_calls(Kind::Gather)
    }

    /// Has all that has gathered written.
    pub(super) fn write_calls(&self, kind: Kind) -> Result<(), StoreError> {
        let (calls, written) = (Arc::clone(&self.calls), Arc::clone(&self.calls));
        let rows = Work::Rows(Box::new(move || calls.lock().take()));
        let settled = move |outcome: Result<(), StoreError>| written.lock().settle(outcome.is_ok());
        self.queue
            .push(kind, rows, Some(Box::new(settled)))
            .inspect_err(|_| self.calls.lock().postpone())
    }

    /// Records that a call is about to leave; ends when that is written. Those of calls side by
    /// side are written in one transaction.
    pub async fn add_intent(&self, run: &str, call: CallRecord<'_>) -> Result<(), StoreError> {
        let (written, settled) = oneshot::channel();
        {
            let mut unwritten = self.calls.lock();
            unwritten.add_intent(run, call, written);
            self.write_intents(unwritten)?;
        }
        settled.await.unwrap_or_else(|_| Err(self.queue.ended()))
    }

    fn write_intents(&self, mut unwritten: MutexGuard<'_, Gathered>) -> Result<(), StoreError> {
        if !unwritten.intents_become_due() {
            return Ok(());
        }
        drop(unwritten);
        let (calls, written) = (Arc::clone(&self.calls), Arc::clone(&self.calls));
        let rows = Work::Rows(Box::new(move || calls.lock().take_intents()));
        let settled = move |outcome: Result<(), StoreError>| {
            let waiting = written.lock().settle_intents();
            for waiting in waiting {
                // The request may have been given up.
                let _ = waiting.send(outcome.clone());
            }
        };
        // What could not be given to the thread waits for the next that can.
        let given = self.queue.push(Kind::Intent, rows, Some(Box::new(settled)));
        given.inspect_err(|_| self.calls.lock().postpone_intents())
    }

    /// A run's calls after that number, in the order in which they were made, so many at most.
    pub fn calls(&self, run: &str, after: u64, limit: u32) -> Result<Vec<CallRow>, StoreError> {
        let run = run.to_owned();
        self.read(move |connection| Box::pin(select(connection, run, after, limit)))
    }
}

async fn select(
    connection: &mut SqliteConnection,
    run: String,
    after: u64,
    limit: u32,
) -> Result<Vec<CallRow>, sqlx::Error> {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let query = sqlx::query_as::<_, (i64, String)>(
        "SELECT number, records FROM call_batches WHERE run_id = ? AND last > ? ORDER BY number",
    );
    let mut batches = query.bind(run).bind(after.cast_signed()).fetch(connection);
    let mut calls = BTreeMap::new();
    while let Some((first, records)) = batches.try_next().await? {
        // What follows was made later than all that is asked for.
        if calls.len() >= limit && calls.range(..first.cast_unsigned()).count() >= limit {
            break;
        }
        let batch: Vec<CallRow> =
            serde_json::from_str(&records).map_err(|error| sqlx::Error::Decode(error.into()))?;
        calls.extend(
            batch
                .into_iter()
                .filter(|call| call.number > after)
                .map(|call| (call.number, call.dated_from_start())),
        );
    }
    Ok(calls.into_values().take(limit).collect())
}

impl CallRow {
    /// The call with the time when it was made, where its record has the time of its end.
    fn dated_from_start(mut self) -> Self {
        let took = SignedDuration::from_millis(if self.phase == "ended" {
            self.duration_ms.cast_signed()
        } else {
            0
        });
        self.at = timestamp(millis(self.at.checked_sub(took).unwrap_or(self.at)));
        self
    }
}

#[cfg(test)]
mod tests {
    use super::CallRow;
    use crate::history::{CallRecord, Store};
    use std::time::Duration;

    const MUCH: Duration = Duration::from_mins(1);

    /// Puts a run `r` into it.
    fn with_run(store: &Store) {
        let run = "INSERT INTO runs (id, name, kind, args, profile, version, simulated, attempt, started_at) \
                   VALUES ('r', '', 'run', '[]', '', '', 0, 1, 0)";
        store
            .write(move |connection| {
                Box::pin(async move { sqlx::query(run).execute(connection).await.map(drop) })
            })
            .unwrap();
    }

    struct TestCall {
        number: u64,
        read_only: bool,
        line: String,
    }

    impl TestCall {
        fn record(&self) -> CallRecord<'_> {
            CallRecord {
                number: self.number,
                read_only: self.read_only,
                line: &self.line,
            }
        }
    }

    fn call(number: u64, read_only: bool, phase: &str, duration_ms: u64) -> TestCall {
        let record = serde_json::json!({
            "number": number, "time": "1970-01-01T00:01:40Z", "run": "r", "phase": phase, "place": "0#1", "action": "cds.ccs.DescribeTags",
            "read_only": read_only, "params": {}, "attempts": 1, "duration_ms": duration_ms, "sent": "yes",
        });
        TestCall {
            number,
            read_only,
            line: record.to_string(),
        }
    }

    fn reading(number: u64) -> TestCall {
        call(number, true, "ended", 1_500)
    }

    fn numbers(calls: &[CallRow]) -> Vec<u64> {
        calls.iter().map(|call| call.number).collect()
    }

    #[tokio::test]
    async fn calls_come_in_the_order_in_which_they_were_made_whatever_row_they_are_in() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path().join("runs.db"));
        with_run(&store);
        let read = |number| store.add_call("r", reading(number).record()).unwrap();
        [2, 5, 3].into_iter().for_each(read);
        store
            .add_intent("r", call(4, false, "sending", 0).record())
            .await
            .unwrap();
        [1, 7].into_iter().for_each(read);
        store
            .add_call("r", call(4, false, "ended", 500).record())
            .unwrap();
        read(6);
        store.flush(MUCH).unwrap();
        let calls = store.calls("r", 0, 10).unwrap();
        assert_eq!(numbers(&calls), [1, 2, 3, 4, 5, 6, 7]);
        assert_eq!(calls.iter().filter(|call| call.phase == "ended").count(), 7);
        assert_eq!(
            (calls[0].at.as_millisecond(), calls[3].at.as_millisecond()),
            (98_500, 99_500)
        );
        for after in 0..8 {
            let page = numbers(&store.calls("r", after, 2).unwrap());
            assert_eq!(page, (after + 1..=7).take(2).collect::<Vec<_>>());
        }
        assert_eq!(store.run("r").unwrap().unwrap().calls, 7);
        let seen: Vec<(i64, String, String)> = store
            .read(|connection| {
                let query = sqlx::query_as(
                    "SELECT number, phase, time FROM calls WHERE run_id = 'r' ORDER BY number",
                );
                Box::pin(query.fetch_all(connection))
            })
            .unwrap();
        let row = |number| {
            (
                number,
                "ended".to_owned(),
                "1970-01-01T00:01:40Z".to_owned(),
            )
        };
        assert_eq!(seen, (1..=7).map(row).collect::<Vec<_>>());
    }

    #[test]
    fn calls_that_came_while_the_queue_was_full_are_written_with_a_later_one() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path().join("runs.db"));
        with_run(&store);
        let (go, gone) = std::sync::mpsc::channel::<()>();
        let (begin, begun) = std::sync::mpsc::channel();
        let held = move || begin.send(()).is_ok() && gone.recv().is_ok();
        store
            .post(move |_| {
                Box::pin(async move { held().then_some(()).ok_or(sqlx::Error::RowNotFound) })
            })
            .unwrap();
        // Until then the writer takes more out of the queue, which would be full for a moment only.
        begun.recv().unwrap();
        while store.post(|_| Box::pin(async { Ok(()) })).is_ok() {}
        let call = |number| store.add_call("r", reading(number).record());
        assert!(call(1).is_err(), "the queue is full");
        go.send(()).unwrap();
        while store.flush(MUCH).is_err() {
            std::thread::yield_now();
        }
        call(2).unwrap();
        store.flush(MUCH).unwrap();
        let written: Vec<_> = store
            .calls("r", 0, 10)
            .unwrap()
            .into_iter()
            .map(|call| call.number)
            .collect();
        assert_eq!(written, [1, 2]);
    }

    #[test]
    fn calls_of_a_run_that_is_gone_keep_no_other_back() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path().join("runs.db"));
        with_run(&store);
        for (number, run) in [(1, "r"), (2, "gone"), (3, "gone"), (4, "r")] {
            store.add_call(run, reading(number).record()).unwrap();
        }
        store.flush(MUCH).unwrap();
        let written = |run| {
            store
                .calls(run, 0, 10)
                .unwrap()
                .into_iter()
                .map(|call| call.number)
                .collect::<Vec<_>>()
        };
        assert_eq!((written("r"), written("gone")), (vec![1, 4], vec![]));
    }

    #[tokio::test]
    async fn an_intent_that_is_written_late_does_not_take_the_place_of_the_end() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path().join("runs.db"));
        with_run(&store);
        store
            .add_call("r", call(1, false, "ended", 500).record())
            .unwrap();
        store.flush(MUCH).unwrap();
        store
            .add_intent("r", call(1, false, "sending", 0).record())
            .await
            .unwrap();
        assert_eq!(store.calls("r", 0, 10).unwrap()[0].phase, "ended");
    }

    #[test]
    fn calls_whose_transaction_fails_are_written_with_later_ones() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path().join("runs.db"));
        with_run(&store);
        let (go, gone) = std::sync::mpsc::channel::<()>();
        let (begin, begun) = std::sync::mpsc::channel();
        let held = move || begin.send(()).is_ok() && gone.recv().is_ok();
        store
            .post(move |_| {
                Box::pin(async move { held().then_some(()).ok_or(sqlx::Error::RowNotFound) })
            })
            .unwrap();
        begun.recv().unwrap();
        store.add_call("r", reading(1).record()).unwrap();
        store
            .post(|_| Box::pin(async { Err(sqlx::Error::RowNotFound) }))
            .unwrap();
        go.send(()).unwrap();
        // It may share the transaction.
        let _ = store.flush(MUCH);
        assert!(store.calls("r", 0, 10).unwrap().is_empty(), "the call does");
        store.add_call("r", reading(2).record()).unwrap();
        store.flush(MUCH).unwrap();
        assert_eq!(numbers(&store.calls("r", 0, 10).unwrap()), [1, 2]);
    }
}
