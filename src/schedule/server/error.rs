//! Why a server cannot serve.

use crate::history::StoreError;
use crate::schedule::file::FileError;
use std::io;
use std::path::PathBuf;

/// Why a server cannot serve.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// Its file is faulty.
    #[error(transparent)]
    File(#[from] FileError),
    /// The store cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// There is another server.
    #[error("{holder} already serves the store {}; end it first, or give this one a store of its own with --store", .store.display())]
    Taken {
        /// Who holds the store.
        holder: String,
        /// The store.
        store: PathBuf,
    },
    /// The system refuses something.
    #[error("{what}: {reason}")]
    System {
        /// What.
        what: String,
        /// The system's reason.
        reason: io::Error,
    },
}

impl ServeError {
    pub(super) fn system(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let what = what.into();
        |reason| Self::System { what, reason }
    }
}
