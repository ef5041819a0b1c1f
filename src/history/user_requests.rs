//! What people have asked for, and who they are.

use super::error::StoreError;
use super::store::Store;
use super::times::{millis, timestamp};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Row as _, Sqlite, SqliteConnection};
use std::collections::HashMap;
use std::fmt;

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    /// A run of a schedule.
    Trigger,
    /// Runs of a schedule for times that have passed.
    Backfill,
    /// That a schedule does not fire.
    Pause,
    /// That it does again.
    Resume,
    /// The end of a run.
    Cancel,
    /// That what waits of a schedule is given up.
    Drop,
}

impl Verb {
    /// The word in the store.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Trigger => "trigger",
            Self::Backfill => "backfill",
            Self::Pause => "pause",
            Self::Resume => "resume",
            Self::Cancel => "cancel",
            Self::Drop => "drop",
        }
    }
}

/// What a command tells of the person who gives it. Any of it may be made up.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Told {
    /// Who logged in, whatever user it became since.
    pub login: Option<String>,
    /// Who called `sudo`.
    pub sudo_user: Option<String>,
    /// The machine.
    pub host: Option<String>,
    /// The terminal.
    pub terminal: Option<String>,
}

/// Who asks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Requester {
    /// The user, as the kernel tells it.
    pub uid: Option<u32>,
    /// Its name on this machine.
    pub user: Option<String>,
    /// What the command tells beside it.
    pub told: Told,
}

impl fmt::Display for Requester {
    /// The user, and what the command told of itself marked as such.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { uid, user, told } = self;
        match (user, uid) {
            (Some(user), Some(uid)) => write!(f, "{user} (uid {uid})")?,
            (Some(user), None) => f.write_str(user)?,
            (None, Some(uid)) => write!(f, "uid {uid}")?,
            (None, None) => f.write_str("an unknown user")?,
        }
        let parts = [
            ("login", &told.login),
            ("sudo by", &told.sudo_user),
            ("host", &told.host),
            ("terminal", &told.terminal),
        ];
        let told = parts
            .into_iter()
            .filter_map(|(name, value)| Some((name, value.as_deref()?)));
        for (index, (name, value)) in told.enumerate() {
            let before = if index == 0 {
                "; told by the command: "
            } else {
                ", "
            };
            write!(f, "{before}{name} {value}")?;
        }
        Ok(())
    }
}

impl Requester {
    /// The user, as the kernel tells it: its name, otherwise its number.
    pub fn name(&self) -> Option<String> {
        let uid = self.uid.map(|uid| format!("uid {uid}"));
        self.user.clone().or(uid)
    }
}

/// What a person asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserRequest {
    /// When.
    pub at: Timestamp,
    /// The word for what.
    pub verb: String,
    /// The schedule.
    pub schedule: Option<String>,
    /// The time of the firing that it made.
    pub due: Option<Timestamp>,
    /// The run that it ended.
    pub run: Option<String>,
    /// Who.
    pub requester: Requester,
    /// Why.
    pub reason: Option<String>,
    /// Until when.
    pub until: Option<Timestamp>,
}

impl UserRequest {
    /// Something that is asked for now.
    pub fn new(verb: Verb, requester: Requester, at: Timestamp) -> Self {
        Self {
            at,
            verb: verb.as_str().to_owned(),
            schedule: None,
            due: None,
            run: None,
            requester,
            reason: None,
            until: None,
        }
    }
}

/// Which requests.
#[derive(Debug, Clone, Copy)]
pub enum Of<'a> {
    /// Those that made a firing or ended its run.
    Run(&'a str, Option<(&'a str, Timestamp)>),
    /// Those to pause or resume a schedule, the latest first.
    Pauses(&'a str),
}

impl Store {
    /// Keeps what was asked for, without waiting.
    pub fn post_user_request(&self, request: UserRequest) -> Result<(), StoreError> {
        self.post(move |connection| Box::pin(keep(connection, request)))
    }

