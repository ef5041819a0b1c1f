//! `cumulua runs cancel`: ends a run from elsewhere.

use super::common::{History, Problem, short_id};
use crate::cli::{report, status};
use crate::gate::GRACE;
use crate::history::{RunRow, RunState};
use crate::run::control::AskError;
use crate::run::requester;
use crate::run::{CancelError, Cancelled, cancel_run};
use clap::Args;
use cumulua_core::clock::real_now;
use std::thread;
use std::time::Duration;

/// Why the run ended, for its history.
const REASON: &str = "cancelled by `cumulua runs cancel`";

/// How long the end of a run may take beyond its grace.
const PATIENCE: Duration = Duration::from_secs(5);

/// How often it is looked whether the run has ended.
const PAUSE: Duration = Duration::from_millis(20);

/// Ends a run that goes on: what it deferred runs, within its grace (10 s unless given)
///
/// The request goes to the run's process, which must be on this machine and of this user. What the
/// run has started in the cloud goes on there.
#[derive(Debug, Args)]
pub(super) struct Cancel {
    /// The beginning of the run's id, or a name for its latest run
    #[arg(value_name = "RUN")]
    run: String,
}

impl Cancel {
    /// Ends it.
    pub(super) fn run(self, history: &History) -> Result<(), Problem> {
        let row = history.find(&self.run)?;
        let name = format!("{} {}", row.run.name, short_id(&row.run.id, 8));
        if let RunState::Ended(outcome) = history.store.state(&row) {
            return Err(refuse(format!(
                "{name} has ended already: {}",
                outcome.as_str()
            )));
        }
        let requester = Some(requester::of_this_process());
        match cancel_run(&history.store, &row.run.id, REASON, requester) {
            Ok(Cancelled::BeforeItBegan) => {
                report::print(&format!("{name}: cancelled before it began"));
                Ok(())
            }
            Ok(Cancelled::Ends) => wait_for_end(history, &row, &name),
            Err(CancelError::Store(problem)) => Err(problem.into()),
            Err(CancelError::Ask(AskError::NoListener(_))) => {
                let process = row
                    .run
                    .pid
                    .map(|pid| format!(" (process {pid})"))
                    .unwrap_or_default();
                Err(refuse(format!(
                    "{name} does not listen{process}: it is of another version, or has just ended"
                )))
            }
            Err(problem) => Err(refuse(format!("{name}: {problem}"))),
        }
    }
}

fn wait_for_end(history: &History, row: &RunRow, name: &str) -> Result<(), Problem> {
    let asked = real_now();
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
