//! Finds runs.

use super::error::StoreError;
use super::runs::{NewRun, RunRow};
use super::state::RunState;
use super::store::Store;
use super::times::{millis, timestamp};
use jiff::Timestamp;
use sqlx::sqlite::SqliteRow;
use sqlx::{AssertSqlSafe, QueryBuilder, Row as _, Sqlite};

/// Which runs to list.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Only of this name.
    pub name: Option<String>,
    /// Only what began at or after this moment.
    pub since: Option<Timestamp>,
    /// Only what began before this moment.
    pub until: Option<Timestamp>,
    /// Only what was going on at some moment between these two, or was for a time between them.
    pub during: Option<(Timestamp, Timestamp)>,
    /// Only what did not end well, or has not recorded how it ended.
    pub failed: bool,
    /// Only what has not ended, as far as the store knows.
    pub open: bool,
    /// Only what is to be repeated.
    pub to_repeat: bool,
    /// So many at most, the latest.
    pub limit: Option<u32>,
}

/// What the beginning of an id stands for.
#[derive(Debug, Clone)]
pub enum Found {
    /// One run.
    One(Box<RunRow>),
    /// No run.
    None,
    /// Several; the ids of some of them.
    Several(Vec<String>),
}

const COLUMNS: &str = "SELECT runs.*, (SELECT coalesce(sum(calls), 0) FROM call_batches WHERE run_id = runs.id) AS calls FROM runs";

impl Store {
    /// The run whose id begins so.
    pub fn find_run(&self, prefix: &str) -> Result<Found, StoreError> {
        let prefix = prefix.to_lowercase();
        self.read(move |connection| {
            Box::pin(async move {
                let sql = format!(
                    "{COLUMNS} WHERE substr(id, 1, ?) = ? ORDER BY started_at DESC LIMIT 10"
                );
                let length = i64::try_from(prefix.chars().count()).unwrap_or(i64::MAX);
                let rows = sqlx::query(AssertSqlSafe(sql))
                    .bind(length)
                    .bind(&prefix)
                    .fetch_all(connection)
                    .await?;
                let mut runs = rows.iter().map(row).collect::<Result<Vec<_>, _>>()?;
                Ok(match runs.len() {
                    0 => Found::None,
                    1 => Found::One(Box::new(runs.remove(0))),
                    _ => match runs.iter().position(|found| found.run.id == prefix) {
                        Some(whole) => Found::One(Box::new(runs.remove(whole))),
                        None => {
                            Found::Several(runs.into_iter().map(|found| found.run.id).collect())
                        }
                    },
                })
            })
        })
    }

    /// The run of that id.
    pub fn run(&self, id: &str) -> Result<Option<RunRow>, StoreError> {
        let id = id.to_owned();
        self.read(move |connection| {
            Box::pin(async move {
                let sql = format!("{COLUMNS} WHERE id = ?");
                sqlx::query(AssertSqlSafe(sql))
                    .bind(id)
                    .fetch_optional(connection)
                    .await?
                    .as_ref()
                    .map(row)
                    .transpose()
            })
        })
    }

    /// Runs, the latest first.
    pub fn runs(&self, filter: Filter) -> Result<Vec<RunRow>, StoreError> {
        self.read(move |connection| {
            Box::pin(async move {
                let mut query = QueryBuilder::<Sqlite>::new(COLUMNS);
                query.push(" WHERE true");
                if let Some(name) = filter.name {
                    query.push(" AND name = ").push_bind(name);
                }
                if let Some(since) = filter.since {
                    query.push(" AND started_at >= ").push_bind(millis(since));
                }
                if let Some(until) = filter.until {
                    query.push(" AND started_at < ").push_bind(millis(until));
                }
                if let Some((from, to)) = filter.during {
                    // A run for a time that has passed belongs to that time as well.
                    query.push(" AND (started_at <= ").push_bind(millis(to));
                    query
                        .push(" AND (ended_at IS NULL OR ended_at >= ")
                        .push_bind(millis(from));
                    query.push(") OR due_at BETWEEN ").push_bind(millis(from));
                    query.push(" AND ").push_bind(millis(to)).push(")");
                }
                if filter.failed {
                    query.push(" AND state <> 'done'");
                }
                if filter.open {
                    query.push(" AND ended_at IS NULL");
                }
                if filter.to_repeat {
                    query.push(" AND retry_at IS NOT NULL");
                }
                query.push(" ORDER BY started_at DESC, runs.rowid DESC");
                if let Some(limit) = filter.limit {
                    query.push(" LIMIT ").push_bind(limit);
                }
                query
                    .build()
                    .fetch_all(connection)
                    .await?
                    .iter()
                    .map(row)
                    .collect()
            })
        })
    }

    /// Runs that have ended without their server having taken note of it, the earliest first.
    pub fn unheard_runs(&self) -> Result<Vec<RunRow>, StoreError> {
        self.read(|connection| {
            Box::pin(async {
                let sql = format!("{COLUMNS} WHERE unheard = 1 AND ended_at IS NOT NULL ORDER BY started_at, runs.rowid");
                sqlx::query(AssertSqlSafe(sql)).fetch_all(connection).await?.iter().map(row).collect()
            })
        })
    }

    /// The names of all runs.
    pub fn run_names(&self) -> Result<Vec<String>, StoreError> {
        self.read(|connection| {
            Box::pin(async {
                sqlx::query_scalar("SELECT DISTINCT name FROM runs ORDER BY name")
                    .fetch_all(connection)
                    .await
            })
        })
    }
}

fn row(row: &SqliteRow) -> Result<RunRow, sqlx::Error> {
    let time = |column: &str| {
        row.try_get::<Option<i64>, _>(column)
            .map(|millis| millis.map(timestamp))
    };
    let args: String = row.try_get("args")?;
    let state: String = row.try_get("state")?;
    Ok(RunRow {
        run: NewRun {
            id: row.try_get("id")?,
            name: row.try_get("name")?,
            kind: row.try_get("kind")?,
            script: row.try_get("script")?,
            script_hash: row.try_get("script_hash")?,
            args: serde_json::from_str(&args).unwrap_or_default(),
            profile: row.try_get("profile")?,
            version: row.try_get("version")?,
            simulated: row.try_get("simulated")?,
            pid: row.try_get("pid")?,
            due: time("due_at")?,
            attempt: row.try_get("attempt")?,
            started: timestamp(row.try_get("started_at")?),
        },
        host: row.try_get("host")?,
        claimed: time("claimed_at")?,
        process_started: row.try_get("process_started")?,
        ended: time("ended_at")?,
        // A word of a later version: it did not end well, as far as this one knows.
        state: RunState::parse(&state).unwrap_or(RunState::Running),
        status: row.try_get("status")?,
        error: row.try_get("error")?,
        retry_at: time("retry_at")?,
        retry_given_up: row.try_get("retry_given_up")?,
        calls: row.try_get("calls")?,
    })
}
