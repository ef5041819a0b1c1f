//! `--sim`: the simulator, and the files that it begins from and leaves behind.

use super::in_process::InProcess;
use cumulua_simulator::{SavedState, Simulator};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::{fs, io};

/// What `--sim` of this command has: the state that it begins from, and its simulator once there is
/// one.
#[derive(Default)]
pub(super) struct Simulation {
    saved: Option<SavedState>,
    simulator: OnceLock<Arc<InProcess>>,
}

impl Simulation {
    /// One that begins from a state, or from an empty account.
    pub(super) fn new(saved: Option<SavedState>) -> Self {
        Self {
            saved,
            simulator: OnceLock::new(),
        }
    }

    /// The state to begin from.
    pub(super) fn saved(&self) -> Option<SavedState> {
        self.saved.clone()
    }

    /// The simulator of this command, made at the first use.
    pub(super) fn simulator(
        &self,
        make: impl FnOnce(Option<SavedState>) -> InProcess,
    ) -> Arc<InProcess> {
        Arc::clone(self.simulator.get_or_init(|| Arc::new(make(self.saved()))))
    }

    /// Writes what is left; nothing where no simulator was needed.
    pub(super) fn dump(&self, file: &Path) -> Result<(), String> {
        self.simulator
            .get()
            .map_or(Ok(()), |simulator| dump(simulator.simulator(), file))
    }
}

/// Reads a state to begin from; an error names the place in the file.
pub(super) fn read(file: &Path) -> Result<SavedState, String> {
    let text = fs::read_to_string(file)
        .map_err(|problem| format!("{} cannot be read: {problem}", file.display()))?;
    SavedState::parse(&text).map_err(|problem| format!("{}: {problem}", file.display()))
}

/// Writes all that a simulator's account has: the file is there whole, or it is as it was.
pub(super) fn dump(simulator: &Simulator, file: &Path) -> Result<(), String> {
    let written = match Target::of(file) {
        Target::Device => fs::write(file, simulator.saved()),
        Target::File { file, part } => replace(&file, &part, &simulator.saved()),
    };
    written.map_err(|problem| {
        format!(
            "the state cannot be written to {}: {problem}",
            file.display()
        )
    })
}

/// What a path leads to.
enum Target {
    /// A device or a pipe, which must stay one.
    Device,
    /// A file, there or not, and one beside it that takes its place.
    File { file: PathBuf, part: PathBuf },
}

impl Target {
    fn of(file: &Path) -> Self {
        // Where it is a link, the file that it leads to.
        let file = fs::canonicalize(file).unwrap_or_else(|_| file.to_owned());
        if fs::metadata(&file).is_ok_and(|known| !known.is_file()) {
            return Self::Device;
        }
        let mut part = file.clone().into_os_string();
        part.push(format!(".{}.part", std::process::id()));
        Self::File {
            file,
            part: part.into(),
        }
    }
}

fn replace(file: &Path, part: &Path, text: &str) -> io::Result<()> {
    let written = fs::File::create(part).and_then(|mut part| {
        part.write_all(text.as_bytes())?;
        part.sync_all()
    });
    let replaced = written.and_then(|()| fs::rename(part, file));
    if replaced.is_err() {
        let _ = fs::remove_file(part);
    }
    replaced
}

/// Refuses a file that cannot be written in the end, before anything is begun.
pub(super) fn is_writable(file: &Path) -> Result<(), String> {
    let folder = file
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    if file.is_dir() || file.file_name().is_none() {
        return Err(format!(
            "{} is a folder; the state goes into a file",
            file.display()
        ));
    }
    if !folder.is_dir() {
        return Err(format!(
            "there is no folder {} for the state",
            folder.display()
        ));
    }
    let Target::File { part, .. } = Target::of(file) else {
        return Ok(());
    };
    let tried = fs::File::create(&part).and_then(|_| fs::remove_file(&part));
    tried.map_err(|problem| format!("no state can be written to {}: {problem}", file.display()))
}
