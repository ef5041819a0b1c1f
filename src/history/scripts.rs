//! The texts of scripts, each once, by the hash of what ran.

use super::error::StoreError;
use super::store::Store;
use sqlx::SqliteConnection;

/// A longer text is not kept; its hash is.
const LONGEST: usize = 1024 * 1024;

impl Store {
    /// Keeps a script's text, which is redacted, without waiting.
    pub fn keep_script(&self, hash: String, text: String) -> Result<(), StoreError> {
        if text.len() > LONGEST {
            return Ok(());
        }
        self.post(move |connection| {
            Box::pin(async move {
                let query = sqlx::query(
                    "INSERT INTO scripts (hash, text) VALUES (?, ?) ON CONFLICT DO NOTHING",
                );
                query
                    .bind(hash)
                    .bind(text)
                    .execute(connection)
                    .await
                    .map(drop)
            })
        })
    }

    /// Replaces a text by one without what has turned out to be a secret, without waiting.
    pub fn replace_script(&self, hash: String, text: String) -> Result<(), StoreError> {
        self.post(move |connection| {
            Box::pin(async move {
                let query = sqlx::query("UPDATE scripts SET text = ? WHERE hash = ?");
                query
                    .bind(text)
                    .bind(hash)
                    .execute(connection)
                    .await
                    .map(drop)
            })
        })
    }

    /// The text of that hash, as far as it is kept.
    pub fn script(&self, hash: &str) -> Result<Option<String>, StoreError> {
        let hash = hash.to_owned();
        self.read(move |connection| {
            Box::pin(async move {
                let query = sqlx::query_scalar("SELECT text FROM scripts WHERE hash = ?");
                query.bind(hash).fetch_optional(connection).await
            })
        })
    }
}

/// Forgets those that no run is of any more.
pub(super) async fn forget_unused(connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    let sql = "DELETE FROM scripts WHERE hash NOT IN (SELECT script_hash FROM runs WHERE script_hash IS NOT NULL)";
    sqlx::query(sql).execute(connection).await.map(drop)
}
