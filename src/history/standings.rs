//! Where schedules stand: for hundreds of them with each query.

use super::error::StoreError;
use super::notifications::NotificationState;
use super::state::RunState;
use super::store::Store;
use super::times::timestamp;
use jiff::{SignedDuration, Timestamp};
use sqlx::sqlite::SqliteRow;
use sqlx::{AssertSqlSafe, Row as _, SqliteConnection};
use std::collections::{BTreeMap, HashMap};

/// What the store knows of a schedule.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Standing {
    /// When its last successes ended and how long they took, the latest first.
    pub successes: Vec<(Timestamp, SignedDuration)>,
    /// The last run that has ended.
    pub last: Option<LastEnd>,
    /// The last firing of its own that ran: its time, and when its run began.
    pub last_start: Option<(Timestamp, Timestamp)>,
    /// Rows since the last success of firings that should have run and did not, by their outcomes.
    pub missed: BTreeMap<String, u64>,
    /// Notifications that have not arrived, and are still tried.
    pub waiting_notifications: u64,
    /// Notifications that have not arrived, and are not tried any more.
    pub undelivered_notifications: u64,
}

/// The last run of a schedule that has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastEnd {
    /// The run's id.
    pub run: String,
    /// When it began.
    pub started: Timestamp,
    /// When it ended, where that is recorded.
    pub ended: Option<Timestamp>,
    /// How.
    pub state: RunState,
    /// Its exit status.
    pub status: Option<i32>,
    /// What went wrong.
    pub error: Option<String>,
    /// When it is to be repeated, where that is still to come.
    pub retry_at: Option<Timestamp>,
}

/// So many schedules are asked for together: of more, their names and rows would take memory that a
/// server never gives back.
const PART: usize = 500;

/// The names that are asked for, as a table.
const NAMES: &str = "(SELECT value AS name FROM json_each(?1)) AS named";

/// Rows of `firings` that count as missed; the index of them has the same words.
const MISSED: &str = "outcome IN ('overlap', 'too late', 'not started', 'not followed')";

impl Store {
    /// Where these schedules stand; one of which nothing is recorded is left out. So many
    /// successes of each, at most.
    pub fn standings(
        &self,
        names: &[&str],
        successes: u32,
    ) -> Result<HashMap<String, Standing>, StoreError> {
        let parts: Vec<String> = names
            .chunks(PART)
            .map(|part| serde_json::Value::from(part).to_string())
            .collect();
        self.read(move |connection| {
            Box::pin(async move {
                let mut standings = HashMap::new();
                for names in parts {
                    read_successes(connection, &names, successes, &mut standings).await?;
                    read_last_ends(connection, &names, &mut standings).await?;
                    read_last_starts(connection, &names, &mut standings).await?;
                    read_missed(connection, &names, &mut standings).await?;
                    read_notifications(connection, &names, &mut standings).await?;
                }
                Ok(standings)
            })
        })
    }
}

type Standings = HashMap<String, Standing>;

fn of<'a>(standings: &'a mut Standings, row: &SqliteRow) -> Result<&'a mut Standing, sqlx::Error> {
    Ok(standings.entry(row.try_get("name")?).or_default())
}

async fn read_successes(
    connection: &mut SqliteConnection,
    names: &str,
    most: u32,
    standings: &mut Standings,
) -> Result<(), sqlx::Error> {
    let sql = format!(
        "SELECT named.name, started_at, ended_at FROM {NAMES} CROSS JOIN runs ON runs.rowid IN
         (SELECT rowid FROM runs WHERE name = named.name AND state = 'done' AND due_at IS NOT NULL ORDER BY started_at DESC LIMIT ?2)
         ORDER BY started_at DESC"
    );
    let query = sqlx::query(AssertSqlSafe(sql)).bind(names).bind(most);
    for row in query.fetch_all(connection).await? {
        let started = timestamp(row.try_get("started_at")?);
        let ended: Option<i64> = row.try_get("ended_at")?;
        let ended = ended.map_or(started, timestamp);
        let success = (ended, ended.duration_since(started));
        of(standings, &row)?.successes.push(success);
    }
    Ok(())
}

