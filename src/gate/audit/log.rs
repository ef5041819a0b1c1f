//! The audit's file, and the latest records, for a session that looks back while the run goes on.

use super::file::Lines;
use super::line::AuditLine;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::{fmt, io};

/// The audit's file, and the latest records, for a session that looks back while the run goes on.
pub struct Audit(Arc<Lines>);

impl fmt::Debug for Audit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Audit").field(&self.path()).finish()
    }
}

impl Drop for Audit {
    fn drop(&mut self) {
        // A caller that must know calls `flush` before.
        let _ = self.flush();
        self.0.close();
    }
}

impl Audit {
    /// An audit in this file.
    pub fn new(path: PathBuf) -> Self {
        Self(Arc::new(Lines::new(Some(path), false)))
    }

    /// An audit that keeps its latest records too; without a file, nothing but these.
    pub fn keeping(path: Option<PathBuf>) -> Self {
        Self(Arc::new(Lines::new(path, true)))
    }

    /// The file.
    pub fn path(&self) -> Option<&Path> {
        self.0.path()
    }

    /// The latest records, oldest first.
    pub fn kept(&self) -> Vec<String> {
        self.0.kept()
    }

    /// The file in the user's state folder.
    pub fn default_path() -> Option<PathBuf> {
        use etcetera::BaseStrategy as _;
        let folders = etcetera::choose_base_strategy().ok()?;
        let state = folders.state_dir().unwrap_or_else(|| folders.data_dir());
        Some(state.join("cumulua").join("audit.jsonl"))
    }

    /// Appends a record. That of a change, about to leave or ended, is in the file when this
    /// returns; any other follows within moments.
    pub(in crate::gate) fn append(&self, line: &AuditLine) -> io::Result<()> {
        if line.read_only {
            self.0.write_soon(&line.line)
        } else {
            self.0.write_now(&line.line)
        }
    }

    /// Takes a record that is written by the next [`flush`](Self::flush).
    pub(in crate::gate) fn hold(&self, line: &AuditLine) {
        self.0.hold(&line.line);
    }

    /// Writes what is not in the file yet.
    pub(in crate::gate) fn flush(&self) -> io::Result<()> {
        self.0.write()
    }
}
