//! What the subcommands of `cumulua schedule` share.

use crate::cli::options::GlobalOptions;
use crate::cli::{context, report, status};
use crate::gate::Random;
use crate::history::Store;
use crate::history::locks::Taken;
use crate::run::control::{self, AskError, Reply, Request};
use crate::schedule::file::{FILE_NAME, FileError, ScheduleFile};
use crate::schedule::model::Schedule;
use crate::schedule::server::Shared;
use clap::Args;
use jiff::Timestamp;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

/// The schedule file that a subcommand is about.
#[derive(Debug, Args)]
pub(super) struct FileArgument {
    /// The schedule file
    #[arg(value_name = "FILE", default_value = FILE_NAME)]
    pub(super) file: PathBuf,
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

/// Reads a file; what is wrong with it is printed.
pub(super) fn read(path: &Path) -> Result<ScheduleFile, ExitCode> {
    ScheduleFile::read(path).map_err(|problem| {
        refuse(&problem);
        status::SCRIPT.into()
    })
}

/// Prints what is wrong with a file, with the line.
pub(super) fn refuse(problem: &FileError) {
    match problem {
        FileError::Malformed {
            path,
            line,
            column,
            reason,
            text,
            span,
        } => {
            let message = format!("line {line}, column {column}: {reason}");
            report::excerpt(
                &message,
                &path.display().to_string(),
                text,
                span.clone(),
                "TOML",
            );
        }
        FileError::Unreadable { .. } => report::error(&problem.to_string()),
    }
}

/// The schedule that a person means, as the file has it. Where the file cannot be read, because it is
/// broken or stands elsewhere, it is enough that the store knows the name: what a server goes on with
/// can be stopped. A warning says so.
pub(super) fn find_schedule(
    store: &Store,
    which: &ScheduleArgument,
) -> Result<Option<Arc<Schedule>>, ExitCode> {
    let name = &which.name;
    let failed = |problem: &str| {
        report::error(problem);
        status::SCRIPT.into()
    };
    let problem = match ScheduleFile::read(&which.file) {
        Ok(file) => {
            let found = file.find(name).map(Arc::clone);
            return found.map(Some).map_err(|problem| failed(&problem));
        }
        Err(problem) => problem,
    };
    let states = store.schedule_states();
    let states = states.map_err(|problem| failed(&problem.to_string()))?;
    if !states.contains_key(name) {
        refuse(&problem);
        return Err(status::SCRIPT.into());
    }
    report::warning(&format!("{problem}; {name} is one of this store's"));
    Ok(None)
}

/// The run store; a simulation must have one of its own.
pub(super) fn store(options: &GlobalOptions) -> Result<Store, ExitCode> {
    store_path(options).map(Store::open)
}

pub(super) fn store_path(options: &GlobalOptions) -> Result<PathBuf, ExitCode> {
    context::store_path(options).ok_or_else(|| {
        let reason = if options.sim {
            "a simulation has no history of its own"
        } else {
            "there is no home folder"
        };
        report::error(&format!(
            "{reason}; --store FILE sets where runs and firings are kept"
        ));
        status::USAGE.into()
    })
}

/// The lock of the store's server: held by the one that runs, or by this command, and then none
/// begins meanwhile.
pub(super) fn server_lock(store: &Store) -> Result<Taken, String> {
    let taken = store.locks().server();
    taken.map_err(|problem| format!("whether a server runs cannot be seen: {problem}"))
}

/// How long the server's answer is waited for; it reports itself when it does not come to a
/// request.
const PATIENCE: Duration = Duration::from_secs(20);

/// Asks something of the server that holds the store's lock; its answer, or what is wrong.
pub(super) fn ask_server(store: &Store, holder: &str, request: &Request) -> Result<String, String> {
    ask_for_firing(store, holder, request).map(|(answer, _)| answer)
}

/// The same, with the time of the firing that was made, where one was.
pub(super) fn ask_for_firing(
    store: &Store,
    holder: &str,
    request: &Request,
) -> Result<(String, Option<Timestamp>), String> {
    match control::ask(&control::server_socket(store.path()), request, PATIENCE) {
        Ok(Reply::Done(answer)) => Ok((answer, None)),
        Ok(Reply::Fired { answer, due }) => Ok((answer, Timestamp::from_millisecond(due).ok())),
        Ok(Reply::Refused(problem)) => Err(problem),
        Err(problem @ AskError::NoListener(_)) => Err(format!(
            "the server ({holder}) does not listen: {problem}; it is of another version, or could not make its socket"
        )),
        Err(problem) => Err(problem.to_string()),
    }
}

/// Options that count for a schedule's runs too.
pub(super) fn shared_options(options: &GlobalOptions) -> Shared {
    let mut others: Vec<OsString> = Vec::new();
    let absolute = |path: &PathBuf| {
        path.canonicalize()
            .unwrap_or_else(|_| path.clone())
            .into_os_string()
    };
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
        others.extend([
            "--audit".into(),
            std::path::absolute(file)
                .unwrap_or_else(|_| file.clone())
                .into_os_string(),
        ]);
    }
    if options.sim {
        others.push("--sim".into());
    }
    others.extend((0..options.verbose).map(|_| OsString::from("-v")));
    Shared {
        profile: options.profile.clone(),
        region: options.region.clone(),
        read_only: options.read_only,
        others,
    }
}

/// An id for a run.
pub(super) fn new_id() -> String {
    Random::system().uuid()
}
