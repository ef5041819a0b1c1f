//! Ends of runs that the store could not take: another process had it, or the disk was full. They
//! stand in the file of the run's lock until somebody opens the store who can write them.

use super::error::StoreError;
use super::locks::Held;
use super::runs::RunEnd;
use super::state::RunOutcome;
use super::store::Store;
use serde::{Deserialize, Serialize};
use std::time::Duration;
use std::{fs, io};

/// An error's text is cut to this, in bytes, so that it has room.
const LONGEST_ERROR: usize = 2_000;

#[derive(Serialize, Deserialize)]
struct LeftEnd {
    id: String,
    ended: jiff::Timestamp,
    outcome: String,
    status: Option<i32>,
    error: Option<String>,
}

impl Held {
    /// Leaves how the run ended in the file of its lock.
    pub fn leave_end(&mut self, end: &RunEnd) -> io::Result<()> {
        let cut = |error: &String| error[..error.floor_char_boundary(LONGEST_ERROR)].to_owned();
        let left = LeftEnd {
            id: end.id.clone(),
            ended: end.ended,
            outcome: end.outcome.as_str().to_owned(),
            status: end.status,
            error: end.error.as_ref().map(cut),
        };
        self.leave(&serde_json::to_string(&left)?)
    }
}

/// The end that stands in such a line. One that is cut is that of a run whose end is not known.
fn parse(line: &str) -> Option<RunEnd> {
    let left: LeftEnd = serde_json::from_str(line).ok()?;
    Some(RunEnd {
        id: left.id,
        ended: left.ended,
        outcome: RunOutcome::parse(&left.outcome)?,
        status: left.status,
        error: left.error,
    })
}

impl Store {
    /// Records the ends that runs could only leave beside the store. It waits so long for each at
    /// most: what cannot be recorded now stays where it is.
    pub fn take_up_left_ends(&self, limit: Duration) -> Result<(), StoreError> {
        self.take_up_left_records(limit)?;
        for (path, line) in self.locks().left() {
            if let Some(end) = parse(&line) {
                self.end_run_within(end, limit)?;
                // A file that is left over is taken up again, which changes nothing.
                let _ = fs::remove_file(path);
            }
        }
        Ok(())
    }

    /// The same of one run; whether it has left an end.
    pub(super) fn take_up_left_end(&self, id: &str, limit: Duration) -> Result<bool, StoreError> {
        let Some(end) = self.left_end(id) else {
            return Ok(false);
        };
        self.end_run_within(end, limit)?;
        self.locks().forget_run(id);
        Ok(true)
    }

    /// How a run ended that could only leave that beside the store.
    pub(super) fn left_end(&self, id: &str) -> Option<RunEnd> {
        parse(&self.locks().left_by(id)?)
    }
}

#[cfg(test)]
mod tests {
    use crate::history::{RunEnd, RunOutcome, RunState, Store};
    use jiff::Timestamp;
    use std::time::Duration;

    #[test]
    fn an_end_that_was_left_is_the_runs_end_and_not_lost() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path().join("runs.db"));
        for id in ["a", "b"] {
            let run = format!(
                "INSERT INTO runs (id, name, kind, args, version, started_at, state) VALUES ('{id}', '', 'run', '[]', '', 0, 'running')"
            );
            store
                .write(move |connection| {
                    Box::pin(async move {
                        sqlx::query(sqlx::AssertSqlSafe(run))
                            .execute(connection)
                            .await
                            .map(drop)
                    })
                })
                .unwrap();
        }
        let mut held = store.locks().run("a").unwrap().held().unwrap();
        let end = RunEnd {
            id: "a".to_owned(),
            ended: Timestamp::UNIX_EPOCH,
            outcome: RunOutcome::TimedOut,
            status: Some(124),
            error: Some("ä\n".repeat(4_000)),
        };
        held.leave_end(&end).unwrap();
        store.take_up_left_ends(Duration::from_mins(1)).unwrap();
        let state = |id| store.run(id).unwrap().unwrap().state;
        assert_eq!(state("a"), RunState::Running, "it goes on");
        drop(held);
        // A process that another test starts at this moment may hold it a little longer.
        while store.locks().is_run_alive("a") {}
        let row = store.run("a").unwrap().unwrap();
        assert_eq!(store.state(&row), RunState::Ended(RunOutcome::TimedOut));
        store.take_up_left_ends(Duration::from_mins(1)).unwrap();
        assert_eq!(state("a"), RunState::Ended(RunOutcome::TimedOut));
        assert_eq!(state("b"), RunState::Running);
        assert!(store.locks().left().is_empty());
    }
}
