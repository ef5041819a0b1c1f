//! The store's own thread: opens the file and writes what was given meanwhile in one transaction.

use super::carried_over::{Carried, carry_over};
use super::error::StoreError;
use super::locks::Locks;
use cumulua_core::clock::real_now;
use sqlx::migrate::{MigrateError, Migrator};
use sqlx::sqlite::{
    SqliteArguments, SqliteAutoVacuum, SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous,
};
use sqlx::{
    AssertSqlSafe, ConnectOptions as _, Connection as _, SqlSafeStr, SqlStr, SqliteConnection,
};
use std::future::Future;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, SyncSender, TrySendError};
use std::thread;
use std::time::Duration;

/// The future of a request.
pub(super) type Answer<'c, T> = Pin<Box<dyn Future<Output = Result<T, sqlx::Error>> + Send + 'c>>;

/// A request, as the thread sees it.
pub(super) type Job = Box<dyn for<'c> FnOnce(&'c mut SqliteConnection) -> Answer<'c, ()> + Send>;

/// Rows that go in with one statement, whose parameters these are.
pub(super) struct Insert {
    pub(super) sql: SqlStr,
    pub(super) values: SqliteArguments,
}

/// Gives rows when they are to be written.
pub(super) type Rows = Box<dyn FnOnce() -> Result<Vec<Arc<Insert>>, sqlx::Error> + Send>;

/// What a request writes or reads.
pub(super) enum Work {
    /// With statements of its own.
    Statements(Job),
    /// Rows, asked for when they are to be written, and kept by their owner until the outcome is
    /// settled.
    Rows(Rows),
}

/// What a request does to the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// It is written with others, in one transaction.
    Write,
    /// The same, and it may wait a moment for more of its kind.
    Gather,
    /// The same, and it is waited for: what has time is written after it.
    Intent,
    /// It must not wait for other processes that write.
    Read,
}

/// Whose connection it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// A command's or a run's of its own.
    Command,
    /// A run's that a server has started.
    ServedRun,
    /// A server's, which comes back to what could not be written, and has others to answer meanwhile.
    Server,
}

impl Role {
    /// From how many pages on a commit moves what is written from the file's log into the file,
    /// which waits for the disk and lets others wait. A server does it between firings, for its runs
    /// too.
    fn longest_log(self) -> u32 {
        match self {
            Self::Command => LONG_LOG,
            // 64 MB: what gathers while a server has no pause.
            Self::ServedRun | Self::Server => 16 * LONG_LOG,
        }
    }

    /// What of it goes on in a new file.
    fn carries(self) -> Carried {
        match self {
            Self::Command | Self::ServedRun => Carried::OwnRuns,
            Self::Server => Carried::Everything,
        }
    }

    /// How long another process that has the file is waited for.
    fn patience(self) -> Duration {
        match self {
            Self::Command | Self::ServedRun => Duration::from_secs(5),
            Self::Server => Duration::from_secs(2),
        }
    }

    /// The same where it was waited for in vain just before.
    fn patience_left(self) -> Duration {
        match self {
            Self::Command | Self::ServedRun => self.patience(),
            Self::Server => Duration::from_millis(100),
        }
    }

    /// Begins a transaction that writes, which [`Connection::begin_when_free`] waits for. Reading
    /// keeps its own timeout.
    fn begin(self) -> String {
        let reads_wait = self.reads_wait();
        format!("PRAGMA busy_timeout = 0; BEGIN IMMEDIATE; {reads_wait}")
    }

    /// Gives reading its timeout back.
    fn reads_wait(self) -> String {
        format!("PRAGMA busy_timeout = {}", self.patience().as_millis())
    }
}

/// A log that is worth being moved, in pages of 4 KiB.
pub(super) const LONG_LOG: u32 = 1_000;

/// Called when a request is settled.
pub(super) type Settled = Box<dyn FnOnce(Result<(), StoreError>) + Send>;

