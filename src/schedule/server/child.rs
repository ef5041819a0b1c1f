//! A run's process: its output is kept line by line, its time is limited, and it ends when the
//! server ends it.

use super::lines::Lines;
use crate::gate::GRACE;
use crate::history::{Line, OutputBuffer, RunOutcome, Store, Stream};
use crate::schedule::model::Schedule;
use cumulua_core::clock::wall_now;
use cumulua_core::controls;
use std::io;
use std::process::ExitStatus;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, ChildStdin, Command};
use tokio::sync::mpsc;

/// A process that was asked to end has its deferred functions to run, and then this much more.
const PATIENCE: Duration = Duration::from_secs(5);

/// What a script has started may hold the pipes open after it; its last output is waited for so
/// long.
const OUTPUT_GRACE: Duration = Duration::from_millis(500);

/// By how much runs, and what they start, are nicer than the server; 19 is the nicest that there
/// is.
#[cfg(unix)]
const NICER: i32 = 5;

/// The exit status of a run that did not end in its time.
const TIMED_OUT: i32 = 124;

/// How a run's process ended.
#[derive(Debug, Clone)]
pub(super) struct Exit {
    /// How the run ended, as far as its process shows.
    pub(super) outcome: RunOutcome,
    /// The process's exit status, where it has one.
    pub(super) status: Option<i32>,
    /// What a person reads where the process has written nothing itself.
    pub(super) error: Option<String>,
}

/// The way to a run's process.
#[derive(Debug)]
pub(super) struct Handle {
    end: mpsc::UnboundedSender<String>,
}

impl Handle {
    /// Asks the process to end, for this reason.
    pub(super) fn end(&self, reason: &str) {
        let _ = self.end.send(reason.to_owned());
    }
}

/// What receives a run's lines.
pub type Listener = Arc<dyn Fn(Stream, &str) + Send + Sync>;

/// A run's process that has been started.
pub(super) struct Process {
    child: Child,
    stdin: Option<ChildStdin>,
    ends: mpsc::UnboundedReceiver<String>,
    limits: TimeLimits,
}

/// How long a run's process may take.
#[derive(Debug, Clone, Copy)]
pub(super) struct TimeLimits {
    timeout: Option<Duration>,
    /// What it has deferred, and then it must be gone.
    ending: Duration,
}

impl TimeLimits {
    /// Those of what has nothing to tidy up after so long.
    pub(super) fn after(timeout: Duration) -> Self {
        Self {
            timeout: Some(timeout),
            ending: PATIENCE,
        }
    }

    /// Those of a schedule's runs.
    pub(super) fn of(schedule: &Schedule) -> Self {
        Self {
            timeout: schedule.timeout,
            ending: schedule.grace.unwrap_or(GRACE) + PATIENCE,
        }
    }
}

impl Process {
    /// Starts a process.
    pub(super) fn start(mut command: Command, limits: TimeLimits) -> io::Result<(Handle, Self)> {
        command.kill_on_drop(false);
        let mut child = command.spawn()?;
        give_way(child.id());
        let stdin = child.stdin.take();
        let (end, ends) = mpsc::unbounded_channel();
        Ok((
            Handle { end },
            Self {
                child,
                stdin,
                ends,
                limits,
            },
        ))
    }

    /// Sees the process to its end. Its lines go to `listener`.
    pub(super) async fn supervise(mut self, listener: Listener) -> Exit {
        let id = self.child.id();
        let (out, err) = (self.child.stdout.take(), self.child.stderr.take());
        let receiver = Arc::clone(&listener);
        let captured = tokio::spawn(async move {
            tokio::join!(
                capture(out, Stream::Out, &receiver),
                capture(err, Stream::Err, &receiver)
            )
            .1
        });
        // The process ends itself at its timeout; one that does not is killed a little later.
        let TimeLimits { timeout, ending } = self.limits;
        let mut kill_at = timeout.map(|timeout| {
            (
                tokio::time::Instant::from_std(cumulua_core::clock::real_now()) + timeout + ending,
                KillReason::TimedOut,
            )
        });
        let mut ended_for = None;
        let mut killed = None;
        let status = loop {
            let deadline = async {
                match &kill_at {
                    Some((at, _)) => tokio::time::sleep_until(*at).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                // A server that was held up sees an end and a deadline at once.
                biased;
                status = self.child.wait() => break status,
                Some(reason) = self.ends.recv(), if ended_for.is_none() => {
                    if let Some(stdin) = &mut self.stdin {
                        let _ = stdin.write_all(format!("{reason}\n").as_bytes()).await;
                    }
                    kill_at = Some((tokio::time::Instant::from_std(cumulua_core::clock::real_now()) + ending, KillReason::Ended));
                    ended_for = Some(reason);
                }
                () = deadline => {
                    killed = kill_at.take().map(|(_, why)| why);
                    kill_group(id);
                    let _ = self.child.start_kill();
                }
            }
        };
        drop(self.stdin);
        let was_ended = ended_for.is_some()
            || status
                .as_ref()
                .is_ok_and(|status| matches!(status.code(), None | Some(TIMED_OUT)));
        if was_ended {
            // What the script had started goes with it.
            kill_group(id);
        }
        let mut captured = captured;
        let last_error = if let Ok(last) = tokio::time::timeout(OUTPUT_GRACE, &mut captured).await {
            last.ok().flatten()
        } else {
            captured.abort();
            None
        };
        exit(status, killed, ended_for, last_error)
    }
}

/// Why a process was killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum KillReason {
    TimedOut,
    Ended,
}

