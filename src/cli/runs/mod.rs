//! `cumulua runs`: the history of runs.

mod calls;
mod cancel;
mod list;
mod logs;
mod prune;
mod show;
mod times;

use super::options::GlobalOptions;
use super::report;
use super::status::{self, Status};
use crate::history::{Filter, Found, RunRow, Store, StoreError};
use clap::{Args, Subcommand};
use comfy_table::{Table, presets};
use cumulua_core::clock::Clock;
use std::process::ExitCode;
use times::Times;

/// Shows what ran, what it did, and what did not run and why
///
/// Every run that makes a call, waits or takes a lock is recorded, unless --no-record leaves it out; a rehearsal (--sim) only where --store
/// names a file.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  cumulua runs list --at 02:30\n  cumulua runs list --name nightly --since 7d --failed\n  cumulua runs show 3f2a\n  cumulua runs logs -f nightly\n  cumulua runs cancel 3f2a\n  cumulua runs prune --older-than 90d"
)]
pub(super) struct Runs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    List(list::List),
    Show(show::Show),
    Logs(logs::Logs),
    Calls(calls::Calls),
    Prune(prune::Prune),
    Cancel(cancel::Cancel),
}

impl Runs {
    /// Shows it.
    pub(super) fn run(self, options: &GlobalOptions) -> ExitCode {
        // The history of a rehearsal stands where its run put it; without that, the history is the user's own.
        let Some(path) = options.store.clone().or_else(Store::default_path) else {
            report::error("there is no home folder to look for the run store in; --store names its file");
            return status::USAGE.into();
        };
        if !path.exists() {
            let json = matches!(&self.command, Command::List(list) if list.wants_json());
            if json {
                report::print("[]");
            }
            report::say(&format!("nothing is recorded in {} yet; a run is once it makes a call", path.display()));
            return if matches!(self.command, Command::List(_)) { status::DONE.into() } else { status::SCRIPT.into() };
        }
        let history = History { store: Store::open(path), times: Times::here(Clock::system().now()) };
        let shown = match self.command {
            Command::List(command) => command.run(&history),
            Command::Show(command) => command.run(&history),
            Command::Logs(command) => command.run(&history),
            Command::Calls(command) => command.run(&history),
            Command::Prune(command) => command.run(&history),
            Command::Cancel(command) => command.run(&history),
        };
        match shown {
            Ok(()) => status::DONE.into(),
            Err(Problem { message, status }) => {
                report::error(&message);
                status.into()
            }
        }
    }
}

/// What a subcommand works with.
struct History {
    store: Store,
    times: Times,
}

/// Why there is nothing to show.
struct Problem {
    message: String,
    status: Status,
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        Self { message: error.to_string(), status: status::SCRIPT }
    }
}

impl Problem {
    fn usage(message: impl Into<String>) -> Self {
        Self { message: message.into(), status: status::USAGE }
    }
}

impl History {
    /// The run that a person means: the beginning of an id, else a name, whose latest run it is.
    fn find(&self, wanted: &str) -> Result<RunRow, Problem> {
        if wanted.is_empty() {
            return Err(Problem::usage("name a run by the beginning of its id, or by its name for the latest of that name"));
        }
        match self.store.find_run(wanted)? {
            Found::One(row) => return Ok(*row),
            Found::Several(ids) => {
                let ids: Vec<_> = ids.iter().map(|id| short_id(id, 13)).collect();
                let message = format!("several runs begin with {wanted}: {}; give more of the id", ids.join(", "));
                return Err(Problem::usage(message));
            }
            Found::None => {}
        }
        let latest = Filter { name: Some(wanted.to_owned()), limit: Some(1), ..Filter::default() };
        if let Some(row) = self.store.runs(latest)?.pop() {
            return Ok(row);
        }
        let names = self.store.run_names()?;
        let near = cumulua_core::catalog::suggest::nearest(wanted, names.iter().map(String::as_str));
        let hint = cumulua_core::catalog::suggest::did_you_mean(&near);
        let message = format!("no run has that id or name: {wanted}{hint}; `cumulua runs list` shows what there is");
        Err(Problem { message, status: status::SCRIPT })
    }

    /// Where a run stands, or how it went, in a word.
    fn word(&self, row: &RunRow) -> &'static str {
        self.store.state(row).as_str()
    }

    /// A run for programs.
    fn json(&self, row: &RunRow) -> serde_json::Value {
        let time = |at| self.times.exact(at);
        let run = &row.run;
        serde_json::json!({
            "id": run.id, "name": run.name, "kind": run.kind, "script": run.script, "script_sha256": run.script_hash, "args": run.args,
            "profile": run.profile, "version": run.version, "simulated": run.simulated, "pid": run.pid, "attempt": run.attempt,
            "due": run.due.map(time), "started": time(run.started), "ended": row.ended.map(time), "outcome": self.word(row),
            "status": row.status, "error": row.error, "retry_at": row.retry_at.map(time), "retry_given_up": row.retry_given_up,
            "calls": row.calls,
        })
    }
}

/// The beginning of an id: enough to tell runs apart.
fn short_id(id: &str, length: usize) -> String {
    id.chars().take(length).collect()
}

/// A table without lines. On a terminal what does not fit is cut off: a broken line is harder to read than a short one, and `show` and
/// `--json` have the rest.
fn table(header: &[&str], rows: Vec<Vec<String>>) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_header(header).add_rows(rows);
    let terminal = console::Term::stdout();
    let width = terminal.is_term().then(|| usize::from(terminal.size().1));
    let text = table.to_string();
    let lines = text.lines().map(|line| line.strip_prefix(' ').unwrap_or(line).trim_end()).map(|line| match width {
        Some(width) => console::truncate_str(line, width, "…"),
        None => line.into(),
    });
    lines.collect::<Vec<_>>().join("\n")
}