/// A request and what waits for it.
struct Queued {
    kind: Kind,
    work: Work,
    settled: Option<Settled>,
}

static MIGRATIONS: Migrator = sqlx::migrate!("src/history/migrations");

/// Requests that may wait: beyond it recording fails, because the store cannot keep up, instead of
/// filling memory.
const LONGEST_QUEUE: usize = 50_000;

/// Requests of one transaction at most.
const LARGEST_BATCH: usize = 1_000;

/// How long a request that has time waits for more of its kind.
const GATHERING: Duration = Duration::from_millis(100);

/// The pause after which a file that another process had is tried again.
const RETRY_PAUSE: Duration = Duration::from_micros(500);

/// The way to the store's thread.
pub(super) struct Queue {
    path: PathBuf,
    send: SyncSender<Queued>,
}

impl Queue {
    /// Starts the thread, which ends with the last handle.
    pub(super) fn start(path: PathBuf, locks: Locks, role: Role) -> Self {
        let (send, receive) = mpsc::sync_channel(LONGEST_QUEUE);
        let thread_path = path.clone();
        // Without a thread the channel is closed, which every request reports.
        let _ = thread::Builder::new()
            .name("run-store".to_owned())
            .spawn(move || serve(&thread_path, &locks, role, &receive));
        Self { path, send }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn push(
        &self,
        kind: Kind,
        work: Work,
        settled: Option<Settled>,
    ) -> Result<(), StoreError> {
        self.send
            .try_send(Queued {
                kind,
                work,
                settled,
            })
            .map_err(|problem| match problem {
                TrySendError::Full(_) => self.slow_disk(),
                TrySendError::Disconnected(_) => self.ended(),
            })
    }

    pub(super) fn ended(&self) -> StoreError {
        self.failed("its thread has ended")
    }

    pub(super) fn slow(&self, limit: Duration) -> StoreError {
        StoreError::Slow {
            path: self.path.clone(),
            limit,
        }
    }

    pub(super) fn slow_disk(&self) -> StoreError {
        self.failed("it cannot keep up with what is to be recorded")
    }

    fn failed(&self, reason: &str) -> StoreError {
        StoreError::Failed {
            path: self.path.clone(),
            reason: reason.to_owned(),
        }
    }
}

fn serve(path: &Path, locks: &Locks, role: Role, requests: &Receiver<Queued>) {
    let runtime = match tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => {
            return refuse(
                requests,
                &StoreError::Unopened {
                    path: path.to_owned(),
                    reason: error.to_string(),
                },
            );
        }
    };
    runtime.block_on(async {
        let opened = Connection::open(path, locks, role).await;
        let mut connection = match opened {
            Ok(connection) => connection,
            Err(error) => return refuse(requests, &error),
        };
        while let Ok(first) = requests.recv() {
            if let Err(error) = connection.follow_file().await {
                settle(first.settled, Err(error));
                continue;
            }
            let mut batch = Vec::new();
            let next = if first.kind == Kind::Gather {
                requests.recv_timeout(GATHERING).ok()
            } else {
                None
            };
            let given = std::iter::once(first)
                .chain(next)
                .chain(requests.try_iter().take(LARGEST_BATCH - 1))
                .collect();
            for request in connection.intents_first(given).await {
                if request.kind != Kind::Read {
                    batch.push(request);
                    continue;
                }
                // What was given before must be seen.
                connection.write(std::mem::take(&mut batch)).await;
                let outcome = request.work.carry_out(&mut connection.sqlite).await;
                settle(
                    request.settled,
                    outcome.map_err(|error| StoreError::failed(path, &error)),
                );
            }
            connection.write(batch).await;
        }
        // The file is whole without it; closing only tidies the log away.
        let _ = connection.sqlite.close().await;
    });
}

/// The open file.
struct Connection<'p> {
    path: &'p Path,
    locks: &'p Locks,
    role: Role,
    sqlite: SqliteConnection,
    /// Which file is open, so that it is seen when another has taken its place or it was deleted:
    /// what is written then would be lost with it.
    file: FileId,
    /// Whether another process had the file when it was to be written last.
    was_busy: bool,
}

