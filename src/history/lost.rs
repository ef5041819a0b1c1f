//! Runs whose process is gone without a record of its end.

use super::error::StoreError;
use super::runs::{RunEnd, RunRow};
use super::search::Filter;
use super::state::{RunOutcome, RunState};
use super::store::Store;
use super::times::timestamp;
use jiff::Timestamp;
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;
use std::collections::HashMap;
use std::time::Duration;

/// How long an end that a run has left waits for its record.
const PATIENCE: Duration = Duration::from_secs(10);

/// What a server that begins finds of runs that no living process carries out.
#[derive(Debug, Default)]
pub struct Settled {
    /// Those that had begun, as they are then: lost.
    pub lost: Vec<RunRow>,
    /// Those that no process had claimed, as they were: they are to begin anew.
    pub taken_back: Vec<RunRow>,
}

impl Store {
    /// Where a run stands now: one that has not recorded how it ended, and whose process is gone,
    /// is lost.
    pub fn state(&self, row: &RunRow) -> RunState {
        if row.state != RunState::Running || self.locks().is_run_alive(&row.run.id) {
            return row.state;
        }
        // It records how it ended before it lets go of its lock, which may have been since the row
        // was read. What it could only leave beside the store is looked for first: another process
        // that takes that up removes it once it is in the store.
        let left = self.left_end(&row.run.id);
        match self.run(&row.run.id) {
            Ok(Some(now)) if now.state != RunState::Running => now.state,
            _ => RunState::Ended(left.map_or(RunOutcome::Lost, |end| end.outcome)),
        }
    }

    /// How these runs ended, as they have recorded themselves, by their ids; one that goes on or is
    /// lost is not among them.
    pub fn recorded_ends(&self, ids: &[&str]) -> Result<HashMap<String, RunEnd>, StoreError> {
        let wanted = serde_json::Value::from(ids).to_string();
        // Before the store is asked, as in `state`.
        let left: Vec<RunEnd> = ids.iter().filter_map(|id| self.left_end(id)).collect();
        let mut ends: HashMap<String, RunEnd> = self.read(move |connection| {
            Box::pin(async move {
                let query = sqlx::query(
                    "SELECT id, ended_at, state, status, error FROM runs
                     WHERE id IN (SELECT value FROM json_each(?)) AND ended_at IS NOT NULL",
                );
                let rows = query.bind(wanted).fetch_all(connection).await?;
                let end = |row: &SqliteRow| {
                    let (id, state): (String, String) = (row.try_get("id")?, row.try_get("state")?);
                    Ok(RunEnd {
                        id,
                        ended: timestamp(row.try_get("ended_at")?),
                        // A word of a later version: it did not end well, as far as this one knows.
                        outcome: RunOutcome::parse(&state).unwrap_or(RunOutcome::Failed),
                        status: row.try_get("status")?,
                        error: row.try_get("error")?,
                    })
                };
                let ends = rows
                    .iter()
                    .map(end)
                    .collect::<Result<Vec<_>, sqlx::Error>>()?;
                Ok(ends.into_iter().map(|end| (end.id.clone(), end)).collect())
            })
        })?;
        for end in left {
            ends.entry(end.id.clone()).or_insert(end);
        }
        Ok(ends)
    }

    /// Records every run as lost that has not ended and that no living process carries out; one that
    /// no process has claimed is taken back instead. `words` gives the last ones of its process, where
    /// there are any.
    ///
    /// For a server that begins, before it starts any run. A process that a server before has started
    /// and that comes to claim its run only now finds in [`Store::claim_run`] that it must not.
    pub fn settle_lost_runs(
        &self,
        at: Timestamp,
        words: impl Fn(&str) -> Option<String>,
    ) -> Result<Settled, StoreError> {
        self.take_up_left_ends(PATIENCE)?;
        let open = self.runs(Filter {
            open: true,
            ..Filter::default()
        })?;
        let mut settled = Settled::default();
        for mut row in open
            .into_iter()
            .filter(|row| !self.locks().is_run_alive(&row.run.id))
        {
            // It may have ended since ends were taken up, which a store that is held makes long.
            if self.take_up_left_end(&row.run.id, PATIENCE)? {
                continue;
            }
            let is_unclaimed = row.state == RunState::Queued;
            if is_unclaimed && self.take_back_run(&row.run)? {
                settled.taken_back.push(row);
                continue;
            }
            let how = if is_unclaimed {
                "the server ended before the run's process had begun"
            } else {
                "its process ended without recording how: it was killed, or the machine stopped"
            };
            let last = words(&row.run.id).map(|line| format!("; its last line: {line}"));
            let error = how.to_owned() + &last.unwrap_or_default();
            let end = RunEnd {
                id: row.run.id.clone(),
                ended: at,
                outcome: RunOutcome::Lost,
                status: None,
                error: Some(error.clone()),
            };
            // One that has been claimed since its row was read goes on.
            let is_lost = if is_unclaimed {
                self.end_run_before_it_begins(end)?
            } else {
                self.end_run(end)?
            };
            if is_lost {
                self.locks().forget_run(&row.run.id);
                (row.ended, row.state, row.error) =
                    (Some(at), RunState::Ended(RunOutcome::Lost), Some(error));
                settled.lost.push(row);
            }
        }
        Ok(settled)
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
