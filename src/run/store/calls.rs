//! Calls: one row each, of a mutating one already before it leaves.

use super::writer::{Job, Kind};
use super::{Store, StoreError, millis, timestamp};
use crate::gate::audit::Record;
use jiff::Timestamp;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row as _, SqliteConnection};
use std::time::Duration;

/// A call as the store has it.
#[derive(Debug, Clone)]
pub struct CallRow {
    /// Its number in the run, from 1.
    pub number: u64,
    /// When it was made.
    pub at: Timestamp,
    /// `sending` where its end was never recorded, else `ended`.
    pub phase: String,
    /// Its place in the run.
    pub place: String,
    /// The Action.
    pub action: String,
    /// Whether it changes nothing.
    pub read_only: bool,
    /// The redacted parameters.
    pub params: serde_json::Value,
    /// The profile.
    pub profile: Option<String>,
    /// The region.
    pub region: Option<String>,
    /// Where it was sent.
    pub endpoint: Option<String>,
    /// The HTTP status.
    pub http_status: Option<u16>,
    /// The service's code, of a refusal.
    pub code: Option<String>,
    /// The request's id.
    pub request_id: Option<String>,
    /// How often it was sent.
    pub attempts: u32,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
    /// May it have been carried out?
    pub sent: String,
    /// The kind of error.
    pub error: Option<String>,
    /// What went wrong.
    pub message: Option<String>,
}

impl Store {
    /// Records a call; where `waits`, until it is written, for so long at most.
    pub(in crate::run) fn add_call(
        &self,
        run: &str,
        number: u64,
        record: Record,
        at: Timestamp,
        waits: Option<Duration>,
    ) -> Result<(), StoreError> {
        let run = run.to_owned();
        let job: Job = Box::new(move |connection| Box::pin(insert(connection, run, number, record, at)));
        match waits {
            Some(limit) => self.settle(Kind::Write, job, Some(limit)),
            None => self.queue.push(Kind::Write, job, None),
        }
    }

    /// A run's calls after that number, in the order in which they were made, so many at most.
    pub fn calls(&self, run: &str, after: u64, limit: u32) -> Result<Vec<CallRow>, StoreError> {
        let run = run.to_owned();
        self.read(move |connection| {
            Box::pin(async move {
                let query = sqlx::query("SELECT * FROM calls WHERE run_id = ? AND number > ? ORDER BY number LIMIT ?");
                let rows = query.bind(run).bind(after.cast_signed()).bind(limit).fetch_all(connection).await?;
                rows.iter().map(row).collect()
            })
        })
    }
}

async fn insert(
    connection: &mut SqliteConnection,
    run: String,
    number: u64,
    record: Record,
    at: Timestamp,
) -> Result<(), sqlx::Error> {
    let query = sqlx::query(
        "INSERT INTO calls (run_id, number, at, phase, place, action, read_only, params, profile, region, endpoint, http_status, code,
         request_id, attempts, duration_ms, sent, error, message)
         SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19
         WHERE EXISTS (SELECT 1 FROM runs WHERE id = ?1)
         ON CONFLICT (run_id, number) DO UPDATE SET phase = ?4, params = ?8, profile = ?9, region = ?10, endpoint = ?11, http_status = ?12,
         code = ?13, request_id = ?14, attempts = ?15, duration_ms = ?16, sent = ?17, error = ?18, message = ?19",
    );
    let query = query.bind(run).bind(number.cast_signed()).bind(millis(at)).bind(record.phase).bind(record.place);
    let query = query.bind(record.action).bind(record.read_only).bind(record.params.to_string());
    let query = query.bind(record.profile).bind(record.region).bind(record.endpoint).bind(record.http_status).bind(record.code);
    let query = query.bind(record.request_id).bind(record.attempts).bind(record.duration_ms.cast_signed());
    query.bind(record.sent).bind(record.error).bind(record.message).execute(connection).await.map(drop)
}

fn row(row: &SqliteRow) -> Result<CallRow, sqlx::Error> {
    let params: String = row.try_get("params")?;
    Ok(CallRow {
        number: row.try_get("number")?,
        at: timestamp(row.try_get("at")?),
        phase: row.try_get("phase")?,
        place: row.try_get("place")?,
        action: row.try_get("action")?,
        read_only: row.try_get("read_only")?,
        params: serde_json::from_str(&params).unwrap_or_default(),
        profile: row.try_get("profile")?,
        region: row.try_get("region")?,
        endpoint: row.try_get("endpoint")?,
        http_status: row.try_get("http_status")?,
        code: row.try_get("code")?,
        request_id: row.try_get("request_id")?,
        attempts: row.try_get("attempts")?,
        duration_ms: row.try_get("duration_ms")?,
        sent: row.try_get("sent")?,
        error: row.try_get("error")?,
        message: row.try_get("message")?,
    })
}
