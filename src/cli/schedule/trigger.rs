//! `cumulua schedule trigger`: runs a schedule now, by the server that serves it, otherwise right
//! here.

use super::super::options::GlobalOptions;
use super::super::simulation::Simulation;
use super::super::{report, status};
use super::common::{ask_server, new_id, read, refuse, store};
use super::pause::ScheduleArgument;
use super::serve::launcher;
use crate::history::Store;
use crate::history::locks::Taken;
use crate::run::control::Request;
use crate::schedule::file::{FileError, ScheduleFile};
use crate::schedule::model::Schedule;
use crate::schedule::server::{Once, run_once};
use clap::Args;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

/// Runs a schedule now, whatever its times: by the server where one serves it, otherwise in this
/// terminal
#[derive(Debug, Args)]
pub(super) struct Trigger {
    #[command(flatten)]
    which: ScheduleArgument,
}

impl Trigger {
    /// Runs it.
    pub(super) fn run(self, options: &GlobalOptions) -> ExitCode {
        let store = match store(options) {
            Ok(store) => store,
            Err(status) => return status,
        };
        // A file that is being changed must not run as it was before.
        if let Err(problem @ FileError::Malformed { .. }) = ScheduleFile::read(&self.which.file) {
            refuse(&problem);
            return status::SCRIPT.into();
        }
        match store.locks().server() {
            // It knows its own file, wherever this command is given.
            Ok(Taken::By(holder)) => ask(&store, &holder, &self.which.name),
            // A server that begins meanwhile finds the run going on.
            Ok(Taken::Held(lock)) => {
                drop(lock);
                self.run_here(options, &store)
            }
            Err(problem) => {
                report_failure(&format!("whether a server runs cannot be seen: {problem}"))
            }
        }
    }

    fn run_here(&self, options: &GlobalOptions, store: &Store) -> ExitCode {
        let file = match read(&self.which.file) {
            Ok(file) => file,
            Err(status) => return status,
        };
        match file.find(&self.which.name) {
            Ok(schedule) => here(options, store, schedule, &file.folder),
            Err(problem) => report_failure(&problem),
        }
    }
}

fn report_failure(problem: &str) -> ExitCode {
    report::error(problem);
    status::SCRIPT.into()
}

fn ask(store: &Store, holder: &str, name: &str) -> ExitCode {
    match ask_server(
        store,
        holder,
        &Request::Trigger {
            schedule: name.to_owned(),
        },
    ) {
        Ok(answer) => {
            report::print(&format!(
                "{name}: {answer}; `cumulua runs list --name {name}` shows it"
            ));
            status::DONE.into()
        }
        Err(problem) => report_failure(&problem),
    }
}

fn here(
    options: &GlobalOptions,
    store: &Store,
    schedule: &Arc<Schedule>,
    folder: &Path,
) -> ExitCode {
    let launcher = match launcher(options, store) {
        Ok(launcher) => launcher,
        Err(status) => return status,
    };
    let once = Once {
        store: store.clone(),
        launcher,
        schedule: Arc::clone(schedule),
        folder: folder.to_owned(),
        id: new_id(),
    };
    let real = GlobalOptions {
        sim: false,
        ..options.clone()
    };
    super::super::context::block_on(&real, &Simulation::default(), async {
        match run_once(once).await {
            Ok(code) => ExitCode::from(u8::try_from(code).unwrap_or(status::SCRIPT.0)),
            Err(problem) => report_failure(&problem),
        }
    })
}
