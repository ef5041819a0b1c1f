//! Files that a rehearsal begins from and leaves behind.

use super::simulated::InProcess;
use crate::simulator::{SavedState, Simulator};
use std::fmt;
use std::io::Write as _;
use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::{fs, io};

/// The rehearsal of this command, with `--sim`: the state to begin from, once it is read, and the simulator, once there is one.
#[derive(Clone, Default)]
pub(super) struct Rehearsed(Arc<Cells>);

#[derive(Default)]
struct Cells {
    saved: OnceLock<SavedState>,
    simulator: OnceLock<Arc<InProcess>>,
}

impl fmt::Debug for Rehearsed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Rehearsed")
    }
}

impl Rehearsed {
    /// Takes the state to begin from.
    pub(super) fn begin_from(&self, saved: SavedState) {
        let _ = self.0.saved.set(saved);
    }

    /// The state to begin from.
    pub(super) fn saved(&self) -> Option<SavedState> {
        self.0.saved.get().cloned()
    }

    /// The simulator of this command, made at the first use.
    pub(super) fn simulator(&self, make: impl FnOnce() -> InProcess) -> Arc<InProcess> {
        Arc::clone(self.0.simulator.get_or_init(|| Arc::new(make())))
    }

    /// Writes what is left; nothing where no simulator was needed.
    pub(super) fn dump(&self, file: &Path) -> Result<(), String> {
        self.0.simulator.get().map_or(Ok(()), |rehearsal| dump(rehearsal.simulator(), file))
    }
}

/// Reads a state to begin from; an error says where in the file it is.
pub(super) fn read(file: &Path) -> Result<SavedState, String> {
    let text = fs::read_to_string(file).map_err(|problem| format!("{} cannot be read: {problem}", file.display()))?;
    SavedState::parse(&text).map_err(|problem| format!("{}: {problem}", file.display()))
}

/// Writes all that a simulator's account has: the file is there whole, or it is as it was.
pub(super) fn dump(simulator: &Simulator, file: &Path) -> Result<(), String> {
    let failed = |problem: io::Error| format!("the state cannot be written to {}: {problem}", file.display());
    let mut beside = file.as_os_str().to_owned();
    beside.push(format!(".{}.part", std::process::id()));
    let beside = Path::new(&beside);
    let written = fs::File::create(beside).and_then(|mut part| {
        part.write_all(simulator.saved().as_bytes())?;
        part.sync_all()
    });
    written.and_then(|()| fs::rename(beside, file)).map_err(|problem| {
        let _ = fs::remove_file(beside);
        failed(problem)
    })
}

/// Refuses a file that cannot be written in the end, before anything is begun.
pub(super) fn is_writable(file: &Path) -> Result<(), String> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if file.is_dir() || file.file_name().is_none() {
        return Err(format!("{} is a folder; the state goes into a file", file.display()));
    }
    if folder.is_dir() { Ok(()) } else { Err(format!("there is no folder {} for the state", folder.display())) }
}
