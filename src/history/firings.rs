//! Firings: one row for every moment at which a schedule was due, whether it ran or why it did not;
//! and each schedule's state.

use super::error::StoreError;
use super::runs::{self, NewRun};
use super::store::Store;
use super::times::{millis, timestamp};
use super::user_requests::{self, UserRequest, Verb};
use jiff::{SignedDuration, Timestamp};
use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Row as _, Sqlite, SqliteConnection};
use std::collections::BTreeMap;

/// A clock that goes back further than this was wrong before; one that goes back less was corrected.
pub const WRONG_CLOCK: SignedDuration = SignedDuration::from_hours(3);

/// What became of a firing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FiringOutcome {
    /// A run carries it out.
    Ran {
        /// The run's id.
        run: String,
    },
    /// It waits for the run before it to end; a later decision takes this one's place.
    Queued,
    /// The run before it was still going on.
    Overlap,
    /// The schedule was paused.
    Paused,
    /// It was missed, and too old once that was noticed.
    TooLate,
    /// It was missed, and a later one of the missed ran in its place.
    Superseded,
    /// The server was about to end.
    ShuttingDown,
    /// Its process could not be started.
    NotStarted,
    /// Nothing starts at its time by the schedule's calendars.
    Blocked,
    /// A schedule that it follows had no success in time.
    NotFollowed,
    /// It waited, and a person gave it up.
    Dropped,
}

impl FiringOutcome {
    /// The word in the store.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Ran { .. } => "ran",
            Self::Queued => "queued",
            Self::Overlap => "overlap",
            Self::Paused => "paused",
            Self::TooLate => "too late",
            Self::Superseded => "superseded",
            Self::ShuttingDown => "shutting down",
            Self::NotStarted => "not started",
            Self::Blocked => "blocked",
            Self::NotFollowed => "not followed",
            Self::Dropped => "dropped",
        }
    }

    /// Each of them; the run of one that ran has an empty id.
    pub fn all() -> Vec<Self> {
        let mut all = vec![Self::Ran { run: String::new() }];
        while let Some(next) = all.last().and_then(Self::next) {
            all.push(next);
        }
        all
    }

    /// The one after it, in the order of their definition.
    fn next(&self) -> Option<Self> {
        match self {
            Self::Ran { .. } => Some(Self::Queued),
            Self::Queued => Some(Self::Overlap),
            Self::Overlap => Some(Self::Paused),
            Self::Paused => Some(Self::TooLate),
            Self::TooLate => Some(Self::Superseded),
            Self::Superseded => Some(Self::ShuttingDown),
            Self::ShuttingDown => Some(Self::NotStarted),
            Self::NotStarted => Some(Self::Blocked),
            Self::Blocked => Some(Self::NotFollowed),
            Self::NotFollowed => Some(Self::Dropped),
            Self::Dropped => None,
        }
    }

    /// Whether it should have run and did not, which a later success makes good.
    pub fn is_missed(&self) -> bool {
        match self {
            Self::Overlap | Self::TooLate | Self::NotStarted | Self::NotFollowed => true,
            Self::Ran { .. }
            | Self::Queued
            | Self::Paused
            | Self::Superseded
            | Self::Dropped
            | Self::ShuttingDown
            | Self::Blocked => false,
        }
    }

    fn run(&self) -> Option<&str> {
        match self {
            Self::Ran { run } => Some(run),
            _ => None,
        }
    }
}

/// What was decided of a firing.
#[derive(Debug, Clone)]
pub struct Firing {
    /// The schedule's name.
    pub schedule: String,
    /// When it was due.
    pub due: Timestamp,
    /// When it was decided.
    pub decided: Timestamp,
    /// What.
    pub outcome: FiringOutcome,
    /// More about it, for a person.
    pub detail: Option<String>,
}

