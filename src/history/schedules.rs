//! What a server of schedules keeps beside firings: for which times it has decided, and how each
//! schedule's last run ended.

use super::error::StoreError;
use super::firings::{Firing, decide, decide_again, decide_beside, decide_over};
use super::given::{self, Given};
use super::notifications::{self, DeliveryNote, NewNotification};
use super::runs::{self, NewRun, RunEnd};
use super::state::{RunOutcome, RunState};
use super::store::Store;
use super::times::{millis, timestamp};
use super::user_requests::{self, UserRequest};
use jiff::Timestamp;
use sqlx::{AssertSqlSafe, Row as _, SqliteConnection};
use std::collections::{BTreeMap, HashMap};

/// A schedule as a server has planned it.
#[derive(Debug, Clone)]
pub struct Planned {
    /// Its name.
    pub name: String,
    /// Its times, as a text.
    pub times: String,
}

/// The last runs of a schedule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LastRuns {
    /// When the last one began that is no backfill.
    pub began: Option<Timestamp>,
    /// When the last one ended that ended well; of a backfill the time that it is for.
    pub success: Option<Timestamp>,
}

/// The runs of schedules, whatever they follow from: their own times or what a person asked for.
const OF_SCHEDULES: &str = "due_at IS NOT NULL";

/// One of several decisions that belong together.
#[derive(Debug, Clone)]
pub enum HistoryEntry {
    /// A firing of the schedule's own times, and its run where it has one.
    Firing(Firing, Option<NewRun>),
    /// A firing whose time comes again, because the clock was set back, and its run: it takes the
    /// place of what was decided before. The run that there was stays, and without a new one its row
    /// does too.
    Again(Firing, Option<NewRun>),
    /// A firing beside the schedule's own times: what the schedule is decided up to stays.
    Beside(Firing, Option<NewRun>),
    /// A firing of a time that has passed, and its run: it takes the place of one that did not run.
    Over(Firing, Option<NewRun>),
    /// What the script of a schedule's firing is given.
    Given(String, Timestamp, Given),
    /// What was asked for, which a firing follows from.
    Requested(UserRequest),
    /// A run without a new firing: a repetition.
    Run(NewRun),
    /// A run ended, and the server has taken note of it: what follows from that is decided together
    /// with it.
    End(RunEnd),
    /// A run failed, and what becomes of its repetition.
    Retry(AttemptKey, Retry),
    /// A notification that follows from what was decided.
    Notification(NewNotification),
    /// How an attempt to deliver one went.
    Delivery(DeliveryNote),
}

/// One attempt to carry a firing out.
#[derive(Debug, Clone)]
pub struct AttemptKey {
    /// The schedule's name.
    pub schedule: String,
    /// The firing's time.
    pub due: Timestamp,
    /// From 1.
    pub number: u32,
}

/// What becomes of the repetition of a failed run.
#[derive(Debug, Clone)]
pub enum Retry {
    /// It is to come.
    At(Timestamp),
    /// It does not come, and why.
    GivenUp(String),
}

impl Store {
    /// The times for which each schedule is decided, as they were planned last.
    pub fn planned_times(&self) -> Result<HashMap<String, String>, StoreError> {
        self.read(|connection| {
            Box::pin(async {
                let rows = sqlx::query("SELECT name, times FROM schedules WHERE times IS NOT NULL")
                    .fetch_all(connection)
                    .await?;
                rows.iter()
                    .map(|row| Ok((row.try_get("name")?, row.try_get("times")?)))
                    .collect()
            })
        })
    }

    /// Records the schedules that there are now. One that is new or has other times is decided up
    /// to `now`; one that is gone is forgotten, but for its being paused.
    pub fn plan(&self, schedules: Vec<Planned>, now: Timestamp) -> Result<(), StoreError> {
        self.write(move |connection| {
            Box::pin(async move {
                let rows =
                    sqlx::query("SELECT name, times FROM schedules WHERE times IS NOT NULL").fetch_all(&mut *connection).await?;
                let mut before: BTreeMap<String, String> = BTreeMap::new();
                for row in &rows {
                    before.insert(row.try_get("name")?, row.try_get("times")?);
                }
                for schedule in schedules {
                    if before.remove(&schedule.name).as_ref() == Some(&schedule.times) {
                        continue;
                    }
                    let query = sqlx::query(
                        "INSERT INTO schedules (name, times, decided_upto) VALUES (?1, ?2, ?3) ON CONFLICT (name)
                         DO UPDATE SET times = ?2, decided_upto = max(coalesce(decided_upto, ?3), ?3)",
                    );
                    query.bind(schedule.name).bind(schedule.times).bind(millis(now)).execute(&mut *connection).await?;
                }
                for name in before.into_keys() {
                    sqlx::query("UPDATE schedules SET times = NULL WHERE name = ?").bind(name).execute(&mut *connection).await?;
                }
                Ok(())
            })
        })
    }