/// Its device and number.
type FileId = Option<(u64, u64)>;

#[cfg(unix)]
fn file_id(path: &Path) -> FileId {
    use std::os::unix::fs::MetadataExt as _;
    let about = std::fs::metadata(path).ok()?;
    Some((about.dev(), about.ino()))
}

#[cfg(not(unix))]
fn file_id(path: &Path) -> FileId {
    path.exists().then_some((0, 0))
}

impl<'p> Connection<'p> {
    async fn open(path: &'p Path, locks: &'p Locks, role: Role) -> Result<Self, StoreError> {
        Ok(Self {
            path,
            locks,
            role,
            sqlite: open(path, locks, role).await?,
            file: file_id(path),
            was_busy: false,
        })
    }

    fn is_replaced(&self) -> bool {
        file_id(self.path) != self.file
    }

    /// Opens the file anew where it is no longer the one that is open. What goes on goes with it.
    async fn follow_file(&mut self) -> Result<(), StoreError> {
        if !self.is_replaced() {
            return Ok(());
        }
        let folder = self.path.parent();
        // The name alone is that of a file in the current folder, whose own name is empty.
        if !folder.is_some_and(|folder| folder.as_os_str().is_empty() || folder.is_dir()) {
            return Err(StoreError::Unopened {
                path: self.path.to_owned(),
                reason: "its folder is gone".to_owned(),
            });
        }
        let mut anew = open(self.path, self.locks, self.role).await?;
        carry_over(&mut self.sqlite, &mut anew, self.role.carries())
            .await
            .map_err(|error| StoreError::failed(self.path, &error))?;
        self.file = file_id(self.path);
        let _ = std::mem::replace(&mut self.sqlite, anew).close().await;
        Ok(())
    }

    /// Writes intents before what has time; gives the rest. Where there is anything else, as the
    /// run's own row, all goes in its order.
    async fn intents_first(&mut self, given: Vec<Queued>) -> Vec<Queued> {
        if !given
            .iter()
            .all(|request| matches!(request.kind, Kind::Gather | Kind::Intent))
        {
            return given;
        }
        let (intents, rest) = given
            .into_iter()
            .partition(|request| request.kind == Kind::Intent);
        self.write(intents).await;
        rest
    }

    /// Writes a batch: all of it, or where anything in it fails, nothing.
    async fn write(&mut self, batch: Vec<Queued>) {
        if batch.is_empty() {
            return;
        }
        let (work, waiting): (Vec<_>, Vec<_>) = batch
            .into_iter()
            .map(|request| (request.work, request.settled))
            .unzip();
        let written = match <[Work; 1]>::try_from(work) {
            Ok([Work::Rows(rows)]) => self.write_rows(rows).await,
            Ok([work]) => self.write_together(vec![work]).await,
            Err(work) => self.write_together(work).await,
        };
        let written = match written {
            // It went into a file that is no longer there.
            Ok(()) if self.is_replaced() => Err(StoreError::Failed {
                path: self.path.to_owned(),
                reason: "its file was removed or replaced meanwhile".to_owned(),
            }),
            Ok(()) => Ok(()),
            Err(error) => Err(StoreError::failed(self.path, &error)),
        };
        for settled in waiting {
            settle(settled, written.clone());
        }
    }

    /// Each statement goes to SQLite's own thread and back, so that what needs only one is a
    /// transaction at once.
    async fn write_rows(&mut self, rows: Rows) -> Result<(), sqlx::Error> {
        let inserts = rows()?;
        let [insert] = &inserts[..] else {
            let rows = Work::Rows(Box::new(move || Ok(inserts)));
            return self.write_together(vec![rows]).await;
        };
        let begin = self.role.begin();
        let sql = AssertSqlSafe(format!("{begin}; {}; COMMIT", insert.sql.as_str())).into_sql_str();
        let written = self
            .begin_when_free(async |sqlite| {
                sqlx::query_with(sql.clone(), insert.values.clone())
                    .execute(sqlite)
                    .await
                    .map(drop)
            })
            .await;
        if written.is_err() {
            self.give_up().await;
        }
        written
    }