/// A firing as the store has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FiringRow {
    /// The schedule's name.
    pub schedule: String,
    /// When it was due.
    pub due: Timestamp,
    /// When it was decided.
    pub decided: Timestamp,
    /// The word of its outcome.
    pub outcome: String,
    /// More about it.
    pub detail: Option<String>,
    /// The run that carries it out.
    pub run: Option<String>,
    /// Why it would run where that is not its schedule's own time: trigger or backfill.
    pub cause: Option<String>,
}

/// What the store knows of a schedule.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ScheduleRow {
    /// Whether and since when it is paused.
    pub paused: Option<Timestamp>,
    /// When that ends by itself.
    pub paused_until: Option<Timestamp>,
    /// Up to and with this moment every firing has its row.
    pub decided_upto: Option<Timestamp>,
}

impl ScheduleRow {
    /// Whether it is paused at a time.
    pub fn is_paused(&self, at: Timestamp) -> bool {
        self.paused.is_some() && self.paused_until.is_none_or(|until| at < until)
    }
}

impl Store {
    /// Records in one step what was decided of a firing, the run that carries it out, and that the
    /// schedule is decided up to it. Waits until it is written. False, with nothing changed, where
    /// the firing was decided before; a queued one can be decided again, and so can one that did
    /// not run and was decided later than now, because then the clock was wrong.
    pub fn decide(&self, firing: Firing, run: Option<NewRun>) -> Result<bool, StoreError> {
        self.write(move |connection| Box::pin(decide(connection, firing, run)))
    }

    /// What the store knows of each schedule.
    pub fn schedule_states(&self) -> Result<BTreeMap<String, ScheduleRow>, StoreError> {
        self.read(|connection| {
            Box::pin(async {
                let rows = sqlx::query(
                    "SELECT name, paused, paused_at, paused_until, decided_upto FROM schedules",
                )
                .fetch_all(connection)
                .await?;
                let state = |row: &SqliteRow| {
                    let paused: bool = row.try_get("paused")?;
                    let paused_at: Option<i64> = row.try_get("paused_at")?;
                    let until: Option<i64> = row.try_get("paused_until")?;
                    let decided: Option<i64> = row.try_get("decided_upto")?;
                    let paused = paused.then(|| timestamp(paused_at.unwrap_or_default()));
                    Ok((
                        row.try_get("name")?,
                        ScheduleRow {
                            paused,
                            paused_until: until.filter(|_| paused.is_some()).map(timestamp),
                            decided_upto: decided.map(timestamp),
                        },
                    ))
                };
                rows.iter().map(state).collect()
            })
        })
    }

    /// Pauses a schedule, for good or until a time, or lets it go on, as was asked for; false where
    /// it was so before. What a pause that is asked for again does not say stays as it was: its end, and
    /// why.
    pub fn set_paused(&self, mut asked: UserRequest) -> Result<bool, StoreError> {
        self.write(move |connection| {
            Box::pin(async move {
                let schedule = asked.schedule.clone().unwrap_or_default();
                let paused = asked.verb == Verb::Pause.as_str();
                let at = millis(asked.at);
                let known: Option<bool> = sqlx::query_scalar(
                    "SELECT paused AND (paused_until IS NULL OR paused_until > ?) FROM schedules WHERE name = ?",
                )
                .bind(at)
                .bind(&schedule)
                .fetch_optional(&mut *connection)
                .await?;
                let was_paused = known.unwrap_or(false);
                if was_paused && paused {
                    if asked.until.is_none() && asked.reason.is_none() {
                        return Ok(false);
                    }
                    let before = sqlx::query_as::<_, (Option<i64>, Option<String>)>(
                        "SELECT paused_until, (SELECT reason FROM user_requests WHERE schedule = ?1 AND verb = ?2 ORDER BY id DESC LIMIT 1)
                         FROM schedules WHERE name = ?1",
                    );
                    let (until, reason) = before.bind(&schedule).bind(&asked.verb).fetch_one(&mut *connection).await?;
                    asked.until = asked.until.or(until.map(timestamp));
                    asked.reason = asked.reason.or(reason);
                }
                let until = asked.until.map(millis);
                let query = sqlx::query(
                    "INSERT INTO schedules (name, paused, paused_at, paused_until) VALUES (?1, ?2, ?3, ?4) ON CONFLICT (name)
                     DO UPDATE SET paused = ?2, paused_at = iif(?2 AND ?5, paused_at, ?3), paused_until = ?4",
                );
                let query = query.bind(schedule).bind(paused).bind(paused.then_some(at)).bind(until).bind(was_paused);
                query.execute(&mut *connection).await?;
                user_requests::keep(connection, asked).await?;
                Ok(was_paused != paused)
            })
        })
    }