fn exit(
    status: io::Result<ExitStatus>,
    killed: Option<KillReason>,
    ended_for: Option<String>,
    last_error: Option<String>,
) -> Exit {
    let status = match status {
        Ok(status) => status,
        Err(error) => {
            return Exit {
                outcome: RunOutcome::Lost,
                status: None,
                error: Some(format!("its end cannot be seen: {error}")),
            };
        }
    };
    let code = status.code();
    // One that has ended by itself was not killed, however late that was seen.
    let killed = killed.filter(|_| code.is_none());
    let (outcome, error) = match (killed, ended_for) {
        (Some(KillReason::TimedOut), None) => (
            RunOutcome::TimedOut,
            Some("it did not end at its timeout and was killed".to_owned()),
        ),
        (Some(_), Some(reason)) => (
            RunOutcome::Cancelled,
            Some(format!("{reason}; it did not end by itself and was killed")),
        ),
        (_, Some(reason)) => (RunOutcome::Cancelled, Some(reason)),
        (_, None) => match code {
            Some(0) => (RunOutcome::Done, None),
            Some(TIMED_OUT) => (RunOutcome::TimedOut, last_error),
            Some(_) => (RunOutcome::Failed, last_error),
            None => (RunOutcome::Failed, Some(crash(status, last_error))),
        },
    };
    Exit {
        outcome,
        status: code,
        error,
    }
}

fn crash(status: ExitStatus, last_error: Option<String>) -> String {
    let last = last_error
        .map(|line| format!("; its last line: {line}"))
        .unwrap_or_default();
    // The system's own words name the signal.
    format!("its process crashed ({status}){last}")
}

/// Lets the server, whose firings would otherwise be late, go before a run where both want a
/// processor.
#[cfg(unix)]
fn give_way(id: Option<u32>) {
    if let Some(process) = id
        .and_then(|id| i32::try_from(id).ok())
        .and_then(rustix::process::Pid::from_raw)
    {
        // Where that is forbidden, all have the same priority.
        let own = rustix::process::getpriority_process(None).unwrap_or(0);
        let _ = rustix::process::setpriority_process(Some(process), own + NICER);
    }
}

#[cfg(not(unix))]
fn give_way(_: Option<u32>) {}

/// Ends a run's process and all that it has started.
#[cfg(unix)]
fn kill_group(id: Option<u32>) {
    if let Some(group) = id
        .and_then(|id| i32::try_from(id).ok())
        .and_then(rustix::process::Pid::from_raw)
    {
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
    }
}

#[cfg(not(unix))]
fn kill_group(_: Option<u32>) {}

/// Reads a stream to its end; gives its last line that is not empty.
async fn capture(
    stream: Option<impl AsyncRead + Unpin>,
    name: Stream,
    listener: &Listener,
) -> Option<String> {
    let mut stream = stream?;
    let mut lines = Lines::default();
    let mut last = None;
    let mut buffer = vec![0; 8 * 1024];
    let mut receive = |line: String| {
        listener(name, &line);
        if !line.trim().is_empty() {
            last = Some(controls::escape_line(&line).into_owned());
        }
    };
    while let Ok(length @ 1..) = stream.read(&mut buffer).await {
        lines
            .push(&buffer[..length])
            .into_iter()
            .for_each(&mut receive);
    }
    lines.take().into_iter().for_each(&mut receive);
    last
}

/// A listener that keeps a run's lines in the store.
pub(super) fn keep(store: &Store, run: &str) -> Listener {
    let output = OutputBuffer::of(store, run);
    Arc::new(move |stream, text| {
        output.add(Line {
            at: wall_now(),
            stream,
            text: text.to_owned(),
        });
    })
}

#[cfg(all(test, unix))]
mod tests {
    use super::{KillReason, exit};
    use crate::history::RunOutcome;
    use std::os::unix::process::ExitStatusExt as _;
    use std::process::ExitStatus;

    #[test]
    fn a_process_that_ended_by_itself_was_not_killed_however_late_that_is_seen() {
        let ended = |code: i32| ExitStatus::from_raw(code << 8);
        let killed = ExitStatus::from_raw(9);
        for (status, reason, outcome) in [
            (ended(0), Some(KillReason::TimedOut), RunOutcome::Done),
            (ended(1), Some(KillReason::TimedOut), RunOutcome::Failed),
            (ended(124), Some(KillReason::TimedOut), RunOutcome::TimedOut),
            (killed, Some(KillReason::TimedOut), RunOutcome::TimedOut),
            (killed, None, RunOutcome::Failed),
            (ended(0), None, RunOutcome::Done),
        ] {
            assert_eq!(
                exit(Ok(status), reason, None, None).outcome,
                outcome,
                "{status:?} {reason:?}"
            );
        }
    }
}