async fn read_last_ends(
    connection: &mut SqliteConnection,
    names: &str,
    standings: &mut Standings,
) -> Result<(), sqlx::Error> {
    let sql = format!(
        "SELECT named.name, id, started_at, ended_at, state, status, error, retry_at FROM {NAMES} CROSS JOIN runs ON runs.rowid =
         (SELECT rowid FROM runs WHERE name = named.name AND due_at IS NOT NULL AND ended_at IS NOT NULL ORDER BY started_at DESC LIMIT 1)"
    );
    let query = sqlx::query(AssertSqlSafe(sql)).bind(names);
    for row in query.fetch_all(connection).await? {
        let state: String = row.try_get("state")?;
        let retry_at: Option<i64> = row.try_get("retry_at")?;
        of(standings, &row)?.last = Some(LastEnd {
            run: row.try_get("id")?,
            started: timestamp(row.try_get("started_at")?),
            ended: Some(timestamp(row.try_get("ended_at")?)),
            // A word of a later version: it did not end well, as far as this one knows.
            state: RunState::parse(&state).unwrap_or(RunState::Running),
            status: row.try_get("status")?,
            error: row.try_get("error")?,
            retry_at: retry_at.map(timestamp),
        });
    }
    Ok(())
}

async fn read_last_starts(
    connection: &mut SqliteConnection,
    names: &str,
    standings: &mut Standings,
) -> Result<(), sqlx::Error> {
    let sql = format!(
        "SELECT named.name, due_at, started_at FROM {NAMES} CROSS JOIN runs ON runs.rowid =
         (SELECT rowid FROM runs WHERE name = named.name AND kind = 'schedule' AND attempt = 1 AND due_at IS NOT NULL
          ORDER BY started_at DESC LIMIT 1)"
    );
    let query = sqlx::query(AssertSqlSafe(sql)).bind(names);
    for row in query.fetch_all(connection).await? {
        let (due, started) = (row.try_get("due_at")?, row.try_get("started_at")?);
        of(standings, &row)?.last_start = Some((timestamp(due), timestamp(started)));
    }
    Ok(())
}

async fn read_missed(
    connection: &mut SqliteConnection,
    names: &str,
    standings: &mut Standings,
) -> Result<(), sqlx::Error> {
    let sql = format!(
        "SELECT named.name, outcome, count(*) AS number FROM {NAMES} CROSS JOIN firings ON schedule = named.name AND {MISSED} AND firings.due_at >=
         coalesce((SELECT ended_at FROM runs WHERE name = named.name AND state = 'done' AND due_at IS NOT NULL
         ORDER BY started_at DESC LIMIT 1), 0) GROUP BY named.name, outcome"
    );
    let query = sqlx::query(AssertSqlSafe(sql)).bind(names);
    for row in query.fetch_all(connection).await? {
        let number: i64 = row.try_get("number")?;
        let outcome = row.try_get("outcome")?;
        let missed = &mut of(standings, &row)?.missed;
        missed.insert(outcome, number.cast_unsigned());
    }
    Ok(())
}

async fn read_notifications(
    connection: &mut SqliteConnection,
    names: &str,
    standings: &mut Standings,
) -> Result<(), sqlx::Error> {
    // Two searches of small indexes, as few notifications have not arrived.
    let sql = "SELECT schedule AS name, state, count(*) AS number FROM
         (SELECT schedule, state FROM notifications WHERE state = 'waiting'
          UNION ALL SELECT schedule, state FROM notifications WHERE state = 'undelivered')
         WHERE schedule IN (SELECT value FROM json_each(?)) GROUP BY schedule, state";
    for row in sqlx::query(sql).bind(names).fetch_all(connection).await? {
        let number: i64 = row.try_get("number")?;
        let state: String = row.try_get("state")?;
        let standing = of(standings, &row)?;
        *(if state == NotificationState::Waiting.as_str() {
            &mut standing.waiting_notifications
        } else {
            &mut standing.undelivered_notifications
        }) = number.cast_unsigned();
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::MISSED;
    use crate::history::FiringOutcome;

    #[test]
    fn the_store_counts_what_is_missed_as_the_outcomes_say() {
        let words: Vec<String> = FiringOutcome::all()
            .iter()
            .filter(|outcome| outcome.is_missed())
            .map(|outcome| format!("'{}'", outcome.as_str()))
            .collect();
        let expected = format!("outcome IN ({})", words.join(", "));
        assert_eq!(MISSED, expected);
        let index = include_str!("migrations/0014_standings.sql");
        assert!(index.contains(&expected), "{index}");
    }
}