    /// Each schedule's last firing that was due after `now`: what a clock that has been set back
    /// since has decided.
    pub fn last_firings_after(
        &self,
        now: Timestamp,
    ) -> Result<BTreeMap<String, Timestamp>, StoreError> {
        self.read(move |connection| {
            Box::pin(async move {
                let rows = sqlx::query(
                    "SELECT schedule, max(due_at) AS last FROM firings WHERE due_at > ? GROUP BY schedule",
                )
                .bind(millis(now))
                .fetch_all(connection)
                .await?;
                let last = |row: &SqliteRow| {
                    Ok((row.try_get("schedule")?, timestamp(row.try_get("last")?)))
                };
                rows.iter().map(last).collect()
            })
        })
    }

    /// Firings that wait for an earlier run to end, the oldest first.
    pub fn queued_firings(&self) -> Result<Vec<FiringRow>, StoreError> {
        self.read(|connection| {
            Box::pin(async {
                let rows =
                    sqlx::query("SELECT * FROM firings WHERE outcome = 'queued' ORDER BY due_at")
                        .fetch_all(connection)
                        .await?;
                rows.iter().map(row).collect()
            })
        })
    }

    /// Firings, the latest first; of one schedule, due at or after `since` and before `until`, that
    /// did not run, so many at most.
    pub fn firings(
        &self,
        schedule: Option<&str>,
        since: Option<Timestamp>,
        until: Option<Timestamp>,
        only_missed: bool,
        limit: Option<u32>,
    ) -> Result<Vec<FiringRow>, StoreError> {
        let schedule = schedule.map(str::to_owned);
        self.read(move |connection| {
            Box::pin(async move {
                let mut query = QueryBuilder::<Sqlite>::new("SELECT * FROM firings WHERE true");
                if let Some(schedule) = schedule {
                    query.push(" AND schedule = ").push_bind(schedule);
                }
                if let Some(since) = since {
                    query.push(" AND due_at >= ").push_bind(millis(since));
                }
                if let Some(until) = until {
                    query.push(" AND due_at < ").push_bind(millis(until));
                }
                if only_missed {
                    query.push(" AND outcome <> 'ran'");
                }
                query.push(" ORDER BY due_at DESC, schedule");
                if let Some(limit) = limit {
                    query.push(" LIMIT ").push_bind(limit);
                }
                query
                    .build()
                    .fetch_all(connection)
                    .await?
                    .iter()
                    .map(row)
                    .collect()
            })
        })
    }
}

/// Decides a firing.
pub(super) async fn decide(
    connection: &mut SqliteConnection,
    firing: Firing,
    run: Option<NewRun>,
) -> Result<bool, sqlx::Error> {
    let (schedule, due, now) = (firing.schedule.clone(), firing.due, firing.decided);
    let is_new = decide_beside(connection, firing, run, None).await?;
    if is_new {
        let limit = now.saturating_add(WRONG_CLOCK).unwrap_or(Timestamp::MAX);
        advance(connection, &schedule, due, limit).await?;
    }
    Ok(is_new)
}

