//! What a script may do beyond calls: which files it may touch, and whether it may start processes.

use crate::client::Answer;
use std::io;
use std::path::{Component, Path, PathBuf};
use std::time::Duration;

/// A file or a folder that cumulua works with, as the command names it.
#[derive(Debug, Clone)]
pub struct OwnPath {
    /// Its path.
    pub path: PathBuf,
    /// Whether scripts may read it.
    pub is_readable: bool,
}

/// What a run's script may do.
#[derive(Debug, Clone)]
pub struct Grants {
    /// Changing calls are refused.
    pub read_only: bool,
    /// Folders and files that may be read and written, beside the working folder.
    pub allow_paths: Vec<PathBuf>,
    /// What cumulua itself works with, which none of these grants; what the profiles name is known
    /// beside it.
    pub own: Vec<OwnPath>,
    /// Whether processes may be started.
    pub allow_run: bool,
    /// The memory that a script may use, in bytes.
    pub memory: usize,
    /// The time of deferred functions once the run was ended from outside.
    pub grace: Duration,
}

/// Time for a call or two that undo what was begun.
pub const GRACE: Duration = Duration::from_secs(10);

impl Default for Grants {
    fn default() -> Self {
        Self {
            read_only: false,
            allow_paths: Vec::new(),
            own: Vec::new(),
            allow_run: false,
            memory: usize::MAX,
            grace: GRACE,
        }
    }
}

/// What an answer takes at most until it is a script's, as a multiple of its text.
const LARGEST_FACTOR: usize = 16;

impl Grants {
    /// The largest answer that a call takes, in bytes: what it becomes must have room.
    pub(super) fn largest_answer(&self) -> usize {
        Answer::LARGEST.min(self.memory / LARGEST_FACTOR)
    }

    /// What may be read and written, without links and dots.
    pub(super) fn roots(&self) -> Vec<PathBuf> {
        let working = std::env::current_dir()
            .and_then(|folder| folder.canonicalize())
            .ok();
        working
            .into_iter()
            .chain(
                self.allow_paths
                    .iter()
                    .filter_map(|path| resolve(path).ok()),
            )
            .collect()
    }
}

/// A path without links and dots; its last part need not exist.
pub(super) fn resolve(path: &Path) -> io::Result<PathBuf> {
    if let Ok(resolved) = path.canonicalize() {
        return Ok(resolved);
    }
    // A dangling link would be followed on writing, to a place that was not looked at.
    if path
        .symlink_metadata()
        .is_ok_and(|metadata| metadata.is_symlink())
    {
        return Err(io::Error::other("it is a link that leads nowhere"));
    }
    resolve_entry(path)
}

/// A path whose folder is without links and dots, and whose last part stays as it is.
pub(super) fn resolve_entry(path: &Path) -> io::Result<PathBuf> {
    let parent = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    match path.components().next_back() {
        Some(Component::Normal(name)) => Ok(parent.canonicalize()?.join(name)),
        // `..` and `/` are entries of nothing here; where they lead decides.
        _ => path.canonicalize(),
    }
}
