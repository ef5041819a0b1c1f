//! Forgetting runs.

use super::{Store, StoreError, millis};
use jiff::Timestamp;
use sqlx::SqliteConnection;

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

async fn forget(connection: &mut SqliteConnection, prune: Prune) -> Result<Pruned, sqlx::Error> {
    let before = prune.before.map(millis);
    let keep = prune.keep.map(i64::from);
    // What is not given lets everything pass; both together keep what either would keep.
    let runs = sqlx::query(
        "DELETE FROM runs WHERE ended_at IS NOT NULL AND (?1 IS NULL OR name = ?1) AND (?2 IS NULL OR ended_at < ?2)
         AND (?3 IS NULL OR id NOT IN (SELECT id FROM (SELECT id, row_number() OVER (PARTITION BY name ORDER BY started_at DESC) AS nth
         FROM runs) WHERE nth <= ?3))",
    );
    let runs = runs.bind(&prune.name).bind(before).bind(keep).execute(&mut *connection).await?.rows_affected();
    // A firing goes with its run; one without a run goes by its age, or with the oldest that has a run.
    let firings = sqlx::query(
        "DELETE FROM firings WHERE outcome <> 'queued' AND (?1 IS NULL OR schedule = ?1) AND
         CASE WHEN run_id IS NOT NULL THEN run_id NOT IN (SELECT id FROM runs)
              WHEN ?2 IS NOT NULL THEN due_at < ?2
              ELSE due_at < (SELECT min(due_at) FROM firings AS kept WHERE kept.schedule = firings.schedule
                             AND kept.run_id IN (SELECT id FROM runs)) END",
    );
    let firings = firings.bind(&prune.name).bind(before).execute(&mut *connection).await?.rows_affected();
    Ok(Pruned { runs, firings })
}
