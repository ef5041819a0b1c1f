//! `cumulua schedule`: runbooks on a schedule.

mod check;
mod next;
mod pause;
mod reload;
mod schema;
mod serve;
mod trigger;

use super::options::GlobalOptions;
use super::{report, status, world};
use crate::gate::Random;
use crate::history::Store;
use crate::run::control::{self, AskError, Reply, Request};
use crate::schedule::file::{FILE_NAME, FileError, ScheduleFile};
use crate::schedule::serve::Shared;
use clap::{Args, Subcommand};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  cumulua schedule check schedules.toml\n  cumulua schedule next schedules.toml --count 3\n  cumulua schedule serve schedules.toml --http 127.0.0.1:9188\n  cumulua schedule trigger nightly-snapshots"
)]
pub(super) struct Schedule {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Check(check::Check),
    Next(next::Next),
    Serve(serve::Serve),
    Trigger(trigger::Trigger),
    Pause(pause::Pause),
    Resume(pause::Resume),
    Reload(reload::Reload),
    Schema(schema::Schema),
}

impl Schedule {
    /// Runs the subcommand.
    pub(super) fn run(self, options: &GlobalOptions) -> ExitCode {
        match self.command {
            Command::Check(command) => command.run(options),
            Command::Next(command) => command.run(),
            Command::Serve(command) => command.run(options),
            Command::Trigger(command) => command.run(options),
            Command::Pause(command) => command.run(options),
            Command::Resume(command) => command.run(options),
            Command::Reload(command) => command.run(options),
            Command::Schema(command) => command.run(),
        }
    }
}

/// The schedule file that a subcommand is about.
#[derive(Debug, Args)]
struct FileArgument {
    /// The schedule file
    #[arg(value_name = "FILE", default_value = FILE_NAME)]
    file: PathBuf,
}

/// Reads a file; what is wrong with it is printed.
fn read(path: &Path) -> Result<ScheduleFile, ExitCode> {
    ScheduleFile::read(path).map_err(|problem| {
        refuse(&problem);
        status::SCRIPT.into()
    })
}

/// Prints what is wrong with a file, with the line.
fn refuse(problem: &FileError) {
    match problem {
        FileError::Malformed { path, line, column, reason, text, span } => {
            let message = format!("line {line}, column {column}: {reason}");
            report::excerpt(&message, &path.display().to_string(), text, span.clone(), "TOML");
        }
        FileError::Unreadable { .. } => report::error(&problem.to_string()),
    }
}

/// The run store; a rehearsal must have one of its own.
fn store(options: &GlobalOptions) -> Result<Store, ExitCode> {
    store_path(options).map(Store::open)
}

fn store_path(options: &GlobalOptions) -> Result<PathBuf, ExitCode> {
    world::store_path(options).ok_or_else(|| {
        let reason = if options.sim { "a rehearsal has no history of its own" } else { "there is no home folder" };
        report::error(&format!("{reason}; --store FILE says where runs and firings are kept"));
        status::USAGE.into()
    })
}

/// How long the server's answer is waited for; it says itself when it does not come to something.
const PATIENCE: Duration = Duration::from_secs(20);

/// Asks something of the server that holds the store's lock; its answer, or what is wrong.
fn ask_server(store: &Store, holder: &str, request: &Request) -> Result<String, String> {
    match control::ask(&control::server_socket(store.path()), request, PATIENCE) {
        Ok(Reply::Done(answer)) => Ok(report::printable(&answer)),
        Ok(Reply::Refused(problem)) => Err(report::printable(&problem)),
        Err(problem @ AskError::Nobody(_)) => {
            Err(format!("the server ({holder}) does not listen: {problem}; it is of another version, or could not make its socket"))
        }
        Err(problem) => Err(problem.to_string()),
    }
}

/// Options that count for a schedule's runs too.
fn shared(options: &GlobalOptions) -> Shared {
    let mut others: Vec<OsString> = Vec::new();
    let absolute = |path: &PathBuf| path.canonicalize().unwrap_or_else(|_| path.clone()).into_os_string();
    for (name, url) in &options.endpoint {
        others.extend(["--endpoint".into(), format!("{name}={url}").into()]);
    }
    for folder in &options.catalog {
        others.extend(["--catalog".into(), absolute(folder)]);
    }
    if let Some(file) = &options.config {
        others.extend(["--config".into(), absolute(file)]);
    }
    if let Some(file) = &options.audit {
        // It may not be there yet.
        others.extend(["--audit".into(), std::path::absolute(file).unwrap_or_else(|_| file.clone()).into_os_string()]);
    }
    if options.sim {
        others.push("--sim".into());
    }
    others.extend((0..options.verbose).map(|_| OsString::from("-v")));
    Shared { profile: options.profile.clone(), region: options.region.clone(), read_only: options.read_only, others }
}

/// An id for a run.
fn new_id() -> String {
    Random::system().uuid()
}
