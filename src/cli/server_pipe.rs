//! The pipe between a server and a run that it has started, on the run's standard input. A line in
//! it ends the run, and is the reason; the end of the pipe means that the server is gone, however
//! it went.

use crate::gate::StopReason;
use crate::run::Guard;
use std::fs::File;
use std::io::{self, BufRead as _, BufReader};
use std::sync::Arc;
use std::thread;

/// Beyond a script's own memory: the runtime, its libraries, and the stacks and arenas that threads
/// reserve.
const BESIDE_SCRIPT: u64 = 2 << 30;

/// Why a run ends whose server is gone.
const GONE: &str = "ended, because the server that started the run is gone";

/// What ended a run: a server that is gone no longer reads its output either, and which of both is
/// seen first is chance.
pub(super) fn reason(stop: Option<StopReason>) -> Option<StopReason> {
    match stop {
        Some(StopReason::OutputClosed) => Some(StopReason::Ended(GONE.to_owned())),
        other => other,
    }
}

/// Whether a run was ended because its server is gone.
pub(super) fn is_cut(stop: &StopReason) -> bool {
    matches!(stop, StopReason::Ended(reason) if reason == GONE)
}

/// Ends what the script has started, and this process, where the server is gone that would: the
/// next server may start the schedule again as soon as this process has let go of its lock. To be
/// called once nothing is left to be done.
pub(super) fn take_along(stop: Option<&StopReason>) {
    if !stop.is_some_and(is_cut) {
        return;
    }
    #[cfg(unix)]
    {
        use rustix::process::{Signal, getpgrp, getpid, kill_current_process_group};
        // The server makes each run the first of a group; any other group is not ours to end.
        if getpgrp() == getpid() {
            let _ = kill_current_process_group(Signal::KILL);
        }
    }
}

/// Holds the pipe until the run ends. The script's own standard input is empty.
pub(super) fn hold(guard: &Arc<Guard>, memory: usize) {
    limit_memory(memory);
    let guard = Arc::clone(guard);
    match take_standard_input() {
        Ok(pipe) => drop(thread::spawn(move || {
            let mut reason = String::new();
            let words = match BufReader::new(pipe).read_line(&mut reason) {
                Ok(1..) => reason.trim().to_owned(),
                _ => GONE.to_owned(),
            };
            guard.stop(StopReason::Ended(words));
        })),
        // A run that its server cannot end must not begin.
        Err(error) => guard.stop(StopReason::Ended(format!(
            "the pipe from the server cannot be used: {error}"
        ))),
    }
}

#[cfg(unix)]
fn take_standard_input() -> io::Result<File> {
    // Not to be inherited by what the script starts: that would keep no pipe open, but read from
    // it.
    let pipe = rustix::io::fcntl_dupfd_cloexec(io::stdin(), 3)?;
    rustix::stdio::dup2_stdin(File::open("/dev/null")?)?;
    Ok(File::from(pipe))
}

#[cfg(not(unix))]
fn take_standard_input() -> io::Result<File> {
    Err(io::Error::from(io::ErrorKind::Unsupported))
}

/// What the script's own limit does not see, as a runaway library, ends this process and not the
/// machine.
fn limit_memory(memory: usize) {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
        let wanted = (memory as u64).saturating_add(BESIDE_SCRIPT);
        let before = getrlimit(Resource::As);
        let limit = before.current.map_or(wanted, |current| current.min(wanted));
        // Without it the script's own limit remains.
        let _ = setrlimit(
            Resource::As,
            Rlimit {
                current: Some(limit),
                maximum: before.maximum,
            },
        );
    }
}