    /// In SQL, because a full disk lets SQLite end a transaction by itself, after which sqlx's own
    /// count of transactions refuses every further one.
    async fn write_together(&mut self, work: Vec<Work>) -> Result<(), sqlx::Error> {
        let begin = AssertSqlSafe(self.role.begin()).into_sql_str();
        let mut written = self
            .begin_when_free(async |sqlite| execute(sqlite, begin.clone()).await)
            .await;
        for work in work {
            if written.is_ok() {
                written = work.carry_out(&mut self.sqlite).await;
            }
        }
        if written.is_ok() {
            written = execute(&mut self.sqlite, "COMMIT").await;
        }
        if written.is_err() {
            self.give_up().await;
        }
        written
    }

    /// Begins a transaction as soon as no other process has one.
    ///
    /// SQLite itself would look again after pauses that grow to 100 ms, in which a firing would be
    /// late, while most transactions take less than one.
    async fn begin_when_free(
        &mut self,
        mut begun: impl AsyncFnMut(&mut SqliteConnection) -> Result<(), sqlx::Error>,
    ) -> Result<(), sqlx::Error> {
        let patience = if self.was_busy {
            self.role.patience_left()
        } else {
            self.role.patience()
        };
        let since = real_now();
        loop {
            let begun = begun(&mut self.sqlite).await;
            self.was_busy = begun.as_ref().is_err_and(is_busy);
            if !self.was_busy || real_now() - since >= patience {
                return begun;
            }
            thread::sleep(RETRY_PAUSE);
        }
    }

    /// Ends a transaction that failed or did not begin.
    async fn give_up(&mut self) {
        // Refused where there is no transaction any more, which is fine.
        let _ = execute(&mut self.sqlite, "ROLLBACK").await;
        let _ = execute(&mut self.sqlite, AssertSqlSafe(self.role.reads_wait())).await;
    }
}

/// Answers every request with why there is no store.
fn refuse(requests: &Receiver<Queued>, error: &StoreError) {
    for request in requests {
        settle(request.settled, Err(error.clone()));
    }
}

fn settle(settled: Option<Settled>, outcome: Result<(), StoreError>) {
    if let Some(settled) = settled {
        settled(outcome);
    }
}

impl Work {
    async fn carry_out(self, connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
        match self {
            Self::Statements(job) => job(connection).await,
            Self::Rows(rows) => {
                for insert in rows()? {
                    sqlx::query_with(insert.sql.clone(), insert.values.clone())
                        .execute(&mut *connection)
                        .await?;
                }
                Ok(())
            }
        }
    }
}

/// Whether another process has the file.
fn is_busy(error: &sqlx::Error) -> bool {
    const BUSY: i32 = 5;
    let code = error
        .as_database_error()
        .and_then(|error| error.code()?.parse::<i32>().ok());
    // The higher bits are details of the same.
    code.is_some_and(|code| code & 0xff == BUSY)
}

async fn execute(
    connection: &mut SqliteConnection,
    sql: impl SqlSafeStr,
) -> Result<(), sqlx::Error> {
    sqlx::query(sql).execute(connection).await.map(drop)
}

