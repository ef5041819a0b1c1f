//! `cumulua runs` and its subcommands.

use super::common::{History, Problem};
use super::times::Times;
use super::{calls, cancel, export, list, logs, prune, show};
use crate::cli::options::GlobalOptions;
use crate::cli::{report, status};
use crate::history::Store;
use clap::{Args, Subcommand};
use cumulua_core::clock::Clock;
use std::process::ExitCode;
use std::time::Duration;

/// How long what runs have left waits to be recorded before anything is shown.
const BRIEFLY: Duration = Duration::from_millis(300);

/// Shows what ran, what it did, and what did not run and why
///
/// Every run that makes a call, waits or takes a lock is recorded, unless --no-record leaves it
/// out; a simulation (--sim) only where --store names a file.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  cumulua runs list --at 02:30\n  cumulua runs list --name nightly --since 7d --failed\n  cumulua runs show 3f2a\n  cumulua runs logs -f nightly\n  cumulua runs calls --mutating --since 7d --action cds.ecs\n  cumulua runs export --since 30d > runs.jsonl\n  cumulua runs cancel 3f2a\n  cumulua runs prune --older-than 90d"
)]
pub(in crate::cli) struct Runs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    List(list::List),
    Show(show::Show),
    Logs(logs::Logs),
    Calls(calls::Calls),
    Export(export::Export),
    Prune(prune::Prune),
    Cancel(cancel::Cancel),
}

impl Runs {
    /// Shows it.
    pub(in crate::cli) fn run(self, options: &GlobalOptions) -> ExitCode {
        // The history of a simulation stands where its run put it; without that, the history is the
        // user's own.
        let Some(path) = options.store.clone().or_else(Store::default_path) else {
            report::error(
                "there is no home folder to look for the run store in; --store names its file",
            );
            return status::USAGE.into();
        };
        let store = Store::open(path.clone());
        if !path.exists() && !store.has_left_records() {
            let json = matches!(&self.command, Command::List(list) if list.wants_json());
            if json {
                report::print("[]");
            }
            report::note(&format!(
                "nothing is recorded in {} yet; a run is once it makes a call",
                path.display()
            ));
            return if matches!(self.command, Command::List(_)) {
                status::DONE.into()
            } else {
                status::SCRIPT.into()
            };
        }
        let history = History {
            store,
            times: Times::here(Clock::system().now()),
        };
        // Where another process has the store, they are shown all the same.
        let _ = history.store.take_up_left_ends(BRIEFLY);
        let text = match self.command {
            Command::List(command) => command.run(&history),
            Command::Show(command) => command.run(&history),
            Command::Logs(command) => command.run(&history),
            Command::Calls(command) => command.run(&history),
            Command::Export(command) => command.run(&history),
            Command::Prune(command) => command.run(&history),
            Command::Cancel(command) => command.run(&history),
        };
        match text {
            Ok(()) => status::DONE.into(),
            Err(Problem { message, status }) => {
                report::error(&message);
                status.into()
            }
        }
    }
}
