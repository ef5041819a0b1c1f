//! What goes on when the store's file is removed or replaced under the processes that have it open:
//! the file that was open can still be read, and what is not over in it goes into the new one.
//! Otherwise a firing that was decided a moment before would be gone without a word.

use sqlx::{AssertSqlSafe, SqliteConnection};
use std::borrow::Cow;

/// Whose rows a process carries over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Carried {
    /// Those of the runs that it carries out.
    OwnRuns,
    /// Everything that a server has to go on with.
    Everything,
}

/// Rows of a table.
pub(super) struct Rows {
    table: &'static str,
    which: Cow<'static, str>,
    conflict: Conflict,
}

/// What becomes of a row that the other file has already.
enum Conflict {
    /// It stays.
    Stays,
    /// It is replaced, where this holds of it.
    Replaced(&'static str),
    /// What this says in SQL.
    Becomes(&'static str),
}

impl Conflict {
    /// `columns` are a table's, `key` those of its primary key.
    fn sql(&self, columns: &[String], key: &[String]) -> String {
        match self {
            Self::Stays => "DO NOTHING".to_owned(),
            Self::Replaced(condition) => {
                let others = columns.iter().filter(|column| !key.contains(column));
                let set: Vec<_> = others
                    .map(|column| format!("{column} = excluded.{column}"))
                    .collect();
                let (key, set) = (key.join(", "), set.join(", "));
                format!("({key}) DO UPDATE SET {set} WHERE {condition}")
            }
            Self::Becomes(sql) => (*sql).to_owned(),
        }
    }
}

impl Rows {
    /// Where the other file has one already, that stays.
    pub(super) const fn new(table: &'static str, which: &'static str) -> Self {
        Self {
            table,
            which: Cow::Borrowed(which),
            conflict: Conflict::Stays,
        }
    }

    /// Where the other file has one already of which the condition holds, this replaces it.
    const fn newer(table: &'static str, which: &'static str, condition: &'static str) -> Self {
        Self {
            table,
            which: Cow::Borrowed(which),
            conflict: Conflict::Replaced(condition),
        }
    }

    /// What is over here replaces whatever the other file has of it.
    fn over(table: &'static str, which: String) -> Self {
        Self {
            table,
            which: Cow::Owned(which),
            conflict: Conflict::Replaced("true"),
        }
    }

    /// Where the other file has one already, this becomes of it.
    pub(super) const fn or(
        table: &'static str,
        which: &'static str,
        conflict: &'static str,
    ) -> Self {
        Self {
            table,
            which: Cow::Borrowed(which),
            conflict: Conflict::Becomes(conflict),
        }
    }
}

/// A run that a server has still to do with.
const RUN_GOES_ON: &str = "ended_at IS NULL OR unheard = 1 OR retry_at IS NOT NULL";
const IS_QUEUED: &str = "outcome = 'queued'";
const IS_WAITING: &str = "state = 'waiting'";

/// What belongs to runs; `going_on` has their ids. The other file may be an older copy of this one, or
/// have what the runs themselves have carried over and written since: an end is never undone, and of calls
/// those that are more stay.
const OF_RUNS: [Rows; 7] = [
    Rows::new(
        "scripts",
        "hash IN (SELECT script_hash FROM runs WHERE id IN going_on)",
    ),
    Rows::newer("runs", "id IN going_on", "runs.ended_at IS NULL"),
    Rows::newer("firings", "run_id IN going_on", "true"),
    Rows::new(
        "given",
        "(schedule, due_at) IN (SELECT name, due_at FROM runs WHERE id IN going_on)",
    ),
    Rows::new("output", "run_id IN going_on"),
    Rows::newer(
        "call_batches",
        "run_id IN going_on",
        "call_batches.last < excluded.last",
    ),
    Rows::newer("waits", "run_id IN going_on", "waits.ended_at IS NULL"),
];

/// What else a server goes on with.
const OF_SERVERS: [Rows; 6] = [
    Rows::newer("schedules", "true", "true"),
    Rows::newer("servers", "id = (SELECT max(id) FROM servers)", "true"),
    Rows::new("firings", IS_QUEUED),
    Rows::new(
        "given",
        "(schedule, due_at) IN (SELECT schedule, due_at FROM firings WHERE outcome = 'queued')",
    ),
    Rows::newer("notifications", IS_WAITING, "true"),
    // Who has paused what, and who has asked for what waits or goes on.
    Rows::new(
        "user_requests",
        "run_id IN going_on OR schedule IN (SELECT name FROM schedules WHERE paused)
         OR (schedule, due_at) IN (SELECT schedule, due_at FROM firings WHERE outcome = 'queued' OR run_id IN going_on)",
    ),
];

/// What an older copy takes for going on: a table, its key, and which rows. A server that went by it
/// would carry out again what this file shows as over.
const GOES_ON: [(&str, &str, &str); 3] = [
    ("runs", "id", RUN_GOES_ON),
    ("firings", "schedule, due_at", IS_QUEUED),
    ("notifications", "id", IS_WAITING),
];

/// The rows of this file of what the other takes for going on, and what belongs to those runs. Here
/// they are over, so nothing is newer.
async fn settled_since(to: &mut SqliteConnection) -> Result<Vec<Rows>, sqlx::Error> {
    let mut all = Vec::new();
    for (table, key, which) in GOES_ON {
        let quoted: Vec<_> = key
            .split(", ")
            .map(|column| format!("quote({column})"))
            .collect();
        let quoted = quoted.join(" || ', ' || ");
        let sql = format!("SELECT {quoted} FROM {table} WHERE {which}");
        let keys: Vec<String> = sqlx::query_scalar(AssertSqlSafe(sql))
            .fetch_all(&mut *to)
            .await?;
        if keys.is_empty() {
            continue;
        }
        let known = format!("({key}) IN (VALUES ({}))", keys.join("), ("));
        if table != "runs" {
            all.push(Rows::over(table, known));
            continue;
        }
        let ended = format!("IN (SELECT id FROM runs WHERE ended_at IS NOT NULL AND {known})");
        all.push(Rows::over(table, format!("id {ended}")));
        for of_run in ["output", "call_batches", "waits"] {
            all.push(Rows::over(of_run, format!("run_id {ended}")));
        }
    }
    Ok(all)
}

/// Carries it over, in one transaction.
pub(super) async fn carry_over(
    from: &mut SqliteConnection,
    to: &mut SqliteConnection,
    what: Carried,
) -> Result<(), sqlx::Error> {
    let going_on = match what {
        Carried::OwnRuns => format!("ended_at IS NULL AND pid = {}", std::process::id()),
        Carried::Everything => RUN_GOES_ON.to_owned(),
    };
    let others: &[Rows] = match what {
        Carried::OwnRuns => &[],
        Carried::Everything => &OF_SERVERS,
    };
    let settled = match what {
        Carried::OwnRuns => Vec::new(),
        Carried::Everything => settled_since(to).await?,
    };
    let mut inserts = Vec::new();
    for rows in OF_RUNS.iter().chain(others).chain(&settled) {
        inserts.extend(statements(from, rows, &going_on).await?);
    }
    if inserts.is_empty() {
        return Ok(());
    }
    let all = format!("BEGIN IMMEDIATE; {}; COMMIT", inserts.join("; "));
    let written = sqlx::raw_sql(AssertSqlSafe(all)).execute(&mut *to).await;
    if written.is_err() {
        // Refused where there is no transaction, which is fine.
        let _ = sqlx::raw_sql("ROLLBACK").execute(to).await;
    }
    written.map(drop)
}

/// The statements that insert these rows, written by SQLite itself; `going_on` is a condition on the
/// runs that are meant.
pub(super) async fn statements(
    from: &mut SqliteConnection,
    rows: &Rows,
    going_on: &str,
) -> Result<Vec<String>, sqlx::Error> {
    let Rows {
        table,
        which,
        conflict,
    } = rows;
    // A number that counts up is the new file's own, but for the server's, by which it is known.
    let columns: Vec<String> = sqlx::query_scalar(
        "SELECT name FROM pragma_table_info(?1) WHERE NOT (?1 = 'user_requests' AND name = 'id')",
    )
    .bind(table)
    .fetch_all(&mut *from)
    .await?;
    // A process that was killed as it made the file has left one without tables.
    if columns.is_empty() {
        return Ok(Vec::new());
    }
    // `quote` ends a text at its first NUL.
    let quoted = |column: &String| {
        format!(
            "iif(typeof({column}) = 'text', 'CAST(X''' || hex({column}) || ''' AS TEXT)', quote({column}))"
        )
    };
    let values: Vec<_> = columns.iter().map(quoted).collect();
    let key: Vec<String> = sqlx::query_scalar("SELECT name FROM pragma_table_info(?) WHERE pk > 0")
        .bind(table)
        .fetch_all(&mut *from)
        .await?;
    let conflict = conflict.sql(&columns, &key);
    let sql = format!(
        "WITH going_on AS (SELECT id FROM runs WHERE {going_on})
         SELECT 'INSERT INTO {table} ({}) VALUES (' || {} || ') ON CONFLICT {conflict}' FROM {table} WHERE {which}",
        columns.join(", "),
        values.join(" || ', ' || ")
    );
    sqlx::query_scalar(AssertSqlSafe(sql)).fetch_all(from).await
}

#[cfg(test)]
mod tests {
    use crate::history::{Filter, Store};
    use sqlx::sqlite::SqliteConnectOptions;
    use sqlx::{AssertSqlSafe, ConnectOptions as _, SqliteConnection};
    use std::fs;
    use std::path::Path;
    use std::time::Duration;

    /// Of each kind what goes on, `on` and what is over.
    const ROWS: &str = "
        INSERT INTO scripts (hash, text) VALUES ('on', 'print \"\u{e9}\"'), ('over', '');
        INSERT INTO runs (id, name, kind, script_hash, args, version, started_at, due_at, pid, state, unheard, ended_at, retry_at)
        VALUES ('on', 'a', 'schedule', 'on', '[]', '', 1, 1, PID, 'running', 1, NULL, NULL),
               ('retry', 'a', 'schedule', NULL, '[]', '', 2, 2, 1, 'failed', 0, 2, 9),
               ('unheard', 'a', 'schedule', NULL, '[]', '', 3, 3, 1, 'done', 1, 3, NULL),
               ('over', 'a', 'schedule', 'over', '[]', '', 4, 4, PID, 'done', 0, 4, NULL);
        INSERT INTO firings (schedule, due_at, decided_at, outcome, run_id)
        VALUES ('a', 1, 1, 'ran', 'on'), ('a', 4, 4, 'ran', 'over'), ('b', 5, 5, 'queued', NULL), ('b', 6, 6, 'missed', NULL);
        INSERT INTO given (schedule, due_at, params) VALUES ('a', 1, '{}'), ('a', 4, '{}'), ('b', 5, '{}'), ('b', 6, '{}');
        INSERT INTO output (run_id, number, at, stream, line)
        VALUES ('on', 1, 1, 'out', 'it''s; ' || char(0) || char(233)), ('over', 1, 1, 'out', '');
        INSERT INTO call_batches (run_id, number, last, calls, records) VALUES ('on', 1, 1, 1, '[]'), ('over', 1, 1, 1, '[]');
        INSERT INTO waits (run_id, number, started_at, what) VALUES ('on', 1, 1, 'a task'), ('over', 1, 1, 'a task');
        INSERT INTO schedules (name, paused, paused_until, decided_upto) VALUES ('a', 0, NULL, 4), ('paused', 1, 99, 7);
        INSERT INTO servers (id, pid, version, started_at, seen_at) VALUES (1, 1, '', 1, 1), (2, 1, '', 2, 2);
        INSERT INTO notifications (id, schedule, event, content, made_at, state)
        VALUES ('on', 'a', 'failure', '{}', 1, 'waiting'), ('over', 'a', 'failure', '{}', 1, 'delivered');
        INSERT INTO user_requests (at, verb, schedule, due_at, told)
        VALUES (1, 'trigger', 'a', 1, '{}'), (4, 'trigger', 'a', 4, '{}'), (5, 'trigger', 'b', 5, '{}'), (7, 'pause', 'paused', NULL, '{}');";

    /// What identifies the rows that are left of each table.
    const LEFT: [(&str, &str, &str, &str); 11] = [
        ("scripts", "hash", "on", "on"),
        ("runs", "id", "on", "on retry unheard"),
        ("firings", "due_at", "1", "1 5"),
        ("given", "due_at", "1", "1 5"),
        (
            "output",
            "hex(line)",
            "697427733B2000C3A9",
            "697427733B2000C3A9",
        ),
        ("call_batches", "run_id", "on", "on"),
        ("waits", "run_id", "on", "on"),
        ("schedules", "name", "", "a paused"),
        ("servers", "id", "", "2"),
        ("notifications", "id", "", "on"),
        ("user_requests", "at", "", "1 5 7"),
    ];

    async fn connect(path: &Path) -> SqliteConnection {
        let options = SqliteConnectOptions::new().filename(path);
        options.connect().await.unwrap()
    }

    #[tokio::test]
    async fn what_goes_on_outlives_its_file() {
        for is_server in [true, false] {
            for is_replaced in [true, false] {
                let folder = tempfile::tempdir().unwrap();
                let path = folder.path().join("runs.db");
                let store = if is_server {
                    Store::open_serving(&path)
                } else {
                    Store::open_served(&path)
                };
                store.runs(Filter::default()).unwrap();
                let rows = ROWS.replace("PID", &std::process::id().to_string());
                let mut other = connect(&path).await;
                sqlx::raw_sql(AssertSqlSafe(rows))
                    .execute(&mut other)
                    .await
                    .unwrap();
                drop(other);
                for end in ["", "-wal", "-shm"] {
                    let _ = fs::remove_file(folder.path().join(format!("runs.db{end}")));
                }
                if is_replaced {
                    // Another process was there first.
                    Store::open(&path).runs(Filter::default()).unwrap();
                    let older = "
                        INSERT INTO schedules (name, paused, decided_upto) VALUES ('paused', 1, 3);
                        INSERT INTO runs (id, name, kind, args, version, started_at, due_at, pid, state)
                        VALUES ('over', 'a', 'schedule', '[]', '', 4, 4, 9, 'running');
                        INSERT INTO runs (id, name, kind, args, version, started_at, due_at, pid, state, unheard, ended_at)
                        VALUES ('on', 'a', 'schedule', '[]', '', 1, 1, 9, 'done', 1, 5);
                        INSERT INTO call_batches (run_id, number, last, calls, records) VALUES ('on', 1, 2, 2, '[]');
                        INSERT INTO firings (schedule, due_at, decided_at, outcome) VALUES ('b', 6, 6, 'queued');
                        INSERT INTO notifications (id, schedule, event, content, made_at, state)
                        VALUES ('over', 'a', 'failure', '{}', 1, 'waiting');";
                    if is_server {
                        let mut other = connect(&path).await;
                        sqlx::raw_sql(older).execute(&mut other).await.unwrap();
                    }
                }
                store.flush(Duration::from_mins(1)).unwrap();
                let mut other = connect(&path).await;
                if is_server {
                    let paused = "SELECT paused_until || ' ' || decided_upto FROM schedules WHERE name = 'paused'";
                    let paused: String = sqlx::query_scalar(paused)
                        .fetch_one(&mut other)
                        .await
                        .unwrap();
                    assert_eq!(paused, "99 7", "replaced: {is_replaced}");
                    let goes_on = "
                        SELECT (SELECT count(*) FROM runs WHERE id = 'over' AND ended_at IS NULL)
                        + (SELECT count(*) FROM firings WHERE due_at = 6 AND outcome = 'queued')
                        + (SELECT count(*) FROM notifications WHERE id = 'over' AND state = 'waiting')";
                    let goes_on: i64 = sqlx::query_scalar(goes_on)
                        .fetch_one(&mut other)
                        .await
                        .unwrap();
                    assert_eq!(goes_on, 0, "what is over goes on in an older copy");
                    let since = "SELECT coalesce(ended_at, 0) + (SELECT calls FROM call_batches WHERE run_id = 'on') FROM runs WHERE id = 'on'";
                    let since: i64 = sqlx::query_scalar(since)
                        .fetch_one(&mut other)
                        .await
                        .unwrap();
                    let expected = if is_replaced { 5 + 2 } else { 1 };
                    assert_eq!(since, expected, "what a run has written itself stays");
                    let of_the_copy = "
                        DELETE FROM runs WHERE id = 'over'; DELETE FROM firings WHERE due_at = 6;
                        DELETE FROM output WHERE run_id = 'over'; DELETE FROM call_batches WHERE run_id = 'over';
                        DELETE FROM waits WHERE run_id = 'over';
                        DELETE FROM notifications WHERE id = 'over';";
                    sqlx::raw_sql(of_the_copy)
                        .execute(&mut other)
                        .await
                        .unwrap();
                }
                let tables: Vec<String> = sqlx::query_scalar(
                    "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT GLOB '_sqlx*' AND name NOT GLOB 'sqlite*'",
                )
                .fetch_all(&mut other)
                .await
                .unwrap();
                for table in tables {
                    // No version writes it any more.
                    if table == "requests" {
                        continue;
                    }
                    let (_, column, own, all) = LEFT
                        .iter()
                        .find(|(known, ..)| *known == table)
                        .unwrap_or_else(|| panic!("what of {table} goes on?"));
                    let sql = format!("SELECT CAST({column} AS TEXT) FROM {table} ORDER BY 1");
                    let left: Vec<String> = sqlx::query_scalar(AssertSqlSafe(sql))
                        .fetch_all(&mut other)
                        .await
                        .unwrap();
                    let expected = if is_server { all } else { own };
                    assert_eq!(left.join(" "), **expected, "{table}, server: {is_server}");
                }
            }
        }
    }
}
