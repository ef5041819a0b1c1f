//! Prunes runs.

use super::error::StoreError;
use super::given;
use super::notifications;
use super::scripts;
use super::store::Store;
use super::times::millis;
use super::user_requests;
use jiff::Timestamp;
use sqlx::{AssertSqlSafe, SqliteConnection};

/// Which runs to forget. Runs that have not ended are kept.
#[derive(Debug, Clone, Default)]
pub struct Prune {
    /// Only of this name.
    pub name: Option<String>,
    /// Those that ended before this moment.
    pub before: Option<Timestamp>,
    /// Of each name, all but so many of the latest.
    pub keep: Option<u32>,
}

/// What was forgotten.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Pruned {
    /// Runs, with all that belongs to them.
    pub runs: u64,
    /// Firings.
    pub firings: u64,
}

impl Store {
    /// Forgets runs, with their output, calls and tasks, and firings.
    pub fn prune(&self, prune: Prune) -> Result<Pruned, StoreError> {
        self.write(move |connection| Box::pin(forget(connection, prune)))
    }
}

/// Pages of 4 KiB that are given back in one step, between which others write.
const PAGES_AT_ONCE: u32 = 1_000;

impl Store {
    /// Gives a part of the space of what was forgotten back to the file system; whether there is
    /// more.
    pub fn shrink_some(&self) -> Result<bool, StoreError> {
        self.write(|connection| {
            Box::pin(async move {
                let sql = format!("PRAGMA incremental_vacuum({PAGES_AT_ONCE})");
                sqlx::query(AssertSqlSafe(sql))
                    .execute(&mut *connection)
                    .await?;
                let left: i64 = sqlx::query_scalar("PRAGMA freelist_count")
                    .fetch_one(&mut *connection)
                    .await?;
                Ok(left > 0 && gives_back(connection).await?)
            })
        })
    }

    /// Gives all of it back.
    pub fn shrink(&self) -> Result<(), StoreError> {
        while self.shrink_some()? {}
        // Without a transaction, as either wants it.
        self.read(|connection| {
            Box::pin(async move {
                if !gives_back(connection).await? {
                    // A file of an earlier version is written anew, once.
                    sqlx::raw_sql("PRAGMA auto_vacuum = INCREMENTAL; VACUUM")
                        .execute(&mut *connection)
                        .await?;
                }
                // The file itself is cut when its log is moved into it.
                sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)")
                    .execute(connection)
                    .await
                    .map(drop)
            })
        })
    }
}

/// Whether the file can give back a part of its pages.
async fn gives_back(connection: &mut SqliteConnection) -> Result<bool, sqlx::Error> {
    let mode: i64 = sqlx::query_scalar("PRAGMA auto_vacuum")
        .fetch_one(connection)
        .await?;
    Ok(mode == 2)
}

async fn forget(connection: &mut SqliteConnection, prune: Prune) -> Result<Pruned, sqlx::Error> {
    let names = if let Some(name) = prune.name {
        vec![name]
    } else {
        let query = sqlx::query_scalar(
            "SELECT DISTINCT name FROM runs UNION SELECT DISTINCT schedule FROM firings",
        );
        query.fetch_all(&mut *connection).await?
    };
    let mut pruned = Pruned::default();
    for name in names {
        let one = forget_of(connection, &name, prune.before.map(millis), prune.keep).await?;
        pruned.runs += one.runs;
        pruned.firings += one.firings;
    }
    if pruned.runs > 0 {
        given::forget_unused(connection).await?;
        user_requests::forget_unused(connection).await?;
        scripts::forget_unused(connection).await?;
    }
    Ok(pruned)
}

/// Each statement walks one name's rows alone: a server prunes thousands of names while others
/// fire.
async fn forget_of(
    connection: &mut SqliteConnection,
    name: &str,
    before: Option<i64>,
    keep: Option<u32>,
) -> Result<Pruned, sqlx::Error> {
    // What is not given lets everything pass; both together keep what either would keep.
    let runs = sqlx::query(
        "DELETE FROM runs WHERE name = ?1 AND ended_at IS NOT NULL AND retry_at IS NULL AND (?2 IS NULL OR ended_at < ?2) AND (?3 IS NULL OR ?3 = 0 OR
         started_at < (SELECT started_at FROM runs WHERE name = ?1 ORDER BY started_at DESC LIMIT 1 OFFSET ?3 - 1))",
    );
    let runs = runs
        .bind(name)
        .bind(before)
        .bind(keep)
        .execute(&mut *connection)
        .await?
        .rows_affected();
    // A firing goes with its run; one without a run goes by its age, or with the oldest that has a
    // run.
    let without_run = sqlx::query(
        "DELETE FROM firings WHERE schedule = ? AND outcome <> 'queued' AND run_id IS NOT NULL AND run_id NOT IN (SELECT id FROM runs)",
    );
    let mut firings = without_run
        .bind(name)
        .execute(&mut *connection)
        .await?
        .rows_affected();
    let older = sqlx::query(
        "DELETE FROM firings WHERE schedule = ?1 AND outcome <> 'queued' AND run_id IS NULL
         AND due_at < coalesce(?2, (SELECT min(due_at) FROM firings WHERE schedule = ?1 AND run_id IS NOT NULL))",
    );
    firings += older
        .bind(name)
        .bind(before)
        .execute(&mut *connection)
        .await?
        .rows_affected();
    notifications::forget_of(connection, name, before).await?;
    Ok(Pruned { runs, firings })
}
