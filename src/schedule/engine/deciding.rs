//! The engine itself.

use super::decision::{Attempt, Cause, Decision, MissCause, Outcome, PreviousAttempt, Reason};
use super::job::{Job, State, missed};
use crate::schedule::file::ScheduleFile;
use jiff::{SignedDuration, Timestamp};
use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::sync::Arc;

/// A clock that goes back further than this was wrong before.
const CORRECTION: SignedDuration = SignedDuration::from_hours(3);

/// A clock that goes back by less is the ordinary work of a time service.
const ADJUSTMENT: SignedDuration = SignedDuration::from_secs(2);

/// What is known of a schedule from before the server started.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ScheduleState {
    /// The timing for which `handled` counts.
    pub fingerprint: String,
    /// Firings up to here have their row.
    pub handled: Timestamp,
    /// The latest firing that was decided by a clock that has been set back since.
    pub ahead: Option<Timestamp>,
    /// Whether `cumulua schedule pause` holds it back.
    pub paused: bool,
    /// The last run failed.
    pub failed: bool,
}

/// What becomes of every firing.
#[derive(Debug, Default)]
pub struct Engine {
    jobs: HashMap<Arc<str>, Job>,
    /// Times at which something may be due. An entry that its job no longer knows is passed over.
    agenda: BinaryHeap<Reverse<(Timestamp, Arc<str>)>>,
    seen: Timestamp,
    is_ending: bool,
}

impl Engine {
    /// An engine that goes on where the one before it stopped; `known` is asked for each schedule.
    /// The first tick finds what was missed.
    pub fn new(
        file: &ScheduleFile,
        known: &HashMap<String, ScheduleState>,
        now: Timestamp,
    ) -> Self {
        let mut engine = Self {
            seen: now,
            ..Self::default()
        };
        for schedule in &file.schedules {
            let known = known.get(&*schedule.name);
            let same = known.filter(|known| known.fingerprint == schedule.timing.fingerprint());
            let handled = same.map_or(now, |known| known.handled);
            let mut job = Job::new(schedule, handled);
            // What is handled in the future was handled by a clock that has been set back since.
            let ahead = handled.duration_since(now);
            if ahead > SignedDuration::ZERO {
                job.set_back(now, ahead, ahead > CORRECTION);
            }
            job.decided = job.decided.max(known.and_then(|known| known.ahead));
            job.paused = known.is_some_and(|known| known.paused);
            job.failed = known.is_some_and(|known| known.failed);
            engine.plan(&job);
            engine.jobs.insert(Arc::clone(&schedule.name), job);
        }
        engine
    }

    /// Takes over a run that a server before this one has started and that still goes on.
    pub fn adopt(&mut self, previous: &PreviousAttempt<'_>) {
        if let Some((job, attempt)) = self.find(previous) {
            job.take_over(attempt);
        }
    }

    /// Decides what follows from a run of the server before this one that ended at `ended`, of
    /// which that server has not taken note.
    pub fn ended_before(
        &mut self,
        previous: &PreviousAttempt<'_>,
        outcome: Outcome,
        ended: Timestamp,
        now: Timestamp,
    ) -> Vec<Decision> {
        let Some((job, attempt)) = self.find(previous) else {
            return Vec::new();
        };
        job.take_over(attempt);
        let mut decisions = self.ended(previous.name, previous.at, outcome, ended);
        if let Some(job) = self.jobs.get_mut(previous.name) {
            job.give_up_late_retries(now, &mut decisions);
        }
        decisions
    }

    /// Takes over a retry that the server before this one was to start at `time`, after this
    /// attempt; none where there is no such schedule any more.
    pub fn take_over_retry(
        &mut self,
        failed: &PreviousAttempt<'_>,
        time: Timestamp,
        now: Timestamp,
    ) -> Option<Vec<Decision>> {
        let (job, attempt) = self.find(failed)?;
        let mut decisions = Vec::new();
        job.take_over_retry(attempt, time, now, &mut decisions);
        let name = Arc::clone(&job.schedule.name);
        self.agenda.push(Reverse((time, name)));
        Some(decisions)
    }

    fn find(&mut self, previous: &PreviousAttempt<'_>) -> Option<(&mut Job, Attempt)> {
        let PreviousAttempt {
            name,
            at,
            number,
            cause,
        } = *previous;
        let job = self.jobs.get_mut(name)?;
        let attempt = Attempt {
            schedule: Arc::clone(&job.schedule),
            at,
            due: at,
            cause,
            number,
            is_repeated: false,
        };
        Some((job, attempt))
    }

    /// Decides anew about a firing that waited when the server before this one ended.
    pub fn take_up(&mut self, name: &str, at: Timestamp, now: Timestamp) -> Vec<Decision> {
        let Some(job) = self.jobs.get_mut(name) else {
            return Vec::new();
        };
        let attempt = Attempt {
            schedule: Arc::clone(&job.schedule),
            at,
            due: at,
            cause: Cause::CatchUp,
            number: 1,
            is_repeated: false,
        };
        let mut decisions = Vec::new();
        if now.duration_since(at) <= job.patience() && !job.is_paused() {
            job.admit(attempt, &mut decisions);
        } else {
            decisions.push(missed(&attempt, Reason::ServerGone));
        }
        decisions
    }

