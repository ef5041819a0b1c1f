//! When servers of schedules ran: without one nothing is decided.

use super::error::StoreError;
use super::store::Store;
use super::times::{millis, timestamp};
use jiff::Timestamp;
use sqlx::Row as _;

/// A server of schedules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ServerRow {
    /// Its number in the store.
    pub id: i64,
    /// When it began.
    pub started: Timestamp,
    /// Up to when it was alive, as far as is known.
    pub seen: Timestamp,
    /// When it ended by itself, where it has.
    pub ended: Option<Timestamp>,
}

impl Store {
    /// Records that a server begins; its number, and the server before it.
    pub fn server_began(
        &self,
        pid: u32,
        version: &'static str,
        now: Timestamp,
    ) -> Result<(i64, Option<ServerRow>), StoreError> {
        let before = self.servers(1)?.pop();
        let id = self.write(move |connection| {
            Box::pin(async move {
                let query = sqlx::query(
                    "INSERT INTO servers (pid, version, started_at, seen_at) VALUES (?1, ?2, ?3, ?3)",
                );
                let query = query.bind(i64::from(pid)).bind(version).bind(millis(now));
                Ok(query.execute(connection).await?.last_insert_rowid())
            })
        })?;
        Ok((id, before))
    }

    /// Records that a server is alive, or that it ends, without waiting.
    pub fn server_seen(&self, id: i64, now: Timestamp, ends: bool) -> Result<(), StoreError> {
        self.post(move |connection| {
            Box::pin(async move {
                let query =
                    sqlx::query("UPDATE servers SET seen_at = ?, ended_at = ? WHERE id = ?");
                let query = query.bind(millis(now)).bind(ends.then(|| millis(now)));
                query.bind(id).execute(connection).await.map(drop)
            })
        })
    }

    /// The servers, the latest first, so many at most.
    pub fn servers(&self, limit: u32) -> Result<Vec<ServerRow>, StoreError> {
        self.read(move |connection| {
            Box::pin(async move {
                let query =
                    sqlx::query("SELECT * FROM servers ORDER BY started_at DESC, id DESC LIMIT ?");
                let rows = query.bind(limit).fetch_all(connection).await?;
                let server = |row: &sqlx::sqlite::SqliteRow| {
                    let ended: Option<i64> = row.try_get("ended_at")?;
                    Ok(ServerRow {
                        id: row.try_get("id")?,
                        started: timestamp(row.try_get("started_at")?),
                        seen: timestamp(row.try_get("seen_at")?),
                        ended: ended.map(timestamp),
                    })
                };
                rows.iter().map(server).collect()
            })
        })
    }
}
