//! The store's own thread: opens the file and writes what was given meanwhile in one transaction.

use super::error::StoreError;
use super::locks::Locks;
use sqlx::migrate::{MigrateError, Migrator};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions as _, Connection as _, SqliteConnection};
use std::future::Future;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::mpsc::{self, Receiver, Sender, SyncSender, TrySendError};
use std::thread;
use std::time::Duration;

/// The future of a request.
pub(super) type Answer<'c, T> = Pin<Box<dyn Future<Output = Result<T, sqlx::Error>> + Send + 'c>>;

/// A request, as the thread sees it.
pub(super) type Job = Box<dyn for<'c> FnOnce(&'c mut SqliteConnection) -> Answer<'c, ()> + Send>;

/// What a request does to the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// It is written with others, in one transaction.
    Write,
    /// It must not wait for other processes that write.
    Read,
}

/// Who waits for a request.
pub(super) type Settled = Sender<Result<(), StoreError>>;

/// A request and who waits for it.
struct Queued {
    kind: Kind,
    job: Job,
    settled: Option<Settled>,
}

static MIGRATIONS: Migrator = sqlx::migrate!("./migrations");

/// Requests that may wait: beyond it whoever records is told that the store cannot keep up, instead of filling memory.
const LONGEST_QUEUE: usize = 50_000;

/// Requests of one transaction at most.
const LARGEST_BATCH: usize = 1_000;

/// How long SQLite waits for another process that writes.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// The way to the store's thread.
pub(super) struct Queue {
    path: PathBuf,
    send: SyncSender<Queued>,
}

impl Queue {
    /// Starts the thread, which ends with the last handle.
    pub(super) fn start(path: PathBuf, locks: Locks) -> Self {
        let (send, receive) = mpsc::sync_channel(LONGEST_QUEUE);
        let thread_path = path.clone();
        // Without a thread the channel is closed, which every request reports.
        let _ = thread::Builder::new().name("run-store".to_owned()).spawn(move || serve(&thread_path, &locks, &receive));
        Self { path, send }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn push(&self, kind: Kind, job: Job, settled: Option<Settled>) -> Result<(), StoreError> {
        self.send.try_send(Queued { kind, job, settled }).map_err(|problem| match problem {
            TrySendError::Full(_) => self.failed("it cannot keep up with what is to be recorded"),
            TrySendError::Disconnected(_) => self.ended(),
        })
    }

    pub(super) fn ended(&self) -> StoreError {
        self.failed("its thread has ended")
    }

    pub(super) fn slow(&self, limit: Duration) -> StoreError {
        StoreError::Slow { path: self.path.clone(), limit }
    }

    fn failed(&self, reason: &str) -> StoreError {
        StoreError::Failed { path: self.path.clone(), reason: reason.to_owned() }
    }
}

fn serve(path: &Path, locks: &Locks, requests: &Receiver<Queued>) {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            return refuse(requests, &StoreError::Unopened { path: path.to_owned(), reason: error.to_string() });
        }
    };
    runtime.block_on(async {
        let mut connection = match open(path, locks).await {
            Ok(connection) => connection,
            Err(error) => return refuse(requests, &error),
        };
        while let Ok(first) = requests.recv() {
            let mut batch = Vec::new();
            for request in std::iter::once(first).chain(requests.try_iter().take(LARGEST_BATCH - 1)) {
                if request.kind == Kind::Write {
                    batch.push(request);
                    continue;
                }
                // What was given before must be seen.
                write(path, &mut connection, std::mem::take(&mut batch)).await;
                let outcome = (request.job)(&mut connection).await;
                settle(request.settled, outcome.map_err(|error| StoreError::failed(path, &error)));
            }
            write(path, &mut connection, batch).await;
        }
        // The file is whole without it; closing only tidies the log away.
        let _ = connection.close().await;
    });
}

/// Tells everybody who ever asks why there is no store.
fn refuse(requests: &Receiver<Queued>, error: &StoreError) {
    for request in requests {
        settle(request.settled, Err(error.clone()));
    }
}

fn settle(settled: Option<Settled>, outcome: Result<(), StoreError>) {
    if let Some(settled) = settled {
        // Whoever asked may have given up waiting.
        let _ = settled.send(outcome);
    }
}

async fn write(path: &Path, connection: &mut SqliteConnection, batch: Vec<Queued>) {
    if batch.is_empty() {
        return;
    }
    let mut waiting = Vec::new();
    let mut written = Ok(());
    match connection.begin_with("BEGIN IMMEDIATE").await {
        Ok(mut transaction) => {
            for Queued { job, settled, .. } in batch {
                let outcome = job(&mut transaction).await;
                waiting.push((settled, outcome.map_err(|error| StoreError::failed(path, &error))));
            }
            if let Err(error) = transaction.commit().await {
                written = Err(StoreError::failed(path, &error));
            }
        }
        Err(error) => {
            written = Err(StoreError::failed(path, &error));
            waiting.extend(batch.into_iter().map(|request| (request.settled, Ok(()))));
        }
    }
    for (settled, outcome) in waiting {
        settle(settled, outcome.and(written.clone()));
    }
}

async fn open(path: &Path, locks: &Locks) -> Result<SqliteConnection, StoreError> {
    let unopened = |reason: String| StoreError::Unopened { path: path.to_owned(), reason };
    locks.make_folder().map_err(|error| unopened(error.to_string()))?;
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .foreign_keys(true)
        // What turned out to be a secret, or was pruned, is overwritten.
        .pragma("secure_delete", "ON")
        .synchronous(SqliteSynchronous::Normal)
        .busy_timeout(BUSY_TIMEOUT)
        .statement_cache_capacity(64)
        .disable_statement_logging();
    if path.exists() {
        let mut connection = options.clone().connect().await.map_err(|error| StoreError::unopened(path, &error))?;
        if is_current(&mut connection).await {
            return Ok(connection);
        }
    }
    // Processes that start together must not make the tables twice.
    let _alone = locks.migration().map_err(|error| unopened(error.to_string()))?;
    create_private(path).map_err(|error| unopened(error.to_string()))?;
    let options = options.journal_mode(SqliteJournalMode::Wal);
    let mut connection = options.connect().await.map_err(|error| StoreError::unopened(path, &error))?;
    match MIGRATIONS.run(&mut connection).await {
        Ok(()) => Ok(connection),
        Err(MigrateError::VersionMissing(_) | MigrateError::VersionTooNew(..)) => Err(StoreError::Newer { path: path.to_owned() }),
        Err(MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _)) => Err(StoreError::unopened(path, &error)),
        Err(error) => Err(unopened(error.to_string())),
    }
}

/// What ran, and with what, is nobody else's business.
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
    let applied = sqlx::query_scalar::<_, Option<i64>>("SELECT max(version) FROM _sqlx_migrations WHERE success");
    applied.fetch_one(connection).await.is_ok_and(|version| version == newest)
}