    /// When something may be due next.
    pub fn next_due(&self) -> Option<Timestamp> {
        self.agenda.peek().map(|Reverse((time, _))| *time)
    }

    /// How many runs go on, and how many firings wait.
    pub fn load(&self) -> (usize, usize) {
        self.jobs.values().fold((0, 0), |(running, waiting), job| {
            (
                running
                    + job
                        .active
                        .iter()
                        .filter(|active| !matches!(active.state, State::Pausing(_)))
                        .count(),
                waiting + job.waiting.len(),
            )
        })
    }

    /// How many schedules there are.
    pub fn count(&self) -> usize {
        self.jobs.len()
    }

    /// Decides what has become due. `miss_cause` is why a firing was not seen in time.
    pub fn tick(&mut self, now: Timestamp, miss_cause: MissCause) -> Vec<Decision> {
        let back = self.seen.duration_since(now);
        if back > ADJUSTMENT {
            self.set_back(now, back);
        }
        self.seen = now;
        let mut decisions = Vec::new();
        while let Some(Reverse((time, _))) = self.agenda.peek()
            && *time <= now
        {
            let Some(Reverse((_, name))) = self.agenda.pop() else {
                break;
            };
            let Some(mut job) = self.jobs.remove(&name) else {
                continue;
            };
            job.due(now, miss_cause, self.is_ending, &mut decisions);
            self.plan(&job);
            self.jobs.insert(name, job);
        }
        decisions
    }

    /// Decides what follows from the end of a run.
    pub fn ended(
        &mut self,
        name: &str,
        at: Timestamp,
        outcome: Outcome,
        now: Timestamp,
    ) -> Vec<Decision> {
        let mut decisions = Vec::new();
        let Some(job) = self.jobs.get_mut(name) else {
            return decisions;
        };
        let retry = job.ended(at, outcome, now, self.is_ending, &mut decisions);
        let is_gone = job.next.is_none() && job.active.is_empty() && job.is_removed();
        let name = Arc::clone(&job.schedule.name);
        if let Some(time) = retry {
            self.agenda.push(Reverse((time, Arc::clone(&name))));
        }
        if is_gone {
            self.jobs.remove(&name);
        }
        decisions
    }

    /// Runs a schedule now. The firing's time is `now`.
    pub fn trigger(&mut self, name: &str, now: Timestamp) -> Option<Vec<Decision>> {
        let job = self.jobs.get_mut(name)?;
        let attempt = Attempt {
            schedule: Arc::clone(&job.schedule),
            at: now,
            due: now,
            cause: Cause::Trigger,
            number: 1,
            is_repeated: false,
        };
        let mut decisions = Vec::new();
        if self.is_ending {
            decisions.push(missed(&attempt, Reason::ShuttingDown));
        } else {
            job.admit(attempt, &mut decisions);
        }
        Some(decisions)
    }

    /// Keeps a schedule from firing, or lets it fire again; whether it was otherwise before.
    pub fn set_paused(&mut self, name: &str, paused: bool) -> bool {
        self.jobs
            .get_mut(name)
            .is_some_and(|job| std::mem::replace(&mut job.paused, paused) != paused)
    }

    /// Takes a changed file over. What is due by now goes by the file before.
    pub fn reload(&mut self, file: &ScheduleFile, now: Timestamp) -> Vec<Decision> {
        let mut decisions = self.tick(now, MissCause::Busy);
        let mut before = std::mem::take(&mut self.jobs);
        self.agenda.clear();
        for schedule in &file.schedules {
            let job = match before.remove(&schedule.name) {
                Some(job) => job.with(schedule, now),
                None => Job::new(schedule, now),
            };
            self.plan(&job);
            self.jobs.insert(Arc::clone(&schedule.name), job);
        }
        for (name, mut job) in before {
            job.remove(&mut decisions);
            if !job.active.is_empty() {
                self.jobs.insert(name, job);
            }
        }
        decisions
    }

    /// Begins to end: nothing starts any more. What is missed from now on is left to the next
    /// server where `catch_up` lets it run then, and so are retries.
    pub fn end(&mut self) -> Vec<Decision> {
        self.is_ending = true;
        let mut decisions = Vec::new();
        for job in self.jobs.values_mut() {
            decisions.extend(
                job.waiting
                    .drain(..)
                    .map(|attempt| missed(&attempt, Reason::ShuttingDown)),
            );
        }
        decisions
    }

    fn plan(&mut self, job: &Job) {
        let retries = job.active.iter().filter_map(|active| match active.state {
            State::Pausing(until) if !self.is_ending => Some(until),
            _ => None,
        });
        // While the server ends, what is left undecided must not be looked at again and again.
        let next = job
            .next
            .filter(|firing| !self.is_ending || firing.due > self.seen)
            .map(|firing| firing.due);
        for time in next.into_iter().chain(retries) {
            self.agenda
                .push(Reverse((time, Arc::clone(&job.schedule.name))));
        }
    }

    /// The clock was set back.
    fn set_back(&mut self, now: Timestamp, by: SignedDuration) {
        self.agenda.clear();
        let names: Vec<_> = self.jobs.keys().cloned().collect();
        for name in names {
            let Some(mut job) = self.jobs.remove(&name) else {
                continue;
            };
            job.set_back(now, by, by > CORRECTION);
            self.plan(&job);
            self.jobs.insert(name, job);
        }
    }
}
