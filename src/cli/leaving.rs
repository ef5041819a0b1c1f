//! Leaving a command whose run does not react: what can still be kept and said is, within moments,
//! and the rest is named.

use super::modes::Modes;
use super::status::Status;
use super::{beginning, detached, recording, report, status};
use crate::gate::{Gate, StopReason};
use crate::history::RunOutcome;
use crate::lua::flush_everything;
use crate::repl::Ending;
use crate::run::{Guard, HistoryRecorder, Stuck};
use cumulua_core::clock::real_now;
use std::io::{self, IsTerminal as _};
use std::process::Command;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

/// The last thing that a run does, which others wait for.
pub(super) const RECORDING: &str = "recording how the run ended";

/// What may come after a run.
pub(super) const WRITING: &str = "writing what --dump names";

/// What the guard leaves waits no longer for anything: someone waits for the prompt to come back.
const LAST: Duration = Duration::from_millis(40);

/// A guard that Ctrl-C goes to, and `runs cancel`; what does not react is left where it is. To be
/// told what [comes last](Guard::last).
pub(super) fn start_guard(gate: &Arc<Gate>, recorder: Option<Arc<HistoryRecorder>>) -> Arc<Guard> {
    guard_against(StopReason::Interrupted, gate, recorder)
}

/// The same, where a signal means something else than Ctrl-C.
pub(super) fn guard_against(
    signal: StopReason,
    gate: &Arc<Gate>,
    recorder: Option<Arc<HistoryRecorder>>,
) -> Arc<Guard> {
    beginning::over();
    let left = Left {
        gate: Arc::clone(gate),
        recorder: recorder.clone(),
    };
    let guard = Guard::new(
        Arc::clone(gate),
        Box::new(move |stop, stuck| left.leave(stop, stuck)),
    );
    if let Some(recorder) = recorder {
        let cancelled = Arc::clone(&guard);
        recorder.cancelled_by(Arc::new(move |reason| {
            cancelled.stop(StopReason::Ended(reason));
        }));
    }
    let interrupted = Arc::clone(&guard);
    // Without the handler Ctrl-C ends the process, which is what remains where it cannot be set.
    let _ = ctrlc::set_handler(move || interrupted.stop(signal.clone()));
    guard
}

/// By how much what blocks may outlast its time.
const BLOCKED: Duration = Duration::from_millis(300);

/// Ends what blocks, in a command whose calls and waits end themselves at their time, `limit` at
/// most, and then know what to say.
pub(super) fn limit_blocked(guard: &Arc<Guard>, limit: Duration) {
    guard.limit_after(limit, BLOCKED);
}

/// Leaves a line of a session that does not react. Its thread has the VM, so the session begins
/// anew, in this process's place; one that is ended, or that nobody types into, ends.
pub(super) fn leave_session(gate: &Arc<Gate>, ending: Ending, modes: &Modes, simulates: bool) {
    modes.restore();
    let goes_on = ending == Ending::Line && io::stdin().is_terminal();
    let flushed = Arc::clone(gate);
    briefly(move || {
        flushed.flush_audit();
        flushed.end_processes();
        flush_everything(&flushed);
    });
    let open = Arc::clone(gate);
    briefly(move || {
        report::error(LEFT);
        report::pending(&open.pending(), &open);
        if goes_on {
            report::note(ANEW);
        }
        if goes_on && simulates {
            report::note("the simulated cloud begins anew too");
        }
    });
    if goes_on {
        begin_anew();
    }
    std::process::exit(i32::from(status::INTERRUPTED.0));
}

const LEFT: &str = "interrupted; what ran did not react and was left";

const ANEW: &str = "a new session begins, without its variables, jobs and what it deferred";

/// Puts a new session in this process's place; comes back where that cannot be done.
fn begin_anew() {
    #[cfg(unix)]
    {
        use std::os::unix::process::CommandExt as _;
        if let Ok(program) = std::env::current_exe() {
            let mut command = Command::new(program);
            report::error(&format!(
                "no new session can begin: {}",
                command.args(std::env::args_os().skip(1)).exec()
            ));
        }
    }
}

/// A run that is left behind.
struct Left {
    gate: Arc<Gate>,
    recorder: Option<Arc<HistoryRecorder>>,
}

impl Left {
    /// Does what can be done without what blocks, and exits.
    fn leave(&self, stop: &StopReason, stuck: Stuck) {
        let status = status::of_stop(stop);
        let problem = match stuck {
            Stuck::Script => format!("{}; what ran did not react and was left", stop.describe()),
            Stuck::Deferred => format!(
                "{}; what the script had deferred did not react and was left",
                stop.describe()
            ),
            Stuck::Ending(what) => format!("{}; {what} did not end and was left", stop.describe()),
        };
        let unfinished = self.finish(recording::outcome(status, Some(stop)), status, &problem);
        // A run that was being recorded has been reported; where that is done after all, nothing
        // is left to say.
        let is_reported = matches!(stuck, Stuck::Ending(RECORDING | WRITING));
        let gate = Arc::clone(&self.gate);
        if stuck != Stuck::Ending(RECORDING) || !unfinished.is_empty() {
            briefly(move || {
                report::error(&gate.present(&problem));
                for what in unfinished {
                    report::warning(what);
                }
                if !is_reported {
                    report::pending(&gate.pending(), &gate);
                }
            });
        }
        detached::take_along(Some(stop));
        std::process::exit(i32::from(status.0));
    }

    /// Writes what waits and records the end, each on a thread of its own, because any of them can
    /// be what blocks; what did not get done.
    fn finish(&self, outcome: RunOutcome, status: Status, problem: &str) -> Vec<&'static str> {
        let mut steps: Vec<(&'static str, Part)> = Vec::new();
        let gate = Arc::clone(&self.gate);
        steps.push((
            "the audit could not be written to its end",
            Box::new(move || {
                gate.flush_audit();
                true
            }),
        ));
        let gate = Arc::clone(&self.gate);
        steps.push((
            "not all that was printed or written could be handed on",
            Box::new(move || flush_everything(&gate)),
        ));
        let gate = Arc::clone(&self.gate);
        steps.push((
            "what the script had started may go on",
            Box::new(move || {
                gate.end_processes();
                true
            }),
        ));
        if let Some(recorder) = self.recorder.clone() {
            let problem = problem.to_owned();
            steps.push((
                "how this run ended may not be recorded",
                Box::new(move || recorder.leave(outcome, i32::from(status.0), &problem)),
            ));
        }
        within(LAST, steps)
    }
}

/// Whether it was done.
type Part = Box<dyn FnOnce() -> bool + Send>;

/// Does something that may block, and goes on within the limit.
fn briefly(step: impl FnOnce() + Send + 'static) {
    let step: Part = Box::new(move || {
        step();
        true
    });
    within(LAST, vec![("", step)]);
}

/// Takes all steps side by side; those that are not done within the limit.
fn within(limit: Duration, steps: Vec<(&'static str, Part)>) -> Vec<&'static str> {
    let (done, is_done) = mpsc::channel();
    let mut open = Vec::new();
    for (number, (what, step)) in steps.into_iter().enumerate() {
        open.push(Some(what));
        let done = done.clone();
        thread::spawn(move || {
            let _ = done.send((number, step()));
        });
    }
    drop(done);
    let deadline = real_now() + limit;
    while open.iter().any(Option::is_some) {
        let left = deadline.saturating_duration_since(real_now());
        match is_done.recv_timeout(left) {
            Ok((number, true)) => open[number] = None,
            Ok((_, false)) => {}
            Err(_) => break,
        }
    }
    open.into_iter().flatten().collect()
}
