//! Exit statuses.

use crate::gate::StopReason;
use crate::lua::ScriptError;
use crate::run::Ending;
use std::process::ExitCode;

/// An exit status with a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Status(pub(super) u8);

/// All went well.
pub(super) const DONE: Status = Status(0);
/// The script failed, or its input is bad, or a policy forbids it.
pub(super) const SCRIPT: Status = Status(1);
/// The command's own arguments are bad.
pub(super) const USAGE: Status = Status(2);
/// A call failed.
pub(super) const CALL: Status = Status(3);
/// A task failed.
pub(super) const TASK: Status = Status(4);
/// Out of time.
pub(super) const TIMED_OUT: Status = Status(124);
/// Ctrl-C.
pub(super) const INTERRUPTED: Status = Status(130);

impl From<Status> for ExitCode {
    fn from(status: Status) -> Self {
        Self::from(status.0)
    }
}

/// The status of a run.
pub(super) fn of_ending(ending: &Ending) -> Status {
    match (&ending.stop, &ending.error) {
        (Some(stop), _) => of_stop(stop),
        (None, Some(error)) => of_error(error),
        (None, None) if ending.deferred.is_empty() => DONE,
        (None, None) => SCRIPT,
    }
}

/// The status of a run that was ended from outside.
pub(super) fn of_stop(stop: &StopReason) -> Status {
    match stop {
        StopReason::Interrupted | StopReason::Ended(_) | StopReason::Terminated => INTERRUPTED,
        StopReason::TimedOut(_) => TIMED_OUT,
        StopReason::Exit(status) => Status(*status),
        StopReason::OutOfMemory(_)
        | StopReason::OutputClosed
        | StopReason::DeferredTooLong(_)
        | StopReason::SiblingFailed
        | StopReason::StateWaitTimedOut => SCRIPT,
    }
}

/// The status of a script's error.
pub(super) fn of_error(error: &ScriptError) -> Status {
    of_kind(error.kind.as_deref())
}

/// The status of an error's kind.
pub(super) fn of_kind(kind: Option<&str>) -> Status {
    match kind {
        Some("credentials" | "dispatch" | "service" | "response") => CALL,
        Some("task") => TASK,
        Some("timeout") => TIMED_OUT,
        Some("cancelled") => INTERRUPTED,
        _ => SCRIPT,
    }
}
