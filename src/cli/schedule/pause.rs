//! `cumulua schedule pause` and `resume`: keep a schedule from firing, whether a server runs or not.

use super::super::options::GlobalOptions;
use super::super::{report, status};
use super::trigger::answer;
use super::{read, store};
use crate::run::store::locks::Taken;
use crate::run::store::{RequestKind, Store, StoreError};
use crate::schedule::file::FILE_NAME;
use clap::Args;
use cumulua_core::clock::wall_now;
use std::path::PathBuf;
use std::process::ExitCode;

/// Keeps a schedule from firing, until it is resumed; its firings are recorded as missed
#[derive(Debug, Args)]
pub(super) struct Pause {
    #[command(flatten)]
    which: Which,
}

/// Lets a paused schedule fire again
#[derive(Debug, Args)]
pub(super) struct Resume {
    #[command(flatten)]
    which: Which,
}

/// One schedule of a file.
#[derive(Debug, Args)]
pub(super) struct Which {
    /// The schedule
    #[arg(value_name = "NAME")]
    pub(super) name: String,
    /// The schedule file that has it
    #[arg(long, value_name = "FILE", default_value = FILE_NAME)]
    pub(super) file: PathBuf,
}

impl Pause {
    /// Pauses it.
    pub(super) fn run(self, options: &GlobalOptions) -> ExitCode {
        set(options, &self.which, true)
    }
}

impl Resume {
    /// Resumes it.
    pub(super) fn run(self, options: &GlobalOptions) -> ExitCode {
        set(options, &self.which, false)
    }
}

fn set(options: &GlobalOptions, which: &Which, paused: bool) -> ExitCode {
    let store = match store(options) {
        Ok(store) => store,
        Err(status) => return status,
    };
    // A name that no file has would change nothing, silently.
    let file = match read(&which.file) {
        Ok(file) => file,
        Err(status) => return status,
    };
    let schedule = match file.find(&which.name) {
        Ok(schedule) => schedule,
        Err(problem) => {
            report::error(&problem);
            return status::SCRIPT.into();
        }
    };
    match change(&store, &which.name, paused) {
        Ok(changed) => {
            let state = if paused { "paused" } else { "resumed" };
            let already = if changed { "" } else { " already" };
            report::print(&format!("{}: {state}{already}", which.name));
            if !paused && schedule.paused {
                report::warning(&format!("{} itself has paused = true, which keeps it from firing", file.path.display()));
            }
            status::DONE.into()
        }
        Err(problem) => {
            report::error(&problem.to_string());
            status::SCRIPT.into()
        }
    }
}

/// The store knows it from now on, and a server that begins later reads it; one that runs is told, and has heard it once this is back.
fn change(store: &Store, name: &str, paused: bool) -> Result<bool, StoreError> {
    let changed = store.set_paused(name, paused, wall_now())?;
    if matches!(store.locks().server(), Ok(Taken::By(_))) {
        let kind = if paused { RequestKind::Pause } else { RequestKind::Resume };
        match answer(store, kind, name)? {
            Some(answer) => {
                if let Some(problem) = answer.strip_prefix("error: ") {
                    report::warning(&format!("the server that runs: {problem}"));
                }
            }
            None => report::warning("the server that runs did not answer, and may not have heard of it yet"),
        }
    }
    Ok(changed)
}
