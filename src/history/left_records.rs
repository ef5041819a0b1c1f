//! What a run could not record at its end, because another process had the store or its disk was
//! full: it stands in a file of its own, with the same tables, until a process opens the store that
//! can write it there.

use super::carried_over::{Rows, statements};
use super::connection::{Kind, Queue, Role};
use super::error::StoreError;
use super::output_buffer::OutputBuffer;
use super::runs::{NewRun, RunEnd};
use super::store::Store;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// What such a file has. What the store has from before is kept, but for what has ended since.
const LEFT: [Rows; 5] = [
    Rows::new("scripts", "true"),
    Rows::or(
        "runs",
        "true",
        "(id) DO UPDATE SET ended_at = excluded.ended_at, state = excluded.state, status = excluded.status,
         error = excluded.error WHERE ended_at IS NULL",
    ),
    Rows::new("output", "true"),
    Rows::or(
        "call_batches",
        "true",
        "(run_id, number) DO UPDATE SET last = excluded.last, calls = excluded.calls, records = excluded.records",
    ),
    Rows::or(
        "waits",
        "true",
        "(run_id, number) DO UPDATE SET ended_at = excluded.ended_at, outcome = excluded.outcome, done = excluded.done",
    ),
];

impl Store {
    /// How many calls are not written yet.
    pub fn unwritten_calls(&self) -> usize {
        self.calls.lock().unwritten()
    }

    /// Waits until calls and waits are written, for so long at most.
    pub fn flush_records(&self, limit: Duration) -> Result<(), StoreError> {
        let is_written = || self.unwritten_calls() == 0 && self.waits.lock().is_empty();
        if is_written() {
            return Ok(());
        }
        self.write_calls(Kind::Write)?;
        self.write_waits()?;
        self.flush(limit)?;
        if is_written() {
            Ok(())
        } else {
            Err(self.queue.slow(limit))
        }
    }

    /// Leaves what of a run is not written in a file of its own, with how it ended.
    pub fn leave_records(
        &self,
        run: NewRun,
        end: &RunEnd,
        output: &OutputBuffer,
        limit: Duration,
    ) -> Result<(), StoreError> {
        let path = self.locks().left_records(&run.id);
        let beside = Self {
            queue: Arc::new(Queue::start(path, self.locks().clone(), Role::Command)),
            calls: Arc::clone(&self.calls),
            waits: Arc::clone(&self.waits),
            ..self.clone()
        };
        let left = beside
            .start_run(run)
            .and_then(|()| beside.flush_records(limit))
            .and_then(|()| beside.end_run_within(end.clone(), limit).map(drop));
        if left.is_ok() {
            // Of lines only the end of a run is missing, and not that it ended.
            let _ = output.write_beside(&beside, limit);
        }
        if left.is_err() {
            // Half of it would pass for all of it.
            remove(beside.path());
        }
        left
    }

    /// Whether runs that have ended have left anything in files of their own.
    pub fn has_left_records(&self) -> bool {
        !self.locks().all_left_records().is_empty()
    }

    /// Records what runs that have ended have left in files of their own. It waits so long for each at
    /// most: what cannot be recorded now stays where it is.
    pub fn take_up_left_records(&self, limit: Duration) -> Result<(), StoreError> {
        for path in self.locks().all_left_records() {
            let from = path.clone();
            let is_readable = self.ask(
                Kind::Write,
                move |connection| {
                    Box::pin(async move {
                        let Ok(left) = read(&from).await else {
                            return Ok(false);
                        };
                        for statement in left {
                            sqlx::raw_sql(AssertSqlSafe(statement))
                                .execute(&mut *connection)
                                .await?;
                        }
                        Ok(true)
                    })
                },
                Some(limit),
            )?;
            if is_readable {
                remove(&path);
            } else {
                // A machine that stopped may have left half of it; a person can look at it.
                let _ = fs::rename(&path, path.with_extension("unreadable"));
            }
        }
        Ok(())
    }
}

/// The statements that write what such a file has.
async fn read(path: &Path) -> Result<Vec<String>, sqlx::Error> {
    let mut left = SqliteConnectOptions::new().filename(path).connect().await?;
    let mut all = Vec::new();
    for rows in &LEFT {
        all.extend(statements(&mut left, rows, "true").await?);
    }
    left.close().await?;
    Ok(all)
}

fn remove(database: &Path) {
    for end in ["", "-wal", "-shm"] {
        let mut file = database.as_os_str().to_owned();
        file.push(end);
        // A file that is left over is taken up again, which changes nothing.
        let _ = fs::remove_file(PathBuf::from(file));
    }
}

#[cfg(test)]
mod tests {
    use crate::history::{CallRecord, NewRun, OutputBuffer, RunEnd, RunOutcome, Store};
    use jiff::Timestamp;
    use std::fs;
    use std::time::Duration;

    const MUCH: Duration = Duration::from_mins(1);

    fn leave(store: &Store, id: &str) {
        let run = NewRun {
            id: id.to_owned(),
            pid: Some(1),
            ..NewRun::default()
        };
        let end = RunEnd {
            id: id.to_owned(),
            ended: Timestamp::UNIX_EPOCH,
            outcome: RunOutcome::Done,
            status: Some(0),
            error: None,
        };
        let line = format!(
            r#"{{"number":1,"time":"1970-01-01T00:00:00Z","run":"{id}","phase":"ended","place":"0","action":"a","read_only":false,"params":{{}},"attempts":1,"duration_ms":1,"sent":"yes"}}"#
        );
        let call = CallRecord {
            number: 1,
            read_only: false,
            line: &line,
        };
        store.calls.lock().add(id, call).unwrap();
        store
            .leave_records(run, &end, &OutputBuffer::new(id), MUCH)
            .unwrap();
        assert_eq!(store.unwritten_calls(), 0);
    }

    #[test]
    fn what_was_left_is_taken_up_once_and_what_cannot_be_read_holds_nothing_up() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path().join("runs.db"));
        store.flush(MUCH).unwrap();
        leave(&store, "a");
        let broken = store.locks().left_records("b");
        fs::write(&broken, "half of a fi").unwrap();
        leave(&store, "c");
        for _ in 0..2 {
            store.take_up_left_ends(MUCH).unwrap();
            for id in ["a", "c"] {
                let row = store.run(id).unwrap().unwrap();
                assert_eq!(row.state.outcome(), Some(RunOutcome::Done));
                assert_eq!(store.calls(id, 0, 10).unwrap().len(), 1);
            }
        }
        assert!(store.locks().all_left_records().is_empty());
        assert!(broken.with_extension("unreadable").exists());
    }
}
