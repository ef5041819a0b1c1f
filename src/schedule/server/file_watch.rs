//! Whether the schedule file has changed.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// What differs when a file has changed.
type Stamp = (SystemTime, u64);

/// The file as it was read, and as it was seen last.
pub(super) struct FileWatch {
    pub(super) path: PathBuf,
    read: Option<Stamp>,
    seen: Option<Stamp>,
}

impl FileWatch {
    /// A watch of a file that has just been read.
    pub(super) fn new(path: PathBuf) -> Self {
        let read = stamp(&path);
        Self {
            path,
            read,
            seen: read,
        }
    }

    /// Whether the file is another than was read, and the same as at the last look: what is still
    /// being written is not taken over.
    pub(super) fn has_changed(&mut self) -> bool {
        let now = stamp(&self.path);
        std::mem::replace(&mut self.seen, now) == now && now != self.read
    }

    /// Notes that the file is read as it is now.
    pub(super) fn reads(&mut self) {
        self.read = stamp(&self.path);
    }
}

fn stamp(file: &Path) -> Option<Stamp> {
    let data = std::fs::metadata(file).ok()?;
    Some((data.modified().ok()?, data.len()))
}
