//! Output: what a run printed and logged, line by line. Of a run that prints without end the first
//! and the last lines are kept.

use super::error::StoreError;
use super::store::Store;
use super::times::{millis, timestamp};
use jiff::Timestamp;
use sqlx::Row as _;
use std::collections::VecDeque;

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

/// Numbers a run's lines and decides which of them to forget. One for each run, kept by what
/// records its output.
#[derive(Debug, Default)]
pub struct Output {
    count: u64,
    head_bytes: usize,
    tail: VecDeque<(u64, usize)>,
    tail_bytes: usize,
}

impl Output {
    /// What is kept of a run's first lines, in bytes.
    pub const HEAD: usize = 256 * 1024;
    /// What is kept of its last lines, in bytes.
    pub const TAIL: usize = 768 * 1024;
    /// A longer line is cut, in bytes.
    pub const LONGEST_LINE: usize = 16 * 1024;

    #[cfg(test)]
    pub(super) fn count(&self) -> u64 {
        self.count
    }

    /// The number of the next line, and the numbers from which to which lines are to be forgotten
    /// for it.
    fn next(&mut self, bytes: usize) -> (u64, Option<(u64, u64)>) {
        self.count += 1;
        if self.tail.is_empty() && self.head_bytes + bytes <= Self::HEAD {
            self.head_bytes += bytes;
            return (self.count, None);
        }
        self.tail.push_back((self.count, bytes));
        self.tail_bytes += bytes;
        let mut forgotten = None;
        while self.tail_bytes > Self::TAIL
            && let Some((number, bytes)) = self.tail.pop_front()
        {
            self.tail_bytes -= bytes;
            forgotten = Some((forgotten.map_or(number, |(from, _)| from), number));
        }
        (self.count, forgotten)
    }
}

impl Store {
    /// Records a line of a run's output, without waiting.
    pub fn add_line(&self, run: &str, output: &mut Output, line: Line) -> Result<(), StoreError> {
        let text = cut(line.text);
        // A line that is lost leaves a gap in the numbers, which `runs logs` shows.
        let waiting = self
            .queue
            .wait_with(text.len())
            .inspect_err(|_| output.count += 1)?;
        let (number, forgotten) = output.next(text.len() + 1);
        let run = run.to_owned();
        self.post(move |connection| {
            Box::pin(async move {
                drop(waiting);
                // A pruned run's process may still print.
                let query = sqlx::query(
                    "INSERT OR IGNORE INTO output (run_id, number, at, stream, line)
                     SELECT ?1, ?2, ?3, ?4, ?5 WHERE EXISTS (SELECT 1 FROM runs WHERE id = ?1)",
                );
                let query = query
                    .bind(&run)
                    .bind(number.cast_signed())
                    .bind(millis(line.at))
                    .bind(line.stream.as_str())
                    .bind(text);
                query.execute(&mut *connection).await?;
                if let Some((from, to)) = forgotten {
                    let query = sqlx::query(
                        "DELETE FROM output WHERE run_id = ? AND number BETWEEN ? AND ?",
                    );
                    query
                        .bind(&run)
                        .bind(from.cast_signed())
                        .bind(to.cast_signed())
                        .execute(connection)
                        .await?;
                }
                Ok(())
            })
        })
    }

    /// Writes a run's lines anew where `redact` gives another text, without waiting.
    pub fn redact_output(
        &self,
        run: &str,
        redact: impl Fn(&str) -> String + Send + Sync + 'static,
    ) -> Result<(), StoreError> {
        let run = run.to_owned();
        self.post(move |connection| {
            Box::pin(async move {
                let query = sqlx::query_as::<_, (i64, String)>(
                    "SELECT number, line FROM output WHERE run_id = ?",
                );
                for (number, line) in query.bind(&run).fetch_all(&mut *connection).await? {
                    let redacted = redact(&line);
                    if redacted != line {
                        let query = sqlx::query(
                            "UPDATE output SET line = ? WHERE run_id = ? AND number = ?",
                        );
                        query
                            .bind(redacted)
                            .bind(&run)
                            .bind(number)
                            .execute(&mut *connection)
                            .await?;
                    }
                }
                Ok(())
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

/// A line that is not too long, and how much was cut off.
fn cut(mut text: String) -> String {
    if text.len() <= Output::LONGEST_LINE {
        return text;
    }
    let end = text.floor_char_boundary(Output::LONGEST_LINE);
    let rest = text.len() - end;
    text.truncate(end);
    text + &format!("… ({rest} bytes more)")
}

#[cfg(test)]
mod tests {
    use super::Output;

    #[test]
    fn the_first_and_the_last_lines_are_kept() {
        let mut output = Output::default();
        let line = 1024;
        let forgotten: Vec<u64> = (0..2048)
            .filter_map(|_| output.next(line).1)
            .flat_map(|(from, to)| from..=to)
            .collect();
        let (head, tail) = (Output::HEAD as u64 / 1024, Output::TAIL as u64 / 1024);
        assert_eq!(forgotten, (head + 1..=2048 - tail).collect::<Vec<_>>());
    }
}
