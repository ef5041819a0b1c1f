//! Whether the schedule file, or a calendar's, has changed.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// What differs when a file has changed.
type Stamp = (SystemTime, u64);

/// The files as they were read, and as they were seen last.
pub(super) struct FileWatch {
    pub(super) path: PathBuf,
    calendars: Vec<PathBuf>,
    read: Vec<Option<Stamp>>,
    seen: Vec<Option<Stamp>>,
}

impl FileWatch {
    /// A watch of a file that has just been read, and of those of its calendars.
    pub(super) fn new(path: PathBuf, calendars: Vec<PathBuf>) -> Self {
        let mut watch = Self {
            path,
            calendars: Vec::new(),
            read: Vec::new(),
            seen: Vec::new(),
        };
        watch.reads(calendars);
        watch.seen.clone_from(&watch.read);
        watch
    }

    /// Whether a file is another than was read, and the same as at the last look: what is still
    /// being written is not taken over.
    pub(super) fn has_changed(&mut self) -> bool {
        let now = self.stamps();
        let is_settled = self.seen == now;
        self.seen = now;
        is_settled && self.seen != self.read
    }

    /// Notes that the files are read as they are now.
    pub(super) fn reads(&mut self, calendars: Vec<PathBuf>) {
        self.calendars = calendars;
        self.read = self.stamps();
    }

    /// The calendars that were read last: those of a file that is refused stay.
    pub(super) fn calendars(&self) -> Vec<PathBuf> {
        self.calendars.clone()
    }

    fn stamps(&self) -> Vec<Option<Stamp>> {
        let files = std::iter::once(&self.path).chain(&self.calendars);
        files.map(|file| stamp(file)).collect()
    }
}

fn stamp(file: &Path) -> Option<Stamp> {
    let data = std::fs::metadata(file).ok()?;
    Some((data.modified().ok()?, data.len()))
}