async fn open(path: &Path, locks: &Locks, role: Role) -> Result<SqliteConnection, StoreError> {
    let unopened = |reason: String| StoreError::Unopened {
        path: path.to_owned(),
        reason,
    };
    locks
        .make_folder()
        .map_err(|error| unopened(error.to_string()))?;
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .foreign_keys(true)
        // What turned out to be a secret, or was pruned, is overwritten.
        .pragma("secure_delete", "ON")
        .synchronous(SqliteSynchronous::Normal)
        .pragma("wal_autocheckpoint", role.longest_log().to_string())
        .pragma("cache_size", "-512")
        .busy_timeout(role.patience())
        .statement_cache_capacity(64)
        .disable_statement_logging();
    if path.exists() {
        let mut connection = options
            .clone()
            .connect()
            .await
            .map_err(|error| StoreError::unopened(path, &error))?;
        if is_current(&mut connection).await {
            return Ok(connection);
        }
    }
    // Processes that start together must not make the tables twice.
    let _alone = locks
        .migration()
        .map_err(|error| unopened(error.to_string()))?;
    create_private(path).map_err(|error| unopened(error.to_string()))?;
    let options = options
        .journal_mode(SqliteJournalMode::Wal)
        // Counts for a new file only; an older one takes it up when it is pruned.
        .auto_vacuum(SqliteAutoVacuum::Incremental);
    let mut connection = options
        .connect()
        .await
        .map_err(|error| StoreError::unopened(path, &error))?;
    match MIGRATIONS.run(&mut connection).await {
        Ok(()) => Ok(connection),
        Err(MigrateError::VersionMissing(_) | MigrateError::VersionTooNew(..)) => {
            Err(StoreError::Newer {
                path: path.to_owned(),
            })
        }
        Err(MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _)) => {
            Err(StoreError::unopened(path, &error))
        }
        Err(error) => Err(unopened(error.to_string())),
    }
}

/// What ran, and with what, may be read by no other user.
fn create_private(path: &Path) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    options.open(path).map(drop)
}

/// Whether the tables are the ones that this version makes.
async fn is_current(connection: &mut SqliteConnection) -> bool {
    let newest = MIGRATIONS.iter().map(|migration| migration.version).max();
    let applied = sqlx::query_scalar::<_, Option<i64>>(
        "SELECT max(version) FROM _sqlx_migrations WHERE success",
    );
    applied
        .fetch_one(connection)
        .await
        .is_ok_and(|version| version == newest)
}

#[cfg(test)]
mod tests {
    use super::{MIGRATIONS, Path};
    use crate::history::{CallRow, RunOutcome, RunState, Store};
    use sqlx::migrate::Migrator;
    use sqlx::sqlite::SqliteConnectOptions;
    use sqlx::{ConnectOptions as _, Connection as _, SqliteConnection};

    /// A store as it was before a migration.
    async fn store_before(migration: i64, path: &Path) -> SqliteConnection {
        let mut old = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .connect()
            .await
            .unwrap();
        let before = MIGRATIONS
            .iter()
            .filter(|known| known.version < migration)
            .cloned()
            .collect::<Vec<_>>();
        Migrator::with_migrations(before)
            .run(&mut old)
            .await
            .unwrap();
        old
    }