    /// When a run of each schedule ended well, and when one began, the last time.
    pub fn last_successes(&self) -> Result<HashMap<String, LastRuns>, StoreError> {
        self.read(|connection| {
            Box::pin(async {
                let sql = format!(
                    "SELECT name, max(iif(kind = 'backfill', NULL, started_at)) AS began,
                     max(iif(state = 'done', iif(kind = 'backfill', due_at, ended_at), NULL)) AS done
                     FROM runs WHERE {OF_SCHEDULES} GROUP BY name"
                );
                let mut runs = HashMap::new();
                let rows = sqlx::query(AssertSqlSafe(sql));
                for row in rows.fetch_all(connection).await? {
                    let success: Option<i64> = row.try_get("done")?;
                    let began: Option<i64> = row.try_get("began")?;
                    let last = LastRuns {
                        began: began.map(timestamp),
                        success: success.map(timestamp),
                    };
                    runs.insert(row.try_get("name")?, last);
                }
                Ok(runs)
            })
        })
    }

    /// How the last run of each schedule ended whose end a server has taken note of.
    pub fn last_outcomes(&self) -> Result<HashMap<String, RunOutcome>, StoreError> {
        self.read(|connection| {
            Box::pin(async {
                // SQLite takes the other columns from the row that has the maximum.
                let sql = format!(
                    "SELECT name, state, max(started_at) FROM runs WHERE {OF_SCHEDULES} AND ended_at IS NOT NULL
                     AND unheard = 0 GROUP BY name"
                );
                let mut outcomes = HashMap::new();
                for row in sqlx::query(AssertSqlSafe(sql)).fetch_all(connection).await? {
                    let word: String = row.try_get("state")?;
                    let outcome = RunState::parse(&word).and_then(RunState::outcome);
                    outcomes.extend(outcome.map(|outcome| row.try_get("name").map(|name| (name, outcome))).transpose()?);
                }
                Ok(outcomes)
            })
        })
    }

    /// Records a firing that is none of its schedule's own times, as [`Store::decide`] does, but
    /// what the schedule is decided up to stays.
    pub fn decide_beside(&self, firing: Firing, run: Option<NewRun>) -> Result<bool, StoreError> {
        self.write(move |connection| {
            Box::pin(decide_beside(connection, firing, run, Some("trigger")))
        })
    }

    /// Records decisions in one step, so that none is there without those before it; which of them
    /// are new, as from [`Store::decide`].
    pub fn decide_together(&self, decisions: Vec<HistoryEntry>) -> Result<Vec<bool>, StoreError> {
        self.write(move |connection| {
            Box::pin(async move {
                let mut new = Vec::with_capacity(decisions.len());
                for decision in decisions {
                    new.push(match decision {
                        HistoryEntry::Firing(firing, run) => {
                            decide(connection, firing, run).await?
                        }
                        HistoryEntry::Again(firing, run) => {
                            decide_again(connection, firing, run).await?
                        }
                        HistoryEntry::Beside(firing, run) => {
                            decide_beside(connection, firing, run, Some("trigger")).await?
                        }
                        HistoryEntry::Over(firing, run) => {
                            decide_over(connection, firing, run).await?
                        }
                        HistoryEntry::Given(schedule, due, given) => {
                            given::keep(connection, schedule, due, given)
                                .await
                                .map(|()| true)?
                        }
                        HistoryEntry::Requested(request) => {
                            user_requests::keep(connection, request)
                                .await
                                .map(|()| true)?
                        }
                        HistoryEntry::Run(run) => repeat(connection, run).await.map(|()| true)?,
                        HistoryEntry::End(end) => runs::mark_settled(connection, end).await?,
                        HistoryEntry::Retry(attempt, retry) => {
                            note_retry(connection, attempt, retry).await?
                        }
                        HistoryEntry::Notification(new) => notifications::insert(connection, new)
                            .await
                            .map(|()| true)?,
                        HistoryEntry::Delivery(note) => {
                            notifications::note(connection, note).await?
                        }
                    });
                }
                Ok(new)
            })
        })
    }
}

/// Adds a repetition's run, which is then no longer to come.
async fn repeat(connection: &mut SqliteConnection, run: NewRun) -> Result<(), sqlx::Error> {
    let query = sqlx::query(
        "UPDATE runs SET retry_at = NULL WHERE name = ? AND due_at = ? AND attempt < ? AND retry_at IS NOT NULL",
    );
    let query = query
        .bind(run.name.clone())
        .bind(run.due.map(millis))
        .bind(i64::from(run.attempt));
    query.execute(&mut *connection).await?;
    runs::insert(connection, run).await
}

/// Notes what becomes of the repetition of an attempt; whether the store has that attempt.
async fn note_retry(
    connection: &mut SqliteConnection,
    attempt: AttemptKey,
    retry: Retry,
) -> Result<bool, sqlx::Error> {
    let (time, given_up) = match retry {
        Retry::At(time) => (Some(millis(time)), None),
        Retry::GivenUp(reason) => (None, Some(reason)),
    };
    // No run begins before it is due, which spares looking at all that were before. After a clock
    // was set back there may be two; the later one is meant.
    let query = sqlx::query(
        "UPDATE runs SET retry_at = ?1, retry_given_up = ?2
         WHERE rowid = (SELECT max(rowid) FROM runs
         WHERE name = ?3 AND due_at = ?4 AND attempt = ?5 AND started_at >= ?4 - 60000)",
    );
    let query = query
        .bind(time)
        .bind(given_up)
        .bind(attempt.schedule)
        .bind(millis(attempt.due))
        .bind(i64::from(attempt.number));
    Ok(query.execute(connection).await?.rows_affected() > 0)
}
