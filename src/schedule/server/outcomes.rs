//! Translates the engine's outcomes into the history's, and back.

use crate::history::{FiringOutcome, RunOutcome};
use crate::schedule::engine::{Outcome, Reason};

impl From<&Reason> for FiringOutcome {
    fn from(reason: &Reason) -> Self {
        match reason {
            Reason::Overlap(_) | Reason::QueueFull => Self::Overlap,
            Reason::Paused(_) => Self::Paused,
            Reason::TooLate(_) | Reason::ServerGone => Self::TooLate,
            Reason::Superseded => Self::Superseded,
            Reason::ShuttingDown => Self::ShuttingDown,
            Reason::Removed | Reason::Unrecorded => Self::NotStarted,
            Reason::Blocked(_) => Self::Blocked,
            Reason::NotFollowed(_) => Self::NotFollowed,
            Reason::Dropped(_) => Self::Dropped,
        }
    }
}

impl From<RunOutcome> for Outcome {
    /// What the end of a run means for its schedule.
    fn from(outcome: RunOutcome) -> Self {
        match outcome {
            RunOutcome::Done => Self::Done,
            RunOutcome::Cancelled => Self::Ended,
            RunOutcome::Failed | RunOutcome::TimedOut | RunOutcome::Interrupted => Self::Failed,
            RunOutcome::Lost => Self::Lost,
        }
    }
}
