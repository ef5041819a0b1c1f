//! A run that a server has started and that needs no server to go on: in a session of its own, with
//! standard streams that lead nowhere. Only a signal that the machine or its server sends ends it
//! from outside, beside its control socket.

use crate::gate::StopReason;
use std::sync::atomic::{AtomicBool, Ordering};

/// Beyond a script's own memory: the runtime, its libraries, and the stacks and arenas that threads
/// reserve.
const BESIDE_SCRIPT: u64 = 2 << 30;

/// Whether this process is such a run's.
static IS_DETACHED: AtomicBool = AtomicBool::new(false);

/// Leaves the session of the server, so that neither its terminal nor its end reaches this process.
pub(super) fn begin() {
    IS_DETACHED.store(true, Ordering::Relaxed);
    // Where it is the first of a group, it has been put into one by what started it, which is as
    // good.
    #[cfg(unix)]
    let _ = rustix::process::setsid();
}

/// Ends what the script has started, and this process, where the run was ended from outside and the
/// system does not let it find what that is. To be called once nothing is left to be done.
#[cfg(all(unix, not(target_os = "linux")))]
pub(super) fn take_along(stop: Option<&StopReason>) {
    use rustix::process::{Signal, getpgrp, getpid, kill_current_process_group};
    let is_ended = stop.is_some_and(|stop| !matches!(stop, StopReason::Exit(_)));
    // Any other group is not ours to end.
    if is_ended && IS_DETACHED.load(Ordering::Relaxed) && getpgrp() == getpid() {
        let _ = kill_current_process_group(Signal::KILL);
    }
}

/// What the script has started has been found and ended.
#[cfg(not(all(unix, not(target_os = "linux"))))]
pub(super) fn take_along(_: Option<&StopReason>) {}

/// What the script's own limit does not see, as a runaway library, ends this process and not the
/// machine.
pub(super) fn limit_memory(memory: usize) {
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
