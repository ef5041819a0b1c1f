//! Tasks that a run has waited for.

use super::{Store, StoreError, millis, timestamp};
use jiff::Timestamp;
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

/// A wait that begins.
#[derive(Debug, Clone)]
pub struct TaskStart {
    /// Its number in the run, from 1.
    pub number: u64,
    /// When.
    pub started: Timestamp,
    /// The task's dialect.
    pub dialect: String,
    /// The task's id.
    pub task: String,
    /// The Action that started it, where this run made the call.
    pub action: Option<String>,
}

/// How a wait ended.
#[derive(Debug, Clone)]
pub struct TaskEnd {
    /// The wait's number in the run.
    pub number: u64,
    /// When.
    pub ended: Timestamp,
    /// How, in a few words.
    pub outcome: String,
    /// Whether the task is done.
    pub done: bool,
}

/// A wait as the store has it.
#[derive(Debug, Clone)]
pub struct TaskRow {
    /// How it began.
    pub start: TaskStart,
    /// When it ended.
    pub ended: Option<Timestamp>,
    /// How it ended.
    pub outcome: Option<String>,
    /// Whether the task was done.
    pub done: Option<bool>,
}

impl Store {
    /// Records that a wait begins, without waiting for that.
    pub(in crate::run) fn task_started(&self, run: &str, start: TaskStart) -> Result<(), StoreError> {
        let run = run.to_owned();
        self.post(move |connection| {
            Box::pin(async move {
                let query = sqlx::query(
                    "INSERT INTO tasks (run_id, number, started_at, dialect, task, action)
                     SELECT ?1, ?2, ?3, ?4, ?5, ?6 WHERE EXISTS (SELECT 1 FROM runs WHERE id = ?1)",
                );
                let query = query.bind(run).bind(start.number.cast_signed()).bind(millis(start.started));
                query.bind(start.dialect).bind(start.task).bind(start.action).execute(connection).await.map(drop)
            })
        })
    }

    /// Records how a wait ended, without waiting for that.
    pub(in crate::run) fn task_ended(&self, run: &str, end: TaskEnd) -> Result<(), StoreError> {
        let run = run.to_owned();
        self.post(move |connection| {
            Box::pin(async move {
                let query = sqlx::query("UPDATE tasks SET ended_at = ?, outcome = ?, done = ? WHERE run_id = ? AND number = ?");
                let query = query.bind(millis(end.ended)).bind(end.outcome).bind(end.done);
                query.bind(run).bind(end.number.cast_signed()).execute(connection).await.map(drop)
            })
        })
    }

    /// The tasks that a run has waited for.
    pub fn tasks(&self, run: &str) -> Result<Vec<TaskRow>, StoreError> {
        let run = run.to_owned();
        self.read(move |connection| {
            Box::pin(async move {
                let query = sqlx::query("SELECT * FROM tasks WHERE run_id = ? ORDER BY number");
                query.bind(run).fetch_all(connection).await?.iter().map(row).collect()
            })
        })
    }
}

fn row(row: &SqliteRow) -> Result<TaskRow, sqlx::Error> {
    let ended: Option<i64> = row.try_get("ended_at")?;
    Ok(TaskRow {
        start: TaskStart {
            number: row.try_get("number")?,
            started: timestamp(row.try_get("started_at")?),
            dialect: row.try_get("dialect")?,
            task: row.try_get("task")?,
            action: row.try_get("action")?,
        },
        ended: ended.map(timestamp),
        outcome: row.try_get("outcome")?,
        done: row.try_get("done")?,
    })
}
