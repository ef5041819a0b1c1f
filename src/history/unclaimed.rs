//! Runs that a server has recorded and whose process never claimed them: nothing of them has
//! happened, so the next server takes them back and decides anew.

use super::error::StoreError;
use super::runs::NewRun;
use super::store::Store;
use super::times::millis;
use sqlx::SqliteConnection;

/// What the firing of such a run says until it is decided anew.
const TAKEN_BACK: &str =
    "waiting to begin anew: the server ended before the run's process had begun";

impl Store {
    /// Takes back a run that no process has claimed, in one step: its firing waits again, or its
    /// repetition is still to come. A process of it that begins late finds no run to claim any
    /// more. False, with nothing changed, where one has claimed it meanwhile, or where the store
    /// has nothing that could begin anew.
    pub(super) fn take_back_run(&self, run: &NewRun) -> Result<bool, StoreError> {
        let run = run.clone();
        self.write(move |connection| Box::pin(take_back(connection, run)))
    }
}

async fn take_back(connection: &mut SqliteConnection, run: NewRun) -> Result<bool, sqlx::Error> {
    let unclaimed = "SELECT count(*) FROM runs WHERE id = ? AND state = 'starting'";
    let unclaimed: i64 = sqlx::query_scalar(unclaimed)
        .bind(&run.id)
        .fetch_one(&mut *connection)
        .await?;
    if unclaimed == 0 {
        return Ok(false);
    }
    let due = run.due.map(millis);
    let waits = if run.attempt > 1 {
        sqlx::query(
            "UPDATE runs SET retry_at = ? WHERE rowid = (SELECT max(rowid) FROM runs
             WHERE name = ? AND due_at = ? AND attempt = ?)",
        )
        .bind(millis(run.started))
        .bind(&run.name)
        .bind(due)
        .bind(i64::from(run.attempt) - 1)
    } else {
        sqlx::query("UPDATE firings SET outcome = 'queued', run_id = NULL, detail = ? WHERE schedule = ? AND due_at = ? AND run_id = ?")
            .bind(TAKEN_BACK)
            .bind(&run.name)
            .bind(due)
            .bind(&run.id)
    };
    if waits.execute(&mut *connection).await?.rows_affected() == 0 {
        return Ok(false);
    }
    sqlx::query("DELETE FROM runs WHERE id = ?")
        .bind(&run.id)
        .execute(connection)
        .await?;
    Ok(true)
}
