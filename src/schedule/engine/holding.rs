//! What the calendars keep from beginning.

use super::decision::{Attempt, Decision, MissCause, Reason};
use super::job::{Held, Job, State, missed, notify};
use crate::schedule::calendar::{Block, Blocked, Window};
use crate::schedule::notify::NotifyEvent;
use jiff::Timestamp;

impl Job {
    fn window(&self, attempt: &Attempt) -> Option<&Window> {
        let window = self.schedule.window.as_deref();
        window.filter(|_| !attempt.cause.is_asked_for())
    }

    /// Why this does not begin now.
    pub(super) fn block_now(&self, attempt: &Attempt, now: Timestamp) -> Option<Block> {
        self.window(attempt)?.block(now)
    }

    /// The same, or why it did not at its time.
    pub(super) fn block_of(&self, attempt: &Attempt, now: Timestamp) -> Option<Block> {
        let window = self.window(attempt)?;
        window.block(now).or_else(|| window.block(attempt.at))
    }

    /// Lets a firing begin at the end of the block, or go without a run. Of several within a block
    /// the first begins.
    pub(super) fn hold_back(
        &mut self,
        attempt: Attempt,
        block: &Block,
        decisions: &mut Vec<Decision>,
    ) {
        let zone = &self.schedule.timing.zone;
        let why = block.describe(zone);
        let begins_at_end = self
            .schedule
            .window
            .as_ref()
            .is_some_and(|window| window.blocked == Blocked::RunAtEnd);
        let until = block.until.filter(|_| begins_at_end);
        match (until, &self.held) {
            (Some(until), None) => {
                let what = format!("{why}; it begins then");
                decisions.push(Decision::Wait(attempt.clone(), what.into()));
                self.held = Some(Held { attempt, until });
            }
            (Some(_), Some(held)) => {
                let other = zone.format(held.attempt.at);
                let what = format!("{why}; the firing of {other} begins then");
                decisions.push(missed(&attempt, Reason::Blocked(what.into())));
            }
            (None, _) => decisions.push(missed(&attempt, Reason::Blocked(why.into()))),
        }
    }

    /// Lets what was held back begin, where its time has come.
    pub(super) fn release_held(
        &mut self,
        now: Timestamp,
        miss_cause: MissCause,
        decisions: &mut Vec<Decision>,
    ) {
        let Some(mut held) = self.held.take_if(|held| held.until <= now) else {
            return;
        };
        if let Some(until) = self
            .block_now(&held.attempt, now)
            .and_then(|block| block.until)
        {
            // The calendars have changed.
            held.until = until;
            self.held = Some(held);
            return;
        }
        let Held { mut attempt, until } = held;
        if self.is_paused() {
            decisions.push(missed(&attempt, self.pause_reason()));
        } else if now.duration_since(until) > self.patience() {
            let reason = Reason::TooLate(miss_cause);
            decisions.push(missed(&attempt, reason.clone()));
            notify(attempt, NotifyEvent::Missed, Some(reason), 1, decisions);
        } else {
            attempt.due = until;
            self.admit(attempt, decisions);
        }
    }

    /// Takes up a firing that was held back when the server before this one ended; whether it was.
    pub(super) fn take_over_held(&mut self, attempt: &Attempt) -> bool {
        let block = self
            .window(attempt)
            .filter(|window| window.blocked == Blocked::RunAtEnd);
        let until = block.and_then(|window| window.block(attempt.at)?.until);
        if let Some(until) = until.filter(|_| self.held.is_none()) {
            self.held = Some(Held {
                attempt: attempt.clone(),
                until,
            });
            return true;
        }
        false
    }

    /// Repeats nothing during a block: it is put off to its end, or given up.
    pub(super) fn hold_retries(&mut self, now: Timestamp, decisions: &mut Vec<Decision>) {
        let Some(window) = self.schedule.window.clone() else {
            return;
        };
        let Some(block) = window.block(now) else {
            return;
        };
        let until = block.until.filter(|_| window.blocked == Blocked::RunAtEnd);
        if let Some(end) = until {
            for active in &mut self.active {
                if let State::Pausing(at) = &mut active.state
                    && *at <= now
                    && !active.attempt.cause.is_asked_for()
                {
                    *at = end;
                    if active.attempt.number > 0 {
                        decisions.push(Decision::Retry(active.attempt.clone(), end));
                    }
                }
            }
        } else {
            let reason = Reason::Blocked(block.describe(&self.schedule.timing.zone).into());
            self.give_up_retries(&reason, |until| until <= now, decisions);
        }
    }
}
