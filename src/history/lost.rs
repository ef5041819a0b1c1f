//! Runs whose process is gone without a record of its end.

use super::error::StoreError;
use super::runs::{RunEnd, RunRow};
use super::search::Filter;
use super::state::{RunOutcome, RunState};
use super::store::Store;
use jiff::Timestamp;
use std::time::Duration;

/// How long an end that a run has left waits for its record.
const PATIENCE: Duration = Duration::from_secs(10);

impl Store {
    /// Where a run stands now: one that has not recorded how it ended, and whose process is gone,
    /// is lost.
    pub fn state(&self, row: &RunRow) -> RunState {
        if row.state != RunState::Running || self.locks().is_run_alive(&row.run.id) {
            return row.state;
        }
        // It records how it ended before it lets go of its lock, which may have been since the row
        // was read.
        match self.run(&row.run.id) {
            Ok(Some(now)) if now.state != RunState::Running => now.state,
            _ => {
                let left = self.left_end(&row.run.id);
                RunState::Ended(left.map_or(RunOutcome::Lost, |end| end.outcome))
            }
        }
    }

    /// Records every run as lost that has not ended and that no living process carries out; gives
    /// them as they are then.
    ///
    /// For a server that begins, before it starts any run: one that another server has recorded and
    /// no process has claimed yet would be taken for lost too, and its process would find that out
    /// in [`Store::claim_run`].
    pub fn settle_lost_runs(&self, at: Timestamp) -> Result<Vec<RunRow>, StoreError> {
        self.take_up_left_ends(PATIENCE)?;
        let open = self.runs(Filter {
            open: true,
            ..Filter::default()
        })?;
        let mut lost = Vec::new();
        for mut row in open
            .into_iter()
            .filter(|row| !self.locks().is_run_alive(&row.run.id))
        {
            let error = match row.state {
                RunState::Queued => "the server ended before the run's process had begun",
                _ => "its process ended without a word: it was killed, or the machine stopped",
            };
            let end = RunEnd {
                id: row.run.id.clone(),
                ended: at,
                outcome: RunOutcome::Lost,
                status: None,
                error: Some(error.to_owned()),
            };
            self.locks().forget_run(&row.run.id);
            if self.end_run(end)? {
                (row.ended, row.state, row.error) = (
                    Some(at),
                    RunState::Ended(RunOutcome::Lost),
                    Some(error.to_owned()),
                );
                lost.push(row);
            }
        }
        Ok(lost)
    }
}

#[cfg(test)]
mod tests {
    use crate::history::{Filter, RunEnd, RunOutcome, RunState, Store};
    use jiff::Timestamp;

    #[test]
    fn a_run_that_has_ended_since_its_row_was_read_is_not_lost() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path().join("runs.db"));
        let run = "INSERT INTO runs (id, name, kind, args, version, started_at, state) VALUES ('r', '', 'run', '[]', '', 0, 'running')";
        store
            .write(move |connection| {
                Box::pin(async move { sqlx::query(run).execute(connection).await.map(drop) })
            })
            .unwrap();
        let read = store.runs(Filter::default()).unwrap().remove(0);
        assert_eq!(
            store.state(&read),
            RunState::Ended(RunOutcome::Lost),
            "its lock is free"
        );
        let ended = Timestamp::UNIX_EPOCH;
        store
            .end_run(RunEnd {
                id: "r".to_owned(),
                ended,
                outcome: RunOutcome::Done,
                status: Some(0),
                error: None,
            })
            .unwrap();
        assert_eq!(store.state(&read), RunState::Ended(RunOutcome::Done));
    }
}
