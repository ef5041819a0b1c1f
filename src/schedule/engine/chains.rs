//! Schedules that follow others: each fires once all that it follows have had a success since it
//! fired last.

use super::decision::{Attempt, Decision, Outcome, Reason};
use super::job::{Job, missed, notify};
use crate::schedule::notify::NotifyEvent;
use crate::schedule::timing::Recurrence;
use jiff::{SignedDuration, Timestamp};
use std::collections::HashMap;
use std::sync::Arc;

/// When schedules had their last success, and which follow which.
#[derive(Debug, Default)]
pub(super) struct Successes {
    last: HashMap<Arc<str>, Timestamp>,
    followers: HashMap<Arc<str>, Vec<Arc<str>>>,
}

impl Successes {
    /// Notes a success.
    pub(super) fn note(&mut self, name: &Arc<str>, at: Timestamp) {
        let last = self.last.entry(Arc::clone(name)).or_insert(at);
        *last = at.max(*last);
    }

    /// Takes up which schedules follow which.
    pub(super) fn take_up<'a>(&mut self, jobs: impl Iterator<Item = &'a Job>) {
        self.followers.clear();
        for job in jobs.filter(|job| !job.is_removed()) {
            for before in job.schedule.timing.after() {
                let followers = self.followers.entry(Arc::clone(before)).or_default();
                followers.push(Arc::clone(&job.schedule.name));
            }
        }
        for followers in self.followers.values_mut() {
            followers.sort();
        }
    }

    /// Those that follow this one.
    pub(super) fn followers(&self, name: &str) -> Vec<Arc<str>> {
        self.followers.get(name).cloned().unwrap_or_default()
    }

    /// The first of those that a schedule follows without a success that counts, and whether any
    /// has one.
    fn lacking(
        &self,
        job: &Job,
        within: SignedDuration,
        now: Timestamp,
    ) -> (Option<Arc<str>>, bool) {
        let counts = |name: &Arc<str>| {
            let success = self.last.get(name);
            success.is_some_and(|at| {
                Some(*at) > job.chain.last_fired && now.duration_since(*at) <= within
            })
        };
        let before = job.schedule.timing.after();
        let lacking = before.iter().find(|name| !counts(name)).cloned();
        (lacking, before.iter().any(counts))
    }
}

impl Job {
    fn within(&self) -> Option<SignedDuration> {
        match &self.schedule.timing.recurrence {
            Recurrence::After { within, .. } => {
                Some(SignedDuration::try_from(*within).unwrap_or(SignedDuration::MAX))
            }
            _ => None,
        }
    }

    /// Until when the firing waits that waits for others.
    pub(super) fn chain_deadline(&self) -> Option<Timestamp> {
        let opened = self.chain.opened?;
        Some(opened.checked_add(self.within()?).unwrap_or(Timestamp::MAX))
    }

    /// Fires, where all that it follows have succeeded; otherwise waits for the others, from the
    /// first that has, or from `failed`, one whose run has failed for good.
    pub(super) fn follow(
        &mut self,
        successes: &Successes,
        failed: Option<&Attempt>,
        now: Timestamp,
        decisions: &mut Vec<Decision>,
    ) {
        let Some(within) = self.within() else { return };
        let (lacking, has_any) = successes.lacking(self, within, now);
        let Some(lacking) = lacking else {
            let at = self.chain.opened.take().unwrap_or(now);
            (self.chain.last_fired, self.chain.told) = (Some(now), None);
            let attempt = Attempt {
                due: now,
                ..self.firing_at(at)
            };
            if self.is_paused() {
                decisions.push(missed(&attempt, self.pause_reason()));
            } else if let Some(block) = self.block_now(&attempt, now) {
                self.hold_back(attempt, &block, decisions);
            } else {
                self.admit(attempt, decisions);
            }
            return;
        };
        if self.is_paused() || !has_any && failed.is_none() {
            return;
        }
        let at = *self.chain.opened.get_or_insert(now);
        let zone = &self.schedule.timing.zone;
        let what = match failed {
            Some(failed) => format!(
                "waiting for {}, whose run of {} failed",
                failed.schedule.name,
                zone.format(failed.at)
            ),
            None => match self.chain.last_fired {
                Some(last) => format!(
                    "waiting for {lacking}, which has had no success since {}",
                    zone.format(last)
                ),
                None => format!("waiting for {lacking}, which has had no success in time"),
            },
        };
        let what: Arc<str> = what.into();
        if self.chain.told.replace(Arc::clone(&what)).as_ref() != Some(&what) {
            decisions.push(Decision::Wait(self.firing_at(at), what));
        }
    }

    /// The same for a server that begins: the one before may have ended just then.
    pub(super) fn follow_at_start(
        &mut self,
        successes: &Successes,
        now: Timestamp,
        decisions: &mut Vec<Decision>,
    ) {
        if self.chain_deadline().is_none_or(|deadline| deadline > now) {
            self.follow(successes, None, now, decisions);
        }
    }

    /// Gives a firing up that has waited for others too long.
    pub(super) fn give_up_following(
        &mut self,
        successes: &Successes,
        now: Timestamp,
        decisions: &mut Vec<Decision>,
    ) {
        let is_over = self
            .chain_deadline()
            .is_some_and(|deadline| deadline <= now);
        let (true, Some(within), Some(at)) = (is_over, self.within(), self.chain.opened) else {
            return;
        };
        (self.chain.opened, self.chain.told) = (None, None);
        let (lacking, _) = successes.lacking(self, within, now);
        let lacking = lacking.unwrap_or_default();
        let reason = Reason::NotFollowed(
            format!("{lacking} had no success within {within:#}, as within has it").into(),
        );
        let attempt = self.firing_at(at);
        decisions.push(missed(&attempt, reason.clone()));
        notify(attempt, NotifyEvent::Missed, Some(reason), 1, decisions);
    }
}

/// Whether a run's end lets what follows its schedule wait: it is not repeated.
pub(super) fn failed_for_good(outcome: Outcome, is_repeated: bool) -> bool {
    matches!(outcome, Outcome::Failed | Outcome::Lost) && !is_repeated
}
