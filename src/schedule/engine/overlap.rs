//! The overlap rule: what becomes of a firing while earlier runs of its schedule go on.

use super::decision::{Attempt, Decision, Reason};
use super::job::{Job, State, missed};
use crate::schedule::value::Overlap;

/// Firings of one schedule that may wait for an earlier run.
const LONGEST_QUEUE: usize = 100;

impl Job {
    /// Lets a firing start, wait or go without a run, as `overlap` has it where others go on.
    pub(super) fn admit(&mut self, attempt: Attempt, decisions: &mut Vec<Decision>) {
        let is_free = self.active.is_empty() && self.waiting.is_empty();
        match self.schedule.overlap {
            _ if is_free => self.start(attempt, decisions),
            Overlap::Allow => self.start(attempt, decisions),
            Overlap::Skip => decisions.push(missed(&attempt, Reason::Overlap)),
            Overlap::Queue if self.waiting.len() >= LONGEST_QUEUE => {
                decisions.push(missed(&attempt, Reason::QueueFull));
            }
            Overlap::Queue => {
                decisions.push(Decision::Wait(attempt.clone()));
                self.waiting.push_back(attempt);
            }
            Overlap::Cancel => {
                decisions.extend(
                    self.waiting
                        .drain(..)
                        .map(|attempt| missed(&attempt, Reason::Superseded)),
                );
                self.give_up_retries(Reason::Superseded, |_| true, decisions);
                for active in self
                    .active
                    .iter_mut()
                    .filter(|active| active.state == State::Running)
                {
                    active.state = State::Ending;
                    decisions.push(Decision::End(active.attempt.clone()));
                }
                if self.active.is_empty() {
                    self.start(attempt, decisions);
                } else {
                    decisions.push(Decision::Wait(attempt.clone()));
                    self.waiting.push_back(attempt);
                }
            }
        }
    }
}
