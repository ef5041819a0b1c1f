//! How a run ended, as the history has it.

use super::status::Status;
use super::{report, status, streams};
use crate::gate::StopReason;
use crate::history::RunOutcome;
use crate::run::HistoryRecorder;

/// The word for how a run ended.
pub(super) fn outcome(status: Status, stop: Option<&StopReason>) -> RunOutcome {
    match stop {
        Some(StopReason::Interrupted) => RunOutcome::Interrupted,
        Some(StopReason::TimedOut(_)) => RunOutcome::TimedOut,
        // It was not wanted, so it is a failure: notified, and retried where the schedule has
        // retries.
        Some(StopReason::Terminated) => RunOutcome::Lost,
        Some(StopReason::Ended(_)) => RunOutcome::Cancelled,
        _ if status == status::DONE => RunOutcome::Done,
        _ => RunOutcome::Failed,
    }
}

/// Records how a run ended; that it cannot be recorded changes nothing else.
pub(super) fn record_end(
    recorder: &HistoryRecorder,
    outcome: RunOutcome,
    status: Status,
    error: Option<&str>,
) {
    if let Err(problem) = recorder.end(outcome, Some(i32::from(status.0)), error) {
        streams::end_record();
        report::warning(&unrecorded(&problem));
    }
}

/// The words for what the history lacks of a run.
pub(super) fn unrecorded(problem: &str) -> String {
    format!("how this run went is not recorded: {problem}")
}
