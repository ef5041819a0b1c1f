//! What can be wrong with the store.

use std::path::{Path, PathBuf};
use std::time::Duration;

/// What can be wrong with the store.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// The file cannot be opened or made.
    #[error("the run store {} cannot be opened: {reason}; --store names another file", .path.display())]
    Unopened {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        reason: String,
    },
    /// A newer version of cumulua has changed the form of the file.
    #[error("the run store {} was written by a newer cumulua; use that one, or name another file with --store", .path.display())]
    Newer {
        /// The file.
        path: PathBuf,
    },
    /// A request failed.
    #[error("the run store {} cannot be used: {reason}", .path.display())]
    Failed {
        /// The file.
        path: PathBuf,
        /// SQLite's reason.
        reason: String,
    },
    /// No answer in time, most often because another process keeps the file locked.
    #[error("the run store {} did not answer within {} s; another process may keep it locked", .path.display(), .limit.as_secs_f64())]
    Slow {
        /// The file.
        path: PathBuf,
        /// How long was waited.
        limit: Duration,
    },
}

impl StoreError {
    pub(super) fn failed(path: &Path, error: &sqlx::Error) -> Self {
        let reason = match error {
            sqlx::Error::Database(error) => error.message().to_owned(),
            other => other.to_string(),
        };
        Self::Failed {
            path: path.to_owned(),
            reason,
        }
    }

    pub(super) fn unopened(path: &Path, error: &sqlx::Error) -> Self {
        match Self::failed(path, error) {
            Self::Failed { path, reason } => Self::Unopened { path, reason },
            other => other,
        }
    }
}
