//! Output: what a run printed and logged, line by line, as the store has it.

use super::error::StoreError;
use super::store::Store;
use super::times::timestamp;
use jiff::Timestamp;
use sqlx::Row as _;

/// Where a line went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stream {
    /// Standard output.
    Out,
    /// Standard error: logs and what a crash leaves.
    Err,
}

impl Stream {
    /// The word in the store.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Out => "out",
            Self::Err => "err",
        }
    }
}

/// A line of output, redacted by the process that knows the run's secrets.
#[derive(Debug, Clone)]
pub struct Line {
    /// When.
    pub at: Timestamp,
    /// Where it went.
    pub stream: Stream,
    /// Its text, without the line break.
    pub text: String,
}

/// A line as the store has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutputRow {
    /// From 1; where numbers are missing, lines were left out.
    pub number: u64,
    /// When.
    pub at: Timestamp,
    /// The word of where it went.
    pub stream: String,
    /// Its text.
    pub line: String,
}

impl Store {
    /// A run's last lines, in their order, so many at most.
    pub fn last_output(&self, run: &str, limit: u32) -> Result<Vec<String>, StoreError> {
        let run = run.to_owned();
        self.read(move |connection| {
            Box::pin(async move {
                let query = sqlx::query_scalar(
                    "SELECT line FROM output WHERE run_id = ? ORDER BY number DESC LIMIT ?",
                );
                let mut lines: Vec<String> =
                    query.bind(run).bind(limit).fetch_all(connection).await?;
                lines.reverse();
                Ok(lines)
            })
        })
    }

    /// A run's lines after that number, so many at most.
    pub fn output(&self, run: &str, after: u64, limit: u32) -> Result<Vec<OutputRow>, StoreError> {
        let run = run.to_owned();
        self.read(move |connection| {
            Box::pin(async move {
                let query = sqlx::query(
                    "SELECT number, at, stream, line FROM output WHERE run_id = ? AND number > ? ORDER BY number LIMIT ?",
                );
                let rows = query.bind(run).bind(after.cast_signed()).bind(limit).fetch_all(connection).await?;
                let line = |row: &sqlx::sqlite::SqliteRow| {
                    Ok(OutputRow {
                        number: row.try_get("number")?,
                        at: timestamp(row.try_get("at")?),
                        stream: row.try_get("stream")?,
                        line: row.try_get("line")?,
                    })
                };
                rows.iter().map(line).collect()
            })
        })
    }
}
