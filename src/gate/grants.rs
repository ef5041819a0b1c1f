//! What a script may do beyond calls: which files it may touch, and whether it may start processes.

use std::path::PathBuf;

/// What a run's script may do.
#[derive(Debug, Clone, Default)]
pub struct Grants {
    /// Changing calls are refused.
    pub read_only: bool,
    /// Folders and files that may be read and written, beside the working folder.
    pub allow_paths: Vec<PathBuf>,
    /// Whether processes may be started.
    pub allow_run: bool,
}

impl Grants {
    /// What may be read and written, without links and dots.
    pub(super) fn roots(&self) -> Vec<PathBuf> {
        let working = std::env::current_dir().and_then(|folder| folder.canonicalize()).ok();
        working.into_iter().chain(self.allow_paths.iter().filter_map(|path| path.canonicalize().ok())).collect()
    }
}
