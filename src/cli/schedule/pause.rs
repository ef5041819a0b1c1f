//! `cumulua schedule pause` and `resume`: keep a schedule from firing, whether a server runs or
//! not.

use super::super::options::GlobalOptions;
use super::super::{report, status};
use super::common::{ask_server, read, store};
use crate::history::locks::Taken;
use crate::history::{Store, StoreError};
use crate::run::control::Request;
use crate::schedule::file::FILE_NAME;
use clap::Args;
use cumulua_core::clock::wall_now;
use std::path::PathBuf;
use std::process::ExitCode;

/// Keeps a schedule from firing, until it is resumed; its firings are recorded as missed
#[derive(Debug, Args)]
pub(super) struct Pause {
    #[command(flatten)]
    which: ScheduleArgument,
}

/// Lets a paused schedule fire again
#[derive(Debug, Args)]
pub(super) struct Resume {
    #[command(flatten)]
    which: ScheduleArgument,
}

/// One schedule of a file.
#[derive(Debug, Args)]
pub(super) struct ScheduleArgument {
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

fn set(options: &GlobalOptions, which: &ScheduleArgument, paused: bool) -> ExitCode {
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
                report::warning(&format!(
                    "{} itself has paused = true, which keeps it from firing",
                    file.path.display()
                ));
            }
            status::DONE.into()
        }
        Err(problem) => {
            report::error(&problem.to_string());
            status::SCRIPT.into()
        }
    }
}

/// The store knows it from now on, and a server that begins later reads it; one that runs is
/// notified, and has looked once this is back.
fn change(store: &Store, name: &str, paused: bool) -> Result<bool, StoreError> {
    let changed = store.set_paused(name, paused, wall_now())?;
    if let Ok(Taken::By(holder)) = store.locks().server()
        && let Err(problem) = ask_server(store, &holder, &Request::Look)
    {
        report::warning(&format!(
            "the server that runs may not know of it yet: {problem}"
        ));
    }
    Ok(changed)
}
