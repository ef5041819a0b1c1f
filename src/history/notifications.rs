//! Notifications: a row for each receiver, from the decision that it follows from until it has
//! arrived, or a day has passed.

use super::error::StoreError;
use super::store::Store;
use super::times::{millis, timestamp};
use jiff::Timestamp;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row as _, SqliteConnection};

/// How a notification stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotificationState {
    /// It is to be delivered.
    Waiting,
    /// Its receiver has it.
    Delivered,
    /// It was not delivered, and is not tried any more.
    Undelivered,
    /// Nobody is to receive it.
    Unaddressed,
}

impl NotificationState {
    /// The word in the store.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Delivered => "delivered",
            Self::Undelivered => "undelivered",
            Self::Unaddressed => "unaddressed",
        }
    }
}

/// A notification that is made.
#[derive(Debug, Clone)]
pub struct NewNotification {
    /// A UUID.
    pub id: String,
    /// The schedule.
    pub schedule: String,
    /// The word of the event.
    pub event: String,
    /// The kind of receiver; none where there is none.
    pub receiver: Option<&'static str>,
    /// The run that it is about.
    pub run: Option<String>,
    /// What it says, as JSON.
    pub content: String,
    /// When.
    pub made: Timestamp,
    /// Whether it takes the place of all that were made for this schedule and kind of receiver
    /// before.
    pub replaces: bool,
}

/// How a notification stands after an attempt.
#[derive(Debug, Clone)]
pub struct DeliveryNote {
    /// The notification.
    pub id: String,
    /// How it stands.
    pub state: NotificationState,
    /// How often it was tried.
    pub attempts: u32,
    /// When it is tried again.
    pub next: Option<Timestamp>,
    /// When the attempt was.
    pub at: Timestamp,
    /// What the attempt met with.
    pub error: Option<String>,
}

/// A notification as the store has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotificationRow {
    /// Its id.
    pub id: String,
    /// The schedule.
    pub schedule: String,
    /// The word of the event.
    pub event: String,
    /// The kind of receiver.
    pub receiver: Option<String>,
    /// The run that it is about.
    pub run: Option<String>,
    /// What it says, as JSON.
    pub content: String,
    /// When it was made.
    pub made: Timestamp,
    /// The word of its state.
    pub state: String,
    /// How often it was tried.
    pub attempts: u32,
    /// When it is tried next.
    pub next: Option<Timestamp>,
    /// When it was delivered or given up.
    pub settled: Option<Timestamp>,
    /// What the last attempt met with.
    pub error: Option<String>,
}

impl Store {
    /// Notifications that wait, the oldest first, so many at most.
    pub fn waiting_notifications(&self, limit: u32) -> Result<Vec<NotificationRow>, StoreError> {
        self.read(move |connection| {
            Box::pin(async move {
                let query = sqlx::query(
                    "SELECT * FROM notifications WHERE state = 'waiting' ORDER BY made_at, rowid LIMIT ?",
                );
                let rows = query.bind(limit).fetch_all(connection).await?;
                rows.iter().map(row).collect()
            })
        })
    }

    /// How many notifications stand as undelivered.
    pub fn undelivered_notifications(&self) -> Result<u64, StoreError> {
        self.read(|connection| {
            Box::pin(async move {
                let query = sqlx::query_scalar::<_, i64>(
                    "SELECT count(*) FROM notifications WHERE state = 'undelivered'",
                );
                Ok(query.fetch_one(connection).await?.cast_unsigned())
            })
        })
    }

    /// The notifications about a run, in their order.
    pub fn notifications_of(&self, run: &str) -> Result<Vec<NotificationRow>, StoreError> {
        let run = run.to_owned();
        self.read(move |connection| {
            Box::pin(async move {
                let query = sqlx::query(
                    "SELECT * FROM notifications WHERE run_id = ? ORDER BY made_at, rowid",
                );
                let rows = query.bind(run).fetch_all(connection).await?;
                rows.iter().map(row).collect()
            })
        })
    }

