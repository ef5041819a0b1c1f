//! One run of a schedule without a server: `cumulua schedule trigger` where none serves.

use super::child::{self, Exit, Listener, Process, TimeLimits};
use super::format::milliseconds;
use super::launch::{Launcher, new_run};
use crate::history::{Firing, FiringOutcome, HistoryEntry, RunEnd, RunOutcome, Store};
use crate::schedule::engine::{Attempt, Cause};
use crate::schedule::model::Schedule;
use crate::schedule::value::Overlap;
use cumulua_core::clock::wall_now;
use std::path::PathBuf;
use std::sync::Arc;

/// A run to be carried out here.
pub struct Once {
    /// Where it is recorded.
    pub store: Store,
    /// How it is started.
    pub launcher: Launcher,
    /// What runs.
    pub schedule: Arc<Schedule>,
    /// Where it runs.
    pub folder: PathBuf,
    /// The run's id.
    pub id: String,
    /// What receives its lines, beside the store.
    pub echo: Listener,
}

/// Carries it out; gives its exit status. The error is why it did not run, or how it crashed.
pub async fn run_once(once: Once) -> Result<i32, String> {
    let Once {
        store,
        launcher,
        schedule,
        folder,
        id,
        echo,
    } = once;
    if schedule.overlap != Overlap::Allow && store.locks().is_schedule_running(&schedule.name) {
        return Err(format!(
            "{} is still going on; `cumulua runs list` shows its run",
            schedule.name
        ));
    }
    let now = milliseconds(wall_now());
    let attempt = Attempt {
        schedule,
        at: now,
        due: now,
        cause: Cause::Trigger,
        number: 1,
        is_repeated: false,
    };
    let new = new_run(&attempt, id.clone(), now);
    let firing = Firing {
        schedule: attempt.schedule.name.to_string(),
        due: now,
        decided: now,
        outcome: FiringOutcome::Ran { run: id.clone() },
        detail: None,
    };
    store
        .decide_beside(firing, Some(new))
        .map_err(|problem| problem.to_string())?;
    let command = launcher.run(&attempt, &id, &folder);
    let started = Process::start(command, TimeLimits::of(&attempt.schedule));
    let exit = match started {
        Ok((handle, process)) => {
            let keep = child::keep(&store, &id);
            let listener: Listener = Arc::new(move |stream, line| {
                keep(stream, line);
                echo(stream, line);
            });
            let mut supervised = std::pin::pin!(process.supervise(listener));
            tokio::select! {
                exit = &mut supervised => exit,
                _ = tokio::signal::ctrl_c() => {
                    handle.end("interrupted");
                    supervised.await
                }
            }
        }
        Err(problem) => {
            let error = format!("its process cannot be started: {problem}");
            Exit {
                outcome: RunOutcome::Failed,
                status: None,
                error: Some(error),
            }
        }
    };
    let Exit { status, error, .. } = exit;
    let end = RunEnd {
        id,
        ended: wall_now(),
        outcome: exit.outcome,
        status,
        error: error.clone(),
    };
    store
        .decide_together(vec![HistoryEntry::End(end)])
        .map_err(|problem| problem.to_string())?;
    // What crashed has not recorded why itself.
    status.map_or_else(|| Err(error.unwrap_or_default()), Ok)
}
