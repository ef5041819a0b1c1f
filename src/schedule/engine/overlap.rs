//! The overlap rule: what becomes of a firing while earlier runs of its schedule go on.

use super::decision::{Attempt, Cause, Decision, Reason};
use super::job::{Active, Job, State, missed, notify};
use crate::schedule::notify::NotifyEvent;
use crate::schedule::value::{CaughtUp, Overlap};

/// Firings of one schedule that may wait for an earlier run.
const LONGEST_QUEUE: usize = 100;

impl Job {
    /// Lets a firing start, wait or go without a run, as `overlap` has it where others go on.
    pub(super) fn admit(&mut self, attempt: Attempt, decisions: &mut Vec<Decision>) {
        let is_backfill = |attempt: &Attempt| attempt.cause == Cause::Backfill;
        let only_made_good = self
            .active
            .iter()
            .all(|active| self.is_made_good(&active.attempt))
            && self
                .waiting
                .iter()
                .all(|attempt| self.is_made_good(attempt));
        let may_wait = self.own_waiting() < LONGEST_QUEUE;
        match self.schedule.overlap {
            _ if self.is_free() => self.start(attempt, decisions),
            Overlap::Allow => self.start(attempt, decisions),
            _ if is_backfill(&attempt) => self.wait(attempt, decisions),
            // What is made good costs the schedule none of its own firings, nor each other.
            Overlap::Skip | Overlap::Cancel
                if may_wait && (only_made_good || self.is_made_good(&attempt)) =>
            {
                self.wait(attempt, decisions);
            }
            Overlap::Skip => self.skip(&attempt, decisions),
            Overlap::Queue if !may_wait => {
                decisions.push(missed(&attempt, Reason::QueueFull));
                notify(
                    attempt,
                    NotifyEvent::Missed,
                    Some(Reason::QueueFull),
                    1,
                    decisions,
                );
            }
            Overlap::Queue => self.wait(attempt, decisions),
            Overlap::Cancel => {
                decisions.extend(
                    self.waiting
                        .drain(..)
                        .map(|attempt| missed(&attempt, Reason::Superseded)),
                );
                self.give_up_retries(&Reason::Superseded, |_| true, decisions);
                let without_place = self
                    .active
                    .extract_if(.., |active| active.state == State::Waiting);
                decisions.extend(
                    without_place.map(|active| missed(&active.attempt, Reason::Superseded)),
                );
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
                    self.wait(attempt, decisions);
                }
            }
        }
    }

    fn is_free(&self) -> bool {
        self.active.is_empty() && self.waiting.is_empty()
    }

    /// Lets a firing that a person has asked for go on waiting, as under the server before this one, or
    /// start: whether it may was decided then, whatever the file says now.
    pub(super) fn admit_waiting(&mut self, attempt: Attempt, decisions: &mut Vec<Decision>) {
        if self.is_free() || self.schedule.overlap == Overlap::Allow {
            self.start(attempt, decisions);
        } else {
            self.wait(attempt, decisions);
        }
    }

    /// Whether it comes after its time because a person wants it, by a backfill or by `catch_up` of all:
    /// at its time it would have overlapped with nothing.
    fn is_made_good(&self, attempt: &Attempt) -> bool {
        match attempt.cause {
            Cause::Backfill => true,
            Cause::CatchUp => self.schedule.catch_up.runs == CaughtUp::All,
            Cause::Schedule | Cause::Trigger => false,
        }
    }

    /// Lets it wait for the run before it: behind what waits, but before what a backfill has still
    /// to do.
    fn wait(&mut self, attempt: Attempt, decisions: &mut Vec<Decision>) {
        let place = if attempt.cause == Cause::Backfill {
            self.waiting.len()
        } else {
            self.own_waiting()
        };
        let before = self.going_on();
        // True for as long as it waits, whatever becomes of what it waits for.
        let why = format!("{before}; it begins once those before it are over");
        decisions.push(Decision::Wait(attempt.clone(), why.into()));
        self.waiting.insert(place, attempt);
    }

    /// How many wait that are no backfill; they come first.
    fn own_waiting(&self) -> usize {
        let is_own = |attempt: &&Attempt| attempt.cause != Cause::Backfill;
        self.waiting.iter().take_while(is_own).count()
    }

    /// Lets it go without a run. A run that takes longer than its schedule lets it is told of once.
    fn skip(&mut self, attempt: &Attempt, decisions: &mut Vec<Decision>) {
        // What it would overlap with had not begun at its time: the store had not let it.
        let had_not_begun = |active: &Active| {
            active.attempt.number == 0 || active.unrecorded_until >= Some(attempt.at)
        };
        if self.active.iter().any(had_not_begun) {
            return decisions.push(missed(attempt, Reason::Unrecorded));
        }
        let reason = Reason::Overlap(self.going_on().into());
        decisions.push(missed(attempt, reason.clone()));
        let untold = self.active.iter_mut().find(|active| {
            matches!(active.state, State::Running | State::Ending) && !active.is_overrun
        });
        if let Some(active) = untold {
            active.is_overrun = true;
            let running = active.attempt.clone();
            notify(running, NotifyEvent::Overrun, Some(reason), 1, decisions);
        }
    }

    /// What of the schedule went on at a firing's time.
    fn going_on(&self) -> String {
        let zone = &self.schedule.timing.zone;
        let of = |attempt: &Attempt| zone.format(attempt.at);
        match self.active.first() {
            Some(active) => match active.state {
                State::Running | State::Ending => {
                    format!("the run of {} was still going on", of(&active.attempt))
                }
                State::Waiting => format!(
                    "the firing of {} was still waiting for a place",
                    of(&active.attempt)
                ),
                State::Pausing(_) if active.attempt.number == 0 => format!(
                    "the firing of {} was still waiting for the run store",
                    of(&active.attempt)
                ),
                State::Pausing(until) => format!(
                    "the run of {} was to be repeated at {}",
                    of(&active.attempt),
                    zone.format(until)
                ),
            },
            None => match self.waiting.front() {
                Some(first) => format!("the firing of {} was still waiting", of(first)),
                None => "the run before it was still going on".to_owned(),
            },
        }
    }
}