    /// The notifications about a schedule, the latest first, so many at most.
    pub fn notifications_about(
        &self,
        schedule: &str,
        limit: u32,
    ) -> Result<Vec<NotificationRow>, StoreError> {
        let schedule = schedule.to_owned();
        self.read(move |connection| {
            Box::pin(async move {
                let query = sqlx::query(
                    "SELECT * FROM notifications WHERE schedule = ? ORDER BY made_at DESC, rowid DESC LIMIT ?",
                );
                let rows = query.bind(schedule).bind(limit).fetch_all(connection).await?;
                rows.iter().map(row).collect()
            })
        })
    }
}

/// Adds a notification.
pub(super) async fn insert(
    connection: &mut SqliteConnection,
    new: NewNotification,
) -> Result<(), sqlx::Error> {
    if new.replaces {
        sqlx::query("DELETE FROM notifications WHERE schedule = ? AND receiver = ?")
            .bind(&new.schedule)
            .bind(new.receiver)
            .execute(&mut *connection)
            .await?;
    }
    let (state, next) = match new.receiver {
        Some(_) => (NotificationState::Waiting, Some(millis(new.made))),
        None => (NotificationState::Unaddressed, None),
    };
    let query = sqlx::query(
        "INSERT INTO notifications (id, schedule, event, receiver, run_id, content, made_at, state, next_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING",
    );
    let query = query
        .bind(new.id)
        .bind(new.schedule)
        .bind(new.event)
        .bind(new.receiver)
        .bind(new.run);
    let query = query
        .bind(new.content)
        .bind(millis(new.made))
        .bind(state.as_str())
        .bind(next);
    query.execute(connection).await.map(drop)
}

/// Notes how an attempt went; whether the notification is still there.
pub(super) async fn note(
    connection: &mut SqliteConnection,
    note: DeliveryNote,
) -> Result<bool, sqlx::Error> {
    let is_settled = note.state != NotificationState::Waiting;
    let query = sqlx::query(
        "UPDATE notifications SET state = ?, attempts = ?, next_at = ?, settled_at = ?, error = ? WHERE id = ?",
    );
    let query = query
        .bind(note.state.as_str())
        .bind(i64::from(note.attempts))
        .bind(note.next.map(millis))
        .bind(is_settled.then(|| millis(note.at)))
        .bind(note.error)
        .bind(note.id);
    Ok(query.execute(connection).await?.rows_affected() > 0)
}

/// Forgets what was about runs that are gone, and what was about no run and is older than `before`,
/// or than all that is left. What waits stays.
pub(super) async fn forget_of(
    connection: &mut SqliteConnection,
    schedule: &str,
    before: Option<i64>,
) -> Result<(), sqlx::Error> {
    let query = sqlx::query(
        "DELETE FROM notifications WHERE schedule = ?1 AND state <> 'waiting' AND (run_id NOT IN (SELECT id FROM runs)
         OR run_id IS NULL AND made_at < coalesce(?2, (SELECT min(started_at) FROM runs WHERE name = ?1)))",
    );
    query
        .bind(schedule)
        .bind(before)
        .execute(connection)
        .await
        .map(drop)
}

fn row(row: &SqliteRow) -> Result<NotificationRow, sqlx::Error> {
    let time = |name: &str| -> Result<Option<Timestamp>, sqlx::Error> {
        Ok(row.try_get::<Option<i64>, _>(name)?.map(timestamp))
    };
    let attempts: i64 = row.try_get("attempts")?;
    Ok(NotificationRow {
        id: row.try_get("id")?,
        schedule: row.try_get("schedule")?,
        event: row.try_get("event")?,
        receiver: row.try_get("receiver")?,
        run: row.try_get("run_id")?,
        content: row.try_get("content")?,
        made: time("made_at")?.unwrap_or_default(),
        state: row.try_get("state")?,
        attempts: u32::try_from(attempts).unwrap_or(u32::MAX),
        next: time("next_at")?,
        settled: time("settled_at")?,
        error: row.try_get("error")?,
    })
}
