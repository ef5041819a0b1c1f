//! What the run store does not take: nothing begins that is not recorded, so it waits for that.

use super::decision::{Cause, Decision, Reason};
use super::job::{Active, Job, missed, notify};
use crate::schedule::notify::NotifyEvent;
use jiff::{SignedDuration, Timestamp};

/// So long a firing at least waits for a store that refuses to record it.
const PATIENCE: SignedDuration = SignedDuration::from_mins(1);

impl Job {
    /// Lets what could not be recorded for too long go without a run.
    pub(super) fn give_up_unrecorded(&mut self, now: Timestamp, decisions: &mut Vec<Decision>) {
        let patience = self.patience().max(PATIENCE);
        let is_over = |active: &mut Active| {
            let Active { attempt, .. } = active;
            // The times of a backfill are over when it is asked for, and it waits as long as it takes.
            let is_old = now.duration_since(attempt.due) > patience;
            attempt.number == 0 && is_old && attempt.cause != Cause::Backfill
        };
        let given_up = self.active.extract_if(.., is_over).collect::<Vec<_>>();
        for Active { attempt, .. } in given_up {
            decisions.push(missed(&attempt, Reason::Unrecorded));
            // A schedule of every second must not notify every second of one full disk.
            if !std::mem::replace(&mut self.failed, true) {
                let reason = Some(Reason::Unrecorded);
                notify(attempt, NotifyEvent::Missed, reason, 1, decisions);
            }
        }
    }
}
