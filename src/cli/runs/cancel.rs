//! `cumulua runs cancel`: ends runs from elsewhere.

use super::common::{History, Problem, short_id};
use crate::cli::{report, status};
use crate::gate::GRACE;
use crate::history::{Filter, RunRow, RunState};
use crate::run::control::AskError;
use crate::run::requester;
use crate::run::{CancelError, Cancelled, cancel_run};
use clap::Args;
use cumulua_core::clock::real_now;
use std::thread;
use std::time::{Duration, Instant};

/// Why the run ended, for its history.
const REASON: &str = "cancelled by `cumulua runs cancel`";

/// How long the end of a run may take beyond its grace.
const PATIENCE: Duration = Duration::from_secs(5);

/// How often it is looked whether the run has ended.
const PAUSE: Duration = Duration::from_millis(20);

/// Ends runs that go on: what they deferred runs, within their grace (10 s unless given)
///
/// The request goes to each run's process, which must be on this machine and of this user. What a run
/// has started in the cloud goes on there. Where one of several is not found, none is asked.
#[derive(Debug, Args)]
pub(super) struct Cancel {
    /// A name for its latest run that goes on, or the beginning of a run's id
    #[arg(value_name = "RUN", required = true)]
    runs: Vec<String>,
}

impl Cancel {
    /// Ends them; the error is what kept one from that, the last of them.
    pub(super) fn run(self, history: &History) -> Result<(), Problem> {
        let mut rows: Vec<RunRow> = Vec::new();
        for wanted in &self.runs {
            let row = find(history, wanted)?;
            if rows.iter().all(|other| other.run.id != row.run.id) {
                rows.push(row);
            }
        }
        let asked = real_now();
        let outcomes: Vec<_> = rows.iter().map(|row| ask(history, row)).collect();
        let mut result = Ok(());
        for (row, outcome) in rows.iter().zip(outcomes) {
            let outcome = match outcome {
                Ok(Cancelled::BeforeItBegan) => {
                    report::print(&format!("{}: cancelled before it began", name(row)));
                    Ok(())
                }
                Ok(Cancelled::Ends) => wait_for_end(history, row, asked),
                Err(problem) => Err(problem),
            };
            if let Err(problem) = outcome
                && let Err(earlier) = std::mem::replace(&mut result, Err(problem))
            {
                report::error(&earlier.message);
            }
        }
        result
    }
}

/// The run that is to be ended: of a name the latest that goes on, for a later one may have ended before
/// it.
fn find(history: &History, wanted: &str) -> Result<RunRow, Problem> {
    let open = history.store.runs(Filter {
        name: Some(wanted.to_owned()),
        open: true,
        ..Filter::default()
    })?;
    let goes_on = |row: &RunRow| !matches!(history.store.state(row), RunState::Ended(_));
    match open.into_iter().find(goes_on) {
        Some(row) => Ok(row),
        None => history.find(wanted),
    }
}

fn name(row: &RunRow) -> String {
    format!("{} {}", row.run.name, short_id(&row.run.id, 8))
}

/// Asks a run to end.
fn ask(history: &History, row: &RunRow) -> Result<Cancelled, Problem> {
    let name = name(row);
    if let RunState::Ended(outcome) = history.store.state(row) {
        return Err(refuse(format!(
            "{name} has ended already: {}",
            outcome.as_str()
        )));
    }
    let requester = Some(requester::of_this_process());
    cancel_run(&history.store, &row.run.id, REASON, requester).map_err(|problem| match problem {
        CancelError::Store(problem) => problem.into(),
        CancelError::Ask(AskError::NoListener(_)) => {
            let process = row.run.pid.map(|pid| format!(" (process {pid})"));
            refuse(format!(
                "{name} does not listen{}: it is of another version, or has just ended",
                process.unwrap_or_default()
            ))
        }
        problem => refuse(format!("{name}: {problem}")),
    })
}

fn wait_for_end(history: &History, row: &RunRow, asked: Instant) -> Result<(), Problem> {
    let name = name(row);
    while real_now() - asked < GRACE + PATIENCE {
        if let Some(RunState::Ended(outcome)) = history
            .store
            .run(&row.run.id)?
            .map(|row| history.store.state(&row))
        {
            report::print(&format!("{name}: {}", outcome.as_str()));
            return Ok(());
        }
        thread::sleep(PAUSE);
    }
    report::print(&format!(
        "{name}: asked to end; `cumulua runs show {}` shows once it has",
        short_id(&row.run.id, 8)
    ));
    Ok(())
}

fn refuse(message: String) -> Problem {
    Problem {
        message,
        status: status::SCRIPT,
    }
}
