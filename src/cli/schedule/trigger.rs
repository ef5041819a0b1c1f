//! `cumulua schedule trigger`: runs a schedule now, by the server that serves it, otherwise right
//! here.

use super::super::context::plain_gate;
use super::super::options::GlobalOptions;
use super::super::parameter::{self, Parameter, StandardInput};
use super::super::simulation::Simulation;
use super::super::{report, status};
use super::awaited::wait_for;
use super::common::{ScheduleArgument, ask_for_firing, new_id, read, refuse, server_lock, store};
use super::serve::launcher;
use crate::gate::Grants;
use crate::history::Store;
use crate::history::locks::Taken;
use crate::run::control::Request;
use crate::run::given::GivenValue;
use crate::run::requester;
use crate::schedule::file::{FileError, ScheduleFile};
use crate::schedule::model::Schedule;
use crate::schedule::params::Given;
use crate::schedule::server::{Once, run_once};
use clap::Args;
use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

/// Runs a schedule now, whatever its times: by the server where one serves it, otherwise in this
/// terminal
#[derive(Debug, Args)]
pub(super) struct Trigger {
    #[command(flatten)]
    which: ScheduleArgument,
    /// Parameters that [schedule.params] declares: Name=value, Name:=json for lists, Name=@FILE for a
    /// file's text, Name=- for standard input, Name=secret:NAME for a secret of the profile; 48 KiB
    /// together
    #[arg(value_name = "Name=value")]
    params: Vec<String>,
    /// Waits for the run's end, with its progress, and exits with its status; Ctrl-C leaves it
    #[arg(long)]
    wait: bool,
    /// Arguments of the script, in place of the file's
    #[arg(last = true, value_name = "ARG")]
    args: Option<Vec<String>>,
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
        match server_lock(&store) {
            // It knows its own file, wherever this command is given.
            Ok(Taken::By(holder)) => match self.values(options) {
                Ok(params) => self.ask(options, &store, &holder, params),
                Err(problem) => report_failure(&problem),
            },
            // A server that begins meanwhile finds the run going on.
            Ok(Taken::Held(lock)) => {
                drop(lock);
                self.run_here(options, &store)
            }
            Err(problem) => report_failure(&problem),
        }
    }

    /// Parameters as they are given; what they may be only the schedule's file says.
    fn values(&self, options: &GlobalOptions) -> Result<BTreeMap<String, GivenValue>, String> {
        let mut values = BTreeMap::new();
        if self.params.is_empty() {
            return Ok(values);
        }
        let folder = self.which.file.parent().map(Path::to_owned);
        let folder = folder.unwrap_or_default();
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        let runtime = runtime.map_err(|problem| format!("the runtime cannot start: {problem}"))?;
        let _inside = runtime.enter();
        let gate = plain_gate(options, &Simulation::default(), &folder, Grants::default());
        let mut input = StandardInput::default();
        let mut size = 0;
        for text in &self.params {
            let Parameter {
                name,
                value,
                is_literal,
            } = parameter::read(&gate, text, &mut input)?;
            let value = value.to_json();
            size += name.len() + value.to_string().len();
            if size > MOST {
                return Err(format!(
                    "the parameters are larger than {} KiB together; hand a file's path to the script",
                    MOST / 1024
                ));
            }
            let taken = values.insert(name.clone(), GivenValue { value, is_literal });
            if taken.is_some() {
                return Err(format!("the parameter {name} is given twice"));
            }
        }
        Ok(values)
    }

    fn ask(
        self,
        options: &GlobalOptions,
        store: &Store,
        holder: &str,
        params: BTreeMap<String, GivenValue>,
    ) -> ExitCode {
        let name = self.which.name;
        let request = Request::Trigger {
            schedule: name.clone(),
            params,
            args: self.args,
            told: requester::told(),
        };
        match ask_for_firing(store, holder, &request) {
            Ok((answer, Some(due))) if self.wait => {
                report::note(&format!("{name}: {answer}"));
                wait_for(options, store, &name, due)
            }
            Ok((answer, _)) => {
                report::print(&format!(
                    "{name}: {answer}; `cumulua runs list --name {name}` shows it"
                ));
                status::DONE.into()
            }
            Err(problem) => report_failure(&problem),
        }
    }

    fn run_here(self, options: &GlobalOptions, store: &Store) -> ExitCode {
        let file = match read(&self.which.file) {
            Ok(file) => file,
            Err(status) => return status,
        };
        match file.find(&self.which.name) {
            Ok(schedule) => {
                let given = self
                    .values(options)
                    .and_then(|values| Given::read(&schedule.params, values, self.args));
                match given {
                    Ok(given) => here(options, store, schedule, &file.folder, given),
                    Err(problem) => report_failure(&problem),
                }
            }
            Err(problem) => report_failure(&problem),
        }
    }
}

fn report_failure(problem: &str) -> ExitCode {
    report::error(problem);
    status::SCRIPT.into()
}

/// The parameters of a trigger may take so much together, in bytes: it is one request to a server.
const MOST: usize = 48 * 1024;

fn here(
    options: &GlobalOptions,
    store: &Store,
    schedule: &Arc<Schedule>,
    folder: &Path,
    given: Given,
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
        given,
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
