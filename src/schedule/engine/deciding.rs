//! The engine itself.

use super::chains::{Successes, failed_for_good};
use super::decision::{Attempt, Cause, Decision, MissCause, Outcome, PreviousAttempt, Reason};
use super::job::{Active, Job, State, missed};
use super::pools::Pools;
use crate::history::WRONG_CLOCK;
use crate::schedule::file::ScheduleFile;
use crate::schedule::params::Given;
use jiff::{SignedDuration, Timestamp};
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

/// A server that was gone no longer was only restarted: what waited waits on.
const RESTART: SignedDuration = SignedDuration::from_mins(1);

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
    /// When that ends by itself.
    pub paused_until: Option<Timestamp>,
    /// The last run failed.
    pub failed: bool,
    /// When a run of it ended well, the last time.
    pub last_success: Option<Timestamp>,
    /// When a run of it began, the last time.
    pub last_fired: Option<Timestamp>,
}

/// What becomes of every firing.
#[derive(Debug, Default)]
pub struct Engine {
    jobs: HashMap<Arc<str>, Job>,
    /// Times at which something may be due, each once: a job adds all of its times whenever it has been
    /// asked. One that it no longer knows changes nothing.
    pub(super) agenda: BTreeSet<(Timestamp, Arc<str>)>,
    seen: Timestamp,
    is_ending: bool,
    pools: Pools,
    successes: Successes,
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
        engine.pools.set_limits(&file.limits);
        for schedule in &file.schedules {
            let known = known.get(&*schedule.name);
            if let Some(success) = known.and_then(|known| known.last_success) {
                engine.successes.note(&schedule.name, success);
            }
            let same = known.filter(|known| known.fingerprint == schedule.timing.fingerprint());
            let handled = same.map_or(now, |known| known.handled);
            let mut job = Job::new(schedule, handled);
            // What is handled in the future was handled by a clock that has been set back since.
            let ahead = handled.duration_since(now);
            if ahead > SignedDuration::ZERO {
                job.set_back(now, ahead, ahead > WRONG_CLOCK);
            }
            job.decided = job.decided.max(known.and_then(|known| known.ahead));
            job.paused = known.is_some_and(|known| known.paused);
            job.paused_until = known.and_then(|known| known.paused_until);
            job.failed = known.is_some_and(|known| known.failed);
            job.chain.last_fired = known.and_then(|known| known.last_fired);
            engine.plan(&job);
            if !schedule.timing.after().is_empty() {
                // A success of the moment in which the server before ended is not lost.
                engine.agenda.insert((now, Arc::clone(&schedule.name)));
            }
            engine.jobs.insert(Arc::clone(&schedule.name), job);
        }
        engine.successes.take_up(engine.jobs.values());
        engine
    }

    /// Takes over a run that a server before this one has started and that still goes on.
    pub fn adopt(&mut self, previous: &PreviousAttempt<'_>) {
        if let Some((job, attempt)) = self.find(previous) {
            job.take_over(attempt.clone());
            self.pools.take_anyway(&attempt);
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
        self.agenda.insert((time, name));
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
            given: None,
        };
        Some((job, attempt))
    }

    /// Decides anew about a firing that waited when the server before this one ended, `gone` ago;
    /// nothing where there is no such schedule any more.
    pub fn take_up(
        &mut self,
        previous: &PreviousAttempt<'_>,
        gone: SignedDuration,
        now: Timestamp,
    ) -> Option<Vec<Decision>> {
        let (job, attempt) = self.find(previous)?;
        let mut decisions = Vec::new();
        let is_young = now.duration_since(attempt.at).min(gone) <= job.patience().max(RESTART);
        if attempt.cause == Cause::Backfill || attempt.cause.is_asked_for() && is_young {
            job.admit_waiting(attempt, &mut decisions);
        } else if attempt.cause.is_asked_for() {
            // Who asked for it then may not want it any more.
            decisions.push(missed(&attempt, Reason::ServerGone));
        } else if !job.schedule.timing.after().is_empty() {
            job.chain.opened = Some(attempt.at);
        } else if job.is_paused() {
            decisions.push(missed(&attempt, job.pause_reason()));
        } else if job.take_over_held(&attempt) {
            // Its end is in the agenda below.
        } else if is_young {
            job.admit(attempt, &mut decisions);
        } else {
            decisions.push(missed(&attempt, Reason::ServerGone));
        }
        let name = Arc::clone(&job.schedule.name);
        self.agenda.insert((now, Arc::clone(&name)));
        self.plan_again(&name);
        Some(self.limit(decisions))
    }

    fn plan_again(&mut self, name: &Arc<str>) {
        if let Some(job) = self.jobs.remove(name) {
            self.plan(&job);
            self.jobs.insert(Arc::clone(name), job);
        }
    }

    /// Lets only as many begin as there are places; the others wait for one.
    fn limit(&mut self, decisions: Vec<Decision>) -> Vec<Decision> {
        let limited = decisions.into_iter().filter_map(|decision| {
            let Decision::Start(attempt) = decision else {
                return Some(decision);
            };
            let Err(why) = self.pools.take(&attempt) else {
                return Some(Decision::Start(attempt));
            };
            let job = self.jobs.get_mut(&attempt.schedule.name)?;
            let active = job
                .active
                .iter_mut()
                .find(|active| active.attempt.at == attempt.at)?;
            active.state = State::Waiting;
            // A repetition's row is that of the run before it, which says that it is to come.
            (attempt.number == 1).then_some(Decision::Wait(attempt, why))
        });
        limited.collect()
    }

    /// Gives places that are free to what waits for them.
    fn start_waiting(&mut self, now: Timestamp, decisions: &mut Vec<Decision>) {
        for waiting in self.pools.waiting() {
            if self.pools.is_full() {
                break;
            }
            let (_, (name, at)) = &waiting;
            let is_meant =
                |active: &Active| active.attempt.at == *at && active.state == State::Waiting;
            let found = self.jobs.get_mut(name).and_then(|job| {
                let index = job.active.iter().position(is_meant)?;
                Some((job, index))
            });
            let Some((job, index)) = found else {
                self.pools.forget(&waiting);
                continue;
            };
            let attempt = job.active[index].attempt.clone();
            let block = job.block_now(&attempt, now);
            let is_paused = job.is_paused() && !attempt.cause.is_asked_for();
            if is_paused || block.is_some() {
                self.pools.forget(&waiting);
                job.active.swap_remove(index);
                match block {
                    Some(block) if !is_paused => job.hold_back(attempt, &block, decisions),
                    _ => decisions.push(missed(&attempt, job.pause_reason())),
                }
                let mut following = Vec::new();
                job.begin_waiting(now, &mut following);
                decisions.extend(self.limit(following));
                let name = Arc::clone(name);
                self.plan_again(&name);
            } else if self.pools.take(&attempt).is_ok() {
                job.active[index].state = State::Running;
                decisions.push(Decision::Start(attempt));
            }
        }
    }

    /// When something may be due next.
    pub fn next_due(&self) -> Option<Timestamp> {
        self.agenda.first().map(|(time, _)| *time)
    }

    pub(super) fn jobs(&self) -> impl Iterator<Item = &Job> {
        self.jobs.values()
    }

    /// How many schedules there are.
    pub fn count(&self) -> usize {
        self.jobs.len()
    }

    /// Decides what has become due. `miss_cause` is why a firing was not seen in time.
    pub fn tick(&mut self, now: Timestamp, miss_cause: MissCause) -> Vec<Decision> {
        let back = self.seen.duration_since(now);
        if self.is_ending {
            return Vec::new();
        }
        if back > ADJUSTMENT {
            self.set_back(now, back);
        }
        self.seen = now;
        let mut decisions = Vec::new();
        while self.next_due().is_some_and(|time| time <= now)
            && let Some((_, name)) = self.agenda.pop_first()
        {
            let Some(mut job) = self.jobs.remove(&name) else {
                continue;
            };
            job.due(now, miss_cause, &mut decisions);
            job.follow_at_start(&self.successes, now, &mut decisions);
            job.give_up_following(&self.successes, now, &mut decisions);
            self.plan(&job);
            self.jobs.insert(name, job);
        }
        self.limit(decisions)
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
        let Some(job) = self.jobs.get_mut(name).filter(|_| !self.is_ending) else {
            return decisions;
        };
        let (is_ours, name) = (
            self.pools.release(&job.schedule.name, at),
            Arc::clone(&job.schedule.name),
        );
        let ended = job.firing_at(at);
        let is_backfill = job.is_backfilled(at);
        let retry = job.ended(at, outcome, now, &mut decisions);
        let is_gone = job.next.is_none() && job.active.is_empty() && job.is_removed();
        if is_gone {
            self.jobs.remove(&name);
        } else {
            self.plan_again(&name);
        }
        let mut decisions = self.limit(decisions);
        if is_ours {
            self.start_waiting(now, &mut decisions);
        }
        if outcome == Outcome::Done {
            // What a backfill makes good counts as of its time: that of last year lets nothing fire.
            self.successes
                .note(&name, if is_backfill { at } else { now });
        }
        let lets_wait = failed_for_good(outcome, retry.is_some()) && !is_backfill;
        let failed = lets_wait.then_some(&ended);
        if outcome == Outcome::Done || failed.is_some() {
            let mut following = Vec::new();
            for follower in self.successes.followers(&name) {
                if let Some(job) = self.jobs.get_mut(&follower) {
                    job.follow(&self.successes, failed, now, &mut following);
                }
                self.plan_again(&follower);
            }
            decisions.extend(self.limit(following));
        }
        decisions
    }

    /// Runs a schedule now, its script given this. The firing's time is `now`.
    pub fn trigger(
        &mut self,
        name: &str,
        given: Arc<Given>,
        now: Timestamp,
    ) -> Option<Vec<Decision>> {
        let job = self.jobs.get_mut(name)?;
        let at = job.time_of_its_own(now);
        let attempt = Attempt {
            schedule: Arc::clone(&job.schedule),
            at,
            due: now,
            cause: Cause::Trigger,
            number: 1,
            is_repeated: false,
            given: Some(given),
        };
        let mut decisions = Vec::new();
        if self.is_ending {
            decisions.push(missed(&attempt, Reason::ShuttingDown));
        } else {
            if !job.schedule.timing.after().is_empty() {
                job.chain.last_fired = Some(now);
            }
            job.admit(attempt, &mut decisions);
        }
        Some(self.limit(decisions))
    }

    /// Runs a schedule for times that have passed, one after another where its runs do not overlap.
    pub fn backfill(
        &mut self,
        name: &str,
        given: &Arc<Given>,
        times: &[Timestamp],
    ) -> Option<Vec<Decision>> {
        let job = self.jobs.get_mut(name)?;
        let mut decisions = Vec::new();
        for at in times {
            let attempt = Attempt {
                cause: Cause::Backfill,
                is_repeated: true,
                given: Some(Arc::clone(given)),
                ..job.firing_at(*at)
            };
            if !job.goes_on(*at) {
                job.admit(attempt, &mut decisions);
            }
        }
        Some(self.limit(decisions))
    }

    /// Gives up what waits of a schedule: firings, and repetitions that are to come.
    pub fn drop_waiting(&mut self, name: &str, reason: &Reason) -> Option<Vec<Decision>> {
        let job = self.jobs.get_mut(name)?;
        let mut decisions = Vec::new();
        job.give_up_waiting(reason, &mut decisions);
        let name = Arc::clone(&job.schedule.name);
        self.plan_again(&name);
        Some(decisions)
    }

    /// Keeps a schedule from firing, or lets it fire again; whether it was otherwise before.
    pub fn set_paused(&mut self, name: &str, paused: bool) -> bool {
        self.jobs
            .get_mut(name)
            .is_some_and(|job| std::mem::replace(&mut job.paused, paused) != paused)
    }

    /// Lets what keeps a schedule from firing end by itself at a time.
    pub fn set_pause_end(&mut self, name: &str, until: Option<Timestamp>) {
        if let Some(job) = self.jobs.get_mut(name) {
            job.paused_until = until;
            let name = Arc::clone(&job.schedule.name);
            self.plan_again(&name);
        }
    }

    /// Says who has paused a schedule, since when and why.
    pub fn set_pause_reason(&mut self, name: &str, reason: Option<Arc<str>>) {
        if let Some(job) = self.jobs.get_mut(name) {
            job.paused_by = reason;
        }
    }

    /// Takes a changed file over. What is due by now goes by the file before.
    pub fn reload(&mut self, file: &ScheduleFile, now: Timestamp) -> Vec<Decision> {
        let mut decisions = self.tick(now, MissCause::Busy);
        self.pools.set_limits(&file.limits);
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
        self.successes.take_up(self.jobs.values());
        self.start_waiting(now, &mut decisions);
        decisions
    }

    /// Begins to end: nothing is decided any more. What is due from now on, what waits, and what
    /// follows from runs that end is left to the next server, as after a kill.
    pub fn end(&mut self) {
        self.is_ending = true;
        self.agenda.clear();
    }

    fn plan(&mut self, job: &Job) {
        debug_assert!(
            !job.active.is_empty() || job.waiting.is_empty(),
            "a firing of {} waits for nothing",
            job.schedule.name
        );
        let retries = job.active.iter().filter_map(|active| match active.state {
            State::Pausing(until) => Some(until),
            _ => None,
        });
        let next = job.next.map(|firing| firing.due);
        let held = job.held.as_ref().map(|held| held.until);
        let times = next.into_iter().chain(held).chain(job.chain_deadline());
        let times = times.chain(job.paused_until);
        for time in times.chain(retries) {
            self.agenda.insert((time, Arc::clone(&job.schedule.name)));
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
            job.set_back(now, by, by > WRONG_CLOCK);
            self.plan(&job);
            self.jobs.insert(name, job);
        }
    }
}