/// Decides a firing whose time comes again, whatever was decided before; without a run only where
/// none carried it out then.
pub(super) async fn decide_again(
    connection: &mut SqliteConnection,
    firing: Firing,
    run: Option<NewRun>,
) -> Result<bool, sqlx::Error> {
    let (schedule, due, now) = (firing.schedule.clone(), firing.due, firing.decided);
    if run.is_some() {
        sqlx::query("DELETE FROM firings WHERE schedule = ? AND due_at = ?")
            .bind(&schedule)
            .bind(millis(due))
            .execute(&mut *connection)
            .await?;
    }
    let is_new = decide_beside(connection, firing, run, None).await?;
    // The schedule follows the clock, wherever that has gone.
    let limit = now.saturating_add(SignedDuration::from_secs(1));
    advance(connection, &schedule, due, limit.unwrap_or(Timestamp::MAX)).await?;
    Ok(is_new)
}

/// Decides a firing, but not that the schedule is decided up to it.
pub(super) async fn decide_beside(
    connection: &mut SqliteConnection,
    firing: Firing,
    run: Option<NewRun>,
    cause: Option<&'static str>,
) -> Result<bool, sqlx::Error> {
    let query = sqlx::query(
        "INSERT INTO firings (schedule, due_at, decided_at, outcome, detail, run_id, cause) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
         ON CONFLICT (schedule, due_at) DO UPDATE SET decided_at = ?3, outcome = ?4, detail = ?5, run_id = ?6
         WHERE outcome = 'queued' AND (excluded.outcome <> 'queued' OR excluded.detail IS NOT detail) OR outcome <> 'ran' AND decided_at > excluded.decided_at + 1000",
    );
    let query = query
        .bind(&firing.schedule)
        .bind(millis(firing.due))
        .bind(millis(firing.decided))
        .bind(firing.outcome.as_str());
    let query = query
        .bind(firing.detail)
        .bind(firing.outcome.run())
        .bind(cause);
    if query.execute(&mut *connection).await?.rows_affected() == 0 {
        return Ok(false);
    }
    if let Some(run) = run {
        runs::insert(connection, run).await?;
    }
    Ok(true)
}

/// Decides a firing of a time that has passed, which then takes the place of any that did not run.
pub(super) async fn decide_over(
    connection: &mut SqliteConnection,
    firing: Firing,
    run: Option<NewRun>,
) -> Result<bool, sqlx::Error> {
    sqlx::query("DELETE FROM firings WHERE schedule = ? AND due_at = ? AND run_id IS NULL")
        .bind(&firing.schedule)
        .bind(millis(firing.due))
        .execute(&mut *connection)
        .await?;
    decide_beside(connection, firing, run, Some("backfill")).await
}

/// Decided up to `moment`. What is decided beyond `limit` was decided by a clock that was wrong, or is
/// decided again. A clock that was only corrected takes nothing back: a firing that waited would let
/// times that were decided before fire once more, under the next server.
async fn advance(
    connection: &mut SqliteConnection,
    schedule: &str,
    moment: Timestamp,
    limit: Timestamp,
) -> Result<(), sqlx::Error> {
    let query = sqlx::query(
        "INSERT INTO schedules (name, decided_upto) VALUES (?1, ?2) ON CONFLICT (name)
         DO UPDATE SET decided_upto = iif(decided_upto > ?3, ?2, max(coalesce(decided_upto, ?2), ?2))",
    );
    query
        .bind(schedule)
        .bind(millis(moment))
        .bind(millis(limit))
        .execute(connection)
        .await
        .map(drop)
}

fn row(row: &SqliteRow) -> Result<FiringRow, sqlx::Error> {
    Ok(FiringRow {
        schedule: row.try_get("schedule")?,
        due: timestamp(row.try_get("due_at")?),
        decided: timestamp(row.try_get("decided_at")?),
        outcome: row.try_get("outcome")?,
        detail: row.try_get("detail")?,
        run: row.try_get("run_id")?,
        cause: row.try_get("cause")?,
    })
}