    /// What was asked for.
    pub fn user_requests(&self, of: Of<'_>) -> Result<Vec<UserRequest>, StoreError> {
        let mut query = QueryBuilder::<Sqlite>::new("SELECT * FROM user_requests WHERE ");
        match of {
            Of::Run(run, firing) => {
                query.push("run_id = ").push_bind(run.to_owned());
                if let Some((schedule, due)) = firing {
                    query
                        .push(" OR (schedule = ")
                        .push_bind(schedule.to_owned());
                    query
                        .push(" AND due_at = ")
                        .push_bind(millis(due))
                        .push(")");
                }
                query.push(" ORDER BY id");
            }
            Of::Pauses(schedule) => {
                query.push("schedule = ").push_bind(schedule.to_owned());
                query.push(" AND verb IN ('pause', 'resume') ORDER BY id DESC LIMIT 20");
            }
        }
        self.read(move |connection| {
            Box::pin(async move {
                let rows = query.build().fetch_all(connection).await?;
                rows.iter().map(row).collect()
            })
        })
    }

    /// What was asked for to pause and resume these schedules: of each so many at most, the latest
    /// first.
    pub fn pauses(
        &self,
        schedules: &[&str],
        most: u32,
    ) -> Result<HashMap<String, Vec<UserRequest>>, StoreError> {
        let names = serde_json::Value::from(schedules).to_string();
        self.read(move |connection| {
            Box::pin(async move {
                let query = sqlx::query(
                    "SELECT user_requests.* FROM json_each(?) AS named CROSS JOIN user_requests ON user_requests.id IN
                     (SELECT id FROM user_requests WHERE schedule = named.value AND verb IN ('pause', 'resume') ORDER BY id DESC LIMIT ?)
                     ORDER BY user_requests.id DESC",
                );
                let rows = query.bind(names).bind(most).fetch_all(connection).await?;
                let mut pauses: HashMap<String, Vec<UserRequest>> = HashMap::new();
                for request in rows.iter().map(row) {
                    let request = request?;
                    let name = request.schedule.clone().unwrap_or_default();
                    pauses.entry(name).or_default().push(request);
                }
                Ok(pauses)
            })
        })
    }
}

/// Keeps what was asked for; once, where it made a firing.
pub(super) async fn keep(
    connection: &mut SqliteConnection,
    request: UserRequest,
) -> Result<(), sqlx::Error> {
    let query = sqlx::query(
        "INSERT INTO user_requests (at, verb, schedule, due_at, run_id, uid, user, told, reason, until)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
    );
    let Requester { uid, user, told } = request.requester;
    let query = query
        .bind(millis(request.at))
        .bind(request.verb)
        .bind(request.schedule)
        .bind(request.due.map(millis))
        .bind(request.run)
        .bind(uid.map(i64::from))
        .bind(user);
    query
        .bind(serde_json::to_string(&told).unwrap_or_else(|_| "{}".to_owned()))
        .bind(request.reason)
        .bind(request.until.map(millis))
        .execute(connection)
        .await
        .map(drop)
}

/// Forgets those whose run or firing is forgotten.
pub(super) async fn forget_unused(connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    let sql = "DELETE FROM user_requests WHERE (run_id IS NOT NULL AND run_id NOT IN (SELECT id FROM runs)) OR (due_at IS NOT NULL AND NOT EXISTS
         (SELECT 1 FROM firings WHERE firings.schedule = user_requests.schedule AND firings.due_at = user_requests.due_at))";
    sqlx::query(sql).execute(connection).await.map(drop)
}

fn row(row: &SqliteRow) -> Result<UserRequest, sqlx::Error> {
    let time = |column: &str| {
        row.try_get::<Option<i64>, _>(column)
            .map(|time| time.map(timestamp))
    };
    let told: String = row.try_get("told")?;
    Ok(UserRequest {
        at: timestamp(row.try_get("at")?),
        verb: row.try_get("verb")?,
        schedule: row.try_get("schedule")?,
        due: time("due_at")?,
        run: row.try_get("run_id")?,
        requester: Requester {
            uid: row.try_get("uid")?,
            user: row.try_get("user")?,
            told: serde_json::from_str(&told).unwrap_or_default(),
        },
        reason: row.try_get("reason")?,
        until: time("until")?,
    })
}