    #[tokio::test]
    async fn calls_of_before_batches_are_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("runs.db");
        let mut old = store_before(5, &path).await;
        let rows = "INSERT INTO runs (id, name, kind, args, version, started_at) VALUES ('r', '', 'run', '[]', '', 0);
             INSERT INTO calls (run_id, number, at, phase, place, action, read_only, params, region, http_status, attempts, duration_ms, sent)
             VALUES ('r', 1, 5250, 'ended', '0#1', 'cds.ccs.DescribeTags', 1, '{\"PageSize\":20}', 'CN', 200, 2, 1500, 'yes'),
                    ('r', 2, 7000, 'sending', '0#2', 'cds.ccs.CreateTag', 0, '{}', NULL, NULL, 1, 0, 'maybe')";
        sqlx::raw_sql(rows).execute(&mut old).await.unwrap();
        old.close().await.unwrap();
        let calls = Store::open(&path).calls("r", 0, 10).unwrap();
        let row = |call: &CallRow| {
            (
                call.number,
                call.at.as_millisecond(),
                call.phase.clone(),
                call.read_only,
                call.http_status,
            )
        };
        let expected = [
            (1, 5_250, "ended".to_owned(), true, Some(200)),
            (2, 7_000, "sending".to_owned(), false, None),
        ];
        assert_eq!(calls.iter().map(row).collect::<Vec<_>>(), expected);
        assert_eq!(
            (
                calls[0].params["PageSize"].as_u64(),
                calls[0].attempts,
                calls[0].region.as_deref()
            ),
            (Some(20), 2, Some("CN"))
        );
    }

    #[tokio::test]
    async fn runs_of_the_version_before_keep_their_states_and_end_in_them() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("runs.db");
        let mut old = store_before(6, &path).await;
        let rows = "INSERT INTO runs (id, name, kind, args, version, started_at, claimed_at, ended_at, outcome)
             VALUES ('over', '', 'run', '[]', '', 0, 0, 5, 'timed out'), ('on', '', 'run', '[]', '', 0, 0, NULL, NULL),
                    ('not begun', '', 'run', '[]', '', 0, NULL, NULL, NULL)";
        sqlx::raw_sql(rows).execute(&mut old).await.unwrap();
        let store = Store::open(&path);
        let state = |id| store.run(id).unwrap().unwrap().state;
        assert_eq!(state("over"), RunState::Ended(RunOutcome::TimedOut));
        assert_eq!(
            (state("on"), state("not begun")),
            (RunState::Running, RunState::Queued)
        );
        // A run of that version, which goes on meanwhile, records how it ended.
        let end = "UPDATE runs SET ended_at = 7, outcome = 'failed', status = 1 WHERE id = 'on' AND ended_at IS NULL";
        sqlx::raw_sql(end).execute(&mut old).await.unwrap();
        assert_eq!(state("on"), RunState::Ended(RunOutcome::Failed));
    }

    /// What in a migration would stop a process of the version before from writing.
    fn takes_away(sql: &str) -> Option<&'static str> {
        let lines = sql.lines().filter(|line| !line.starts_with("--"));
        let words: Vec<String> = lines
            .flat_map(|line| line.split(|c: char| !(c.is_alphanumeric() || c == '_')))
            .map(str::to_uppercase)
            .collect();
        let has = |word: &str| words.iter().any(|known| known == word);
        ["DROP", "RENAME", "DELETE", "REPLACE"]
            .into_iter()
            .find(|word| has(word))
            .or_else(|| {
                let columns = sql.split(';').filter(|part| part.contains("ADD COLUMN"));
                let is_required =
                    |part: &str| part.contains("NOT NULL") && !part.contains("DEFAULT");
                columns
                    .into_iter()
                    .any(is_required)
                    .then_some("a column that must be given")
            })
    }

    #[test]
    fn a_migration_only_adds() {
        let samples = [
            ("ALTER TABLE runs ADD COLUMN a TEXT;", None),
            (
                "-- drop\nALTER TABLE runs ADD COLUMN a TEXT NOT NULL DEFAULT '';",
                None,
            ),
            (
                "ALTER TABLE runs ADD COLUMN a TEXT NOT NULL;",
                Some("a column that must be given"),
            ),
            ("ALTER TABLE runs DROP COLUMN a;", Some("DROP")),
            ("drop index a", Some("DROP")),
            ("ALTER TABLE runs RENAME TO r;", Some("RENAME")),
            ("DELETE FROM runs;", Some("DELETE")),
        ];
        for (sql, expected) in samples {
            assert_eq!(takes_away(sql), expected, "{sql}");
        }
        for migration in MIGRATIONS.iter().filter(|migration| migration.version > 6) {
            let sql = migration.sql.as_str();
            let unneeded_since = sql
                .lines()
                .find_map(|line| line.strip_prefix("-- Not needed since "))
                .and_then(|number| number.trim_end_matches('.').parse::<i64>().ok());
            let may_take_away = unneeded_since.is_some_and(|since| since < migration.version);
            assert!(
                may_take_away || takes_away(sql).is_none(),
                "{}: a run of the version before may still write it: {:?}",
                migration.description,
                takes_away(sql)
            );
        }
    }

    /// What a run of version 6 writes, with its statements.
    const OF_VERSION_6: [&str; 8] = [
        "UPDATE runs SET state = 'running', pid = 1, claimed_at = ?1 WHERE id = 'r' AND state IN ('starting', 'running')",
        "UPDATE runs SET script = 'a', script_hash = 'b', args = '[]', profile = NULL, version = '0', simulated = ?1 * 0 WHERE id = 'r'",
        "INSERT INTO call_batches (run_id, number, last, calls, records) VALUES ('r', ?1, ?1, 1, '[]')",
        "INSERT OR IGNORE INTO output (run_id, number, at, stream, line) SELECT 'r', ?1, 0, 'out', 'line' WHERE EXISTS (SELECT 1 FROM runs WHERE id = 'r')",
        "INSERT INTO waits (run_id, number, started_at, what) VALUES ('r', ?1, 0, 'a task')",
        "UPDATE waits SET ended_at = 1, outcome = 'done', done = 1 WHERE run_id = 'r' AND number = ?1",
        "INSERT INTO runs (id, name, kind, script, script_hash, args, profile, version, simulated, pid, due_at, attempt, started_at,
         claimed_at, unheard, state) VALUES (?1, 'beside', 'run', '', '', '[]', NULL, '0', 0, 1, NULL, 1, 0, 0, 0, 'running')",
        "UPDATE runs SET ended_at = ?1, state = 'done', status = 0, error = NULL WHERE id = CAST(?1 AS TEXT) AND ended_at IS NULL",
    ];

    async fn write_as_version_6(old: &mut SqliteConnection, number: i64) {
        for sql in OF_VERSION_6 {
            let written = sqlx::query(sql).bind(number).execute(&mut *old).await;
            let written = written.unwrap_or_else(|error| panic!("{sql}: {error}"));
            assert_eq!(written.rows_affected(), 1, "{sql}");
        }
    }

    #[tokio::test]
    async fn a_run_of_the_version_before_goes_on_writing_while_the_store_is_migrated() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("runs.db");
        let mut old = store_before(7, &path).await;
        let run = "INSERT INTO runs (id, name, kind, args, version, started_at, unheard, state)
             VALUES ('r', 'nightly', 'schedule', '[]', '0', 0, 1, 'starting')";
        sqlx::raw_sql(run).execute(&mut old).await.unwrap();
        // Its statements are prepared by now.
        write_as_version_6(&mut old, 1).await;
        let store = Store::open(&path);
        let alive = store.locks().run("r").unwrap().held();
        assert_eq!(store.run("r").unwrap().unwrap().state, RunState::Running);
        write_as_version_6(&mut old, 2).await;
        let end = "UPDATE runs SET ended_at = 9, state = 'done', status = 0, error = NULL WHERE id = 'r' AND ended_at IS NULL";
        sqlx::query(end).execute(&mut old).await.unwrap();
        drop(alive);
        let row = store.run("r").unwrap().unwrap();
        assert_eq!(row.state, RunState::Ended(RunOutcome::Done));
        assert_eq!(row.calls, 2);
        assert_eq!(store.output("r", 0, 10).unwrap().len(), 2);
        assert_eq!(store.unheard_runs().unwrap().len(), 1);
    }

    #[test]
    fn a_transaction_that_sqlite_has_ended_by_itself_costs_no_later_one() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path().join("runs.db"));
        let failed = store.write::<(), _>(|connection| {
            Box::pin(async move {
                // What SQLite does of its own accord where the disk is full.
                sqlx::query("ROLLBACK").execute(&mut *connection).await?;
                Err(sqlx::Error::RowNotFound)
            })
        });
        assert!(failed.is_err());
        let applied = store.write(|connection| {
            Box::pin(async move {
                sqlx::query_scalar("SELECT count(*) FROM runs")
                    .fetch_one(connection)
                    .await
            })
        });
        assert_eq!(applied.map_err(|error| error.to_string()), Ok(0_i64));
    }
}
