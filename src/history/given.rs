//! What the script of a firing is given: parameters, and arguments in place of its schedule's.

use super::error::StoreError;
use super::store::Store;
use super::times::millis;
use jiff::Timestamp;
use serde_json::{Map, Value as Json};
use sqlx::{Row as _, SqliteConnection};

/// What the script of a firing is given, as far as it is kept.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Given {
    /// Parameters by their names, secrets left out.
    pub params: Map<String, Json>,
    /// Arguments in place of the schedule's.
    pub args: Option<Vec<String>>,
    /// What is not kept, because it is or holds a secret.
    pub not_kept: Vec<String>,
}

impl Store {
    /// What the script of a firing is given.
    pub fn given(&self, schedule: &str, due: Timestamp) -> Result<Option<Given>, StoreError> {
        let schedule = schedule.to_owned();
        self.read(move |connection| {
            Box::pin(async move {
                let query = sqlx::query(
                    "SELECT params, args, not_kept FROM given WHERE schedule = ? AND due_at = ?",
                );
                let row = query
                    .bind(schedule)
                    .bind(millis(due))
                    .fetch_optional(connection)
                    .await?;
                let Some(row) = row else { return Ok(None) };
                let params: String = row.try_get("params")?;
                let args: Option<String> = row.try_get("args")?;
                let not_kept: String = row.try_get("not_kept")?;
                Ok(Some(Given {
                    params: serde_json::from_str(&params).unwrap_or_default(),
                    args: args.and_then(|args| serde_json::from_str(&args).ok()),
                    not_kept: serde_json::from_str(&not_kept).unwrap_or_default(),
                }))
            })
        })
    }
}

/// Keeps what the script of a firing is given.
pub(super) async fn keep(
    connection: &mut SqliteConnection,
    schedule: String,
    due: Timestamp,
    given: Given,
) -> Result<(), sqlx::Error> {
    let query = sqlx::query(
        "INSERT INTO given (schedule, due_at, params, args, not_kept) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (schedule, due_at) DO UPDATE SET params = ?3, args = ?4, not_kept = ?5",
    );
    query
        .bind(schedule)
        .bind(millis(due))
        .bind(Json::Object(given.params).to_string())
        .bind(given.args.map(|args| Json::from(args).to_string()))
        .bind(Json::from(given.not_kept).to_string())
        .execute(connection)
        .await
        .map(drop)
}

/// Forgets those whose firing is forgotten.
pub(super) async fn forget_unused(connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    let sql = "DELETE FROM given WHERE NOT EXISTS
         (SELECT 1 FROM firings WHERE firings.schedule = given.schedule AND firings.due_at = given.due_at)";
    sqlx::query(sql).execute(connection).await.map(drop)
}
