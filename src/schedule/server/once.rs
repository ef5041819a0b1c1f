//! One run of a schedule without a server: `cumulua schedule trigger` where none serves.

use super::format::milliseconds;
use super::launch::{Launcher, new_run};
use super::verdict::judge;
use crate::history::{
    Firing, FiringOutcome, HistoryEntry, RunEnd, RunOutcome, Store, UserRequest, Verb,
};
use crate::run::requester;
use crate::schedule::engine::{Attempt, Cause};
use crate::schedule::model::Schedule;
use crate::schedule::params::Given;
use crate::schedule::value::Overlap;
use cumulua_core::clock::wall_now;
use std::io;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::sync::Arc;
use tokio::process::Child;

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
    /// What its script is given.
    pub given: Given,
}

/// Carries it out; gives its exit status. The error is why it did not run, or how it crashed.
pub async fn run_once(once: Once) -> Result<i32, String> {
    let Once {
        store,
        launcher,
        schedule,
        folder,
        id,
        given,
    } = once;
    let requester = requester::of_this_process();
    let given = Arc::new(given);
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
        given: Some(Arc::clone(&given)),
    };
    let new = new_run(&attempt, id.clone(), now);
    let firing = Firing {
        schedule: attempt.schedule.name.to_string(),
        due: now,
        decided: now,
        outcome: FiringOutcome::Ran { run: id.clone() },
        detail: None,
    };
    let name = attempt.schedule.name.to_string();
    let entries = vec![
        HistoryEntry::Given(name, now, given.to_keep()),
        HistoryEntry::Requested(UserRequest {
            schedule: Some(attempt.schedule.name.to_string()),
            due: Some(now),
            ..UserRequest::new(Verb::Trigger, requester, now)
        }),
        HistoryEntry::Beside(firing, Some(new)),
    ];
    store
        .decide_together(entries)
        .map_err(|problem| problem.to_string())?;
    let command = launcher.run(&attempt, &id, &folder, &given);
    let ends = match command.and_then(|mut command| command.spawn()) {
        Ok(child) => {
            let ended = (id, wait_for(child).await.ok());
            judge(&store, &[ended])
        }
        Err(problem) => Ok(vec![RunEnd {
            id,
            ended: wall_now(),
            outcome: RunOutcome::Failed,
            status: None,
            error: Some(format!("its process cannot be started: {problem}")),
        }]),
    };
    let ends = ends.map_err(|problem| problem.to_string())?;
    // A server that begins in the moment before the run's process claims it takes it back.
    let is_taken_back = ends.iter().any(|end| end.outcome == RunOutcome::Lost)
        && matches!(store.run(&ends[0].id), Ok(None));
    if is_taken_back {
        return Err(format!(
            "a server that has begun meanwhile runs {schedule} in place of this command; \
             `cumulua runs list --name {schedule}` shows it",
            schedule = attempt.schedule.name
        ));
    }
    let how = ends.first().map(|end| (end.status, end.error.clone()));
    let (status, error) = how.unwrap_or_default();
    store
        .decide_together(ends.into_iter().map(HistoryEntry::End).collect())
        .map_err(|problem| problem.to_string())?;
    // What crashed has not recorded why itself.
    status.map_or_else(|| Err(error.unwrap_or_default()), Ok)
}

/// Waits for the run, which has this terminal: Ctrl-C reaches it too, and it says what comes of
/// that. Without a terminal an interrupt is meant for this process alone, and is passed on.
async fn wait_for(mut child: Child) -> io::Result<ExitStatus> {
    #[cfg(unix)]
    {
        use rustix::process::{Pid, Signal, kill_process};
        use tokio::signal::unix::{SignalKind, signal};
        let mut interrupts = signal(SignalKind::interrupt())?;
        let mut ends = signal(SignalKind::terminate())?;
        let has_terminal = std::fs::File::open("/dev/tty").is_ok();
        let pass_on = |child: &Child, signal| {
            // It has not been waited for, so that its id is its own.
            let id = child.id().and_then(|id| i32::try_from(id).ok());
            if let Some(id) = id.and_then(Pid::from_raw) {
                let _ = kill_process(id, signal);
            }
        };
        loop {
            tokio::select! {
                status = child.wait() => return status,
                _ = interrupts.recv() => {
                    if !has_terminal {
                        pass_on(&child, Signal::INT);
                    }
                }
                _ = ends.recv() => pass_on(&child, Signal::TERM),
            }
        }
    }
    #[cfg(not(unix))]
    child.wait().await
}
