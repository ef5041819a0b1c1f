//! The last words of a run's process: what it writes to standard error where it cannot record it, as
//! when it crashes.

use super::control;
use cumulua_core::controls;
use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _};
use std::path::Path;

/// So much of them is read, in bytes.
const LONGEST: u64 = 4096;

/// Opens the file, for the run's process to write into.
pub fn open(store: &Path, run: &str) -> io::Result<File> {
    let path = control::last_words_file(store, run);
    let mut options = OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    {
        use std::fs::DirBuilder;
        use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
        if let Some(folder) = path.parent() {
            DirBuilder::new()
                .recursive(true)
                .mode(0o700)
                .create(folder)?;
        }
        options.mode(0o600);
    }
    options.open(path)
}

/// Removes the file.
pub fn forget(store: &Path, run: &str) {
    // A file that is left over harms nothing.
    let _ = std::fs::remove_file(control::last_words_file(store, run));
}

/// The last line in it, as a person reads it.
pub fn read(store: &Path, run: &str) -> Option<String> {
    let mut file = File::open(control::last_words_file(store, run)).ok()?;
    let length = file.seek(io::SeekFrom::End(0)).ok()?;
    file.seek(io::SeekFrom::Start(length.saturating_sub(LONGEST)))
        .ok()?;
    let mut bytes = Vec::new();
    io::Read::take(file, LONGEST).read_to_end(&mut bytes).ok()?;
    let text = String::from_utf8_lossy(&bytes);
    let line = text.lines().rev().find(|line| !line.trim().is_empty())?;
    Some(controls::escape_line(line.trim()).into_owned())
}
