//! The handle to the history.

use super::connection::{Answer, Job, Kind, LONG_LOG, Queue, Role, Work};
use super::error::StoreError;
use super::locks::Locks;
use super::{call_batches, wait_changes};
use sqlx::SqliteConnection;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, mpsc};
use std::time::Duration;

/// A handle to the store; clones share the connection.
#[derive(Clone)]
pub struct Store {
    pub(super) queue: Arc<Queue>,
    pub(super) locks: Locks,
    /// Calls that are still to be written.
    pub(super) calls: Arc<call_batches::Unwritten>,
    /// Waits that are.
    pub(super) waits: Arc<wait_changes::Unwritten>,
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Store").field(&self.path()).finish()
    }
}

impl Store {
    /// A store in this file, which is opened, and made or brought up to date where it must be, on a
    /// thread of its own: what is wrong with it shows at the first request.
    pub fn open(path: impl Into<PathBuf>) -> Self {
        Self::begin(path.into(), Role::Command)
    }

    /// The same for a run of a server, which leaves it to the server to [tidy](Self::tidy).
    pub fn open_served(path: impl Into<PathBuf>) -> Self {
        Self::begin(path.into(), Role::ServedRun)
    }

    /// The same for a server, which waits less for other processes: it comes back to what could not
    /// be written.
    pub fn open_serving(path: impl Into<PathBuf>) -> Self {
        Self::begin(path.into(), Role::Server)
    }

    fn begin(path: PathBuf, role: Role) -> Self {
        // Locks and sockets stand beside the file itself, so that a process that opens it through a
        // link meets the same ones.
        let path = path.canonicalize().unwrap_or(path);
        let locks = Locks::beside(&path);
        Self {
            queue: Arc::new(Queue::start(path, locks.clone(), role)),
            locks,
            calls: Arc::default(),
            waits: Arc::default(),
        }
    }

    /// Moves what is written from the file's log into the file, where it is worth it, without
    /// waiting for that. It flushes the disk.
    pub fn tidy(&self) -> Result<(), StoreError> {
        let job: Job = Box::new(|connection| {
            Box::pin(async move {
                let (_, pages, moved): (i64, i64, i64) =
                    sqlx::query_as("PRAGMA wal_checkpoint(NOOP)")
                        .fetch_one(&mut *connection)
                        .await?;
                if pages - moved >= i64::from(LONG_LOG) {
                    sqlx::query("PRAGMA wal_checkpoint(PASSIVE)")
                        .execute(connection)
                        .await?;
                }
                Ok(())
            })
        });
        self.queue.push(Kind::Read, Work::Statements(job), None)
    }

    /// The file in the user's state folder.
    pub fn default_path() -> Option<PathBuf> {
        use etcetera::BaseStrategy as _;
        let folders = etcetera::choose_base_strategy().ok()?;
        let state = folders.state_dir().unwrap_or_else(|| folders.data_dir());
        Some(state.join("cumulua").join("runs.db"))
    }

    /// The file.
    pub fn path(&self) -> &Path {
        self.queue.path()
    }

    /// The locks beside the file.
    pub fn locks(&self) -> &Locks {
        &self.locks
    }

    /// Waits until all that was given so far is written, for so long at most.
    pub fn flush(&self, limit: Duration) -> Result<(), StoreError> {
        self.settle(
            Kind::Write,
            Box::new(|_| Box::pin(async { Ok(()) })),
            Some(limit),
        )
    }

    /// The error of something that was not written within that time.
    pub fn slow(&self, limit: Duration) -> StoreError {
        self.queue.slow(limit)
    }

    /// Looks something up.
    pub(super) fn read<T, J>(&self, job: J) -> Result<T, StoreError>
    where
        T: Send + 'static,
        J: for<'c> FnOnce(&'c mut SqliteConnection) -> Answer<'c, T> + Send + 'static,
    {
        self.ask(Kind::Read, job, None)
    }

    /// Writes something; once it is written, its result.
    pub(super) fn write<T, J>(&self, job: J) -> Result<T, StoreError>
    where
        T: Send + 'static,
        J: for<'c> FnOnce(&'c mut SqliteConnection) -> Answer<'c, T> + Send + 'static,
    {
        self.ask(Kind::Write, job, None)
    }

    /// Changes the store as a test of another layer needs it.
    #[cfg(test)]
    pub(crate) fn execute(&self, sql: &'static str) -> Result<(), StoreError> {
        self.write(move |connection| {
            Box::pin(async move { sqlx::query(sql).execute(connection).await.map(drop) })
        })
    }

    /// Writes something, without waiting for it.
    pub(super) fn post<J>(&self, job: J) -> Result<(), StoreError>
    where
        J: for<'c> FnOnce(&'c mut SqliteConnection) -> Answer<'c, ()> + Send + 'static,
    {
        self.queue
            .push(Kind::Write, Work::Statements(Box::new(job)), None)
    }

    pub(super) fn ask<T, J>(
        &self,
        kind: Kind,
        job: J,
        limit: Option<Duration>,
    ) -> Result<T, StoreError>
    where
        T: Send + 'static,
        J: for<'c> FnOnce(&'c mut SqliteConnection) -> Answer<'c, T> + Send + 'static,
    {
        let (give, take) = mpsc::channel();
        let kept: Job = Box::new(move |connection| {
            Box::pin(async move {
                // The request may have been given up.
                let _ = give.send(job(connection).await?);
                Ok(())
            })
        });
        self.settle(kind, kept, limit)?;
        take.recv().map_err(|_| self.queue.ended())
    }

    fn settle(&self, kind: Kind, job: Job, limit: Option<Duration>) -> Result<(), StoreError> {
        let (give, take) = mpsc::channel();
        // The request may have been given up.
        self.queue.push(
            kind,
            Work::Statements(job),
            Some(Box::new(move |outcome| drop(give.send(outcome)))),
        )?;
        let settled = match limit {
            Some(limit) => take.recv_timeout(limit).map_err(|problem| match problem {
                mpsc::RecvTimeoutError::Timeout => self.queue.slow(limit),
                mpsc::RecvTimeoutError::Disconnected => self.queue.ended(),
            }),
            None => take.recv().map_err(|_| self.queue.ended()),
        };
        settled?
    }
}
