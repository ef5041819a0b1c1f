//! One schedule at work: its next firing, its runs that go on, and its firings that wait.

use super::decision::{Attempt, Cause, Decision, MissCause, Missed, Notice, Outcome, Reason};
use crate::schedule::model::Schedule;
use crate::schedule::notify::{Notify, NotifyEvent};
use crate::schedule::timing::Firing;
use crate::schedule::value::CaughtUp;
use jiff::{SignedDuration, Timestamp};
use std::collections::VecDeque;
use std::sync::Arc;

/// A firing that is seen no later than this is on time, and runs whatever `catch_up` is.
const ON_TIME: SignedDuration = SignedDuration::from_secs(10);

/// Missed firings of one schedule that get a row each; of more, the older ones share one.
const MISSED_ROWS: usize = 1000;

/// How long after something that could not be recorded it is tried again.
const UNRECORDED_PAUSE: SignedDuration = SignedDuration::from_secs(1);

/// One schedule at work.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) schedule: Arc<Schedule>,
    pub(super) next: Option<Firing>,
    /// Attempts that run, and failed ones that will be repeated; of number 0 is what has not begun,
    /// because it could not be recorded.
    pub(super) active: Vec<Active>,
    pub(super) waiting: VecDeque<Attempt>,
    /// What begins once the calendars let it.
    pub(super) held: Option<Held>,
    pub(super) chain: Chain,
    /// The time of the firing that a person asked for last.
    last_asked: Option<Timestamp>,
    pub(super) paused: bool,
    /// When that ends by itself.
    pub(super) paused_until: Option<Timestamp>,
    /// Who paused it, since when and why.
    pub(super) paused_by: Option<Arc<str>>,
    pub(super) failed: bool,
    /// Up to here firings were decided by a clock that has been set back since.
    pub(super) decided: Option<Timestamp>,
}

/// A firing that begins once the calendars let it.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) attempt: Attempt,
    pub(super) until: Timestamp,
}

/// Where a schedule stands that follows others.
#[derive(Debug, Default)]
pub(super) struct Chain {
    /// The firing that waits for some of them: when the first of them let it begin to wait.
    pub(super) opened: Option<Timestamp>,
    /// What it was said last that it waits for.
    pub(super) told: Option<Arc<str>>,
    /// When it fired last.
    pub(super) last_fired: Option<Timestamp>,
}

/// An attempt that runs, or a failed one that will be repeated.
#[derive(Debug)]
pub(super) struct Active {
    pub(super) attempt: Attempt,
    pub(super) state: State,
    /// Whether it has kept a firing from running.
    pub(super) is_overrun: bool,
    /// Until when it had not begun, because it could not be recorded.
    pub(super) unrecorded_until: Option<Timestamp>,
}

/// What an attempt is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Running,
    Ending,
    /// For a place in a pool, or of the server.
    Waiting,
    Pausing(Timestamp),
}

impl Active {
    pub(super) fn new(attempt: Attempt, state: State) -> Self {
        Self {
            attempt,
            state,
            is_overrun: false,
            unrecorded_until: None,
        }
    }
}

impl Job {
    /// A job whose firings up to `handled` are decided.
    pub(super) fn new(schedule: &Arc<Schedule>, handled: Timestamp) -> Self {
        Self {
            next: schedule.timing.next(handled),
            schedule: Arc::clone(schedule),
            active: Vec::new(),
            waiting: VecDeque::new(),
            held: None,
            chain: Chain::default(),
            last_asked: None,
            paused: false,
            paused_until: None,
            paused_by: None,
            failed: false,
            decided: None,
        }
    }

    /// The clock went back by `by` to `now`. What follows the clock fires at the new one's times,
    /// those that were decided before too; the rest has fired at the times that come again. After
    /// a clock that `was_wrong`, all is planned anew.
    pub(super) fn set_back(&mut self, now: Timestamp, by: SignedDuration, was_wrong: bool) {
        for active in &mut self.active {
            if let State::Pausing(until) = &mut active.state {
                *until = until.checked_sub(by).unwrap_or(now);
            }
        }
        if self.is_removed() || !(was_wrong || self.schedule.timing.follows_clock()) {
            return;
        }
        let decided = match self.next {
            Some(next) => before(next.at),
            None => now.checked_add(by).unwrap_or(now),
        };
        self.decided = self.decided.max(Some(decided));
        self.next = self.schedule.timing.next(now);
    }

    fn is_decided(&self, at: Timestamp) -> bool {
        self.decided.is_some_and(|decided| at <= decided)
    }

    pub(super) fn goes_on(&self, at: Timestamp) -> bool {
        let active = self.active.iter().map(|active| &active.attempt);
        active.chain(&self.waiting).any(|attempt| attempt.at == at)
    }

    /// Whether what goes on for that time is a backfill.
    pub(super) fn is_backfilled(&self, at: Timestamp) -> bool {
        let mut active = self.active.iter().map(|active| &active.attempt);
        active.any(|attempt| attempt.at == at && attempt.cause == Cause::Backfill)
    }

    /// A run of a server before this one goes on, as far as is known; its end is to come.
    pub(super) fn take_over(&mut self, attempt: Attempt) {
        self.active.push(Active::new(attempt, State::Running));
    }

    /// A server before this one was to repeat `order`, an attempt that failed, at `time`.
    pub(super) fn take_over_retry(
        &mut self,
        attempt: Attempt,
        time: Timestamp,
        now: Timestamp,
        decisions: &mut Vec<Decision>,
    ) {
        self.active.push(Active::new(attempt, State::Pausing(time)));
        self.give_up_late_retries(now, decisions);
    }

    /// Repeats no failed attempt that was to be repeated too long ago, while no server ran.
    pub(super) fn give_up_late_retries(&mut self, now: Timestamp, decisions: &mut Vec<Decision>) {
        let patience = self.patience();
        self.give_up_retries(
            &Reason::TooLate(MissCause::NotRunning),
            |time| now.duration_since(time) > patience,
            decisions,
        );
        self.begin_waiting(now, decisions);
    }

    /// Repeats failed attempts no more, where their time makes that so.
    pub(super) fn give_up_retries(
        &mut self,
        reason: &Reason,
        at: impl Fn(Timestamp) -> bool,
        decisions: &mut Vec<Decision>,
    ) {
        let given_up = self.active.extract_if(
            ..,
            |active| matches!(active.state, State::Pausing(until) if at(until)),
        );
        for Active { attempt, .. } in given_up.collect::<Vec<_>>() {
            self.give_up(attempt, reason.clone(), decisions);
        }
    }

    fn give_up(&mut self, attempt: Attempt, reason: Reason, decisions: &mut Vec<Decision>) {
        if attempt.number == 0 {
            return decisions.push(missed(&attempt, reason));
        }
        self.failed = true;
        decisions.push(Decision::GiveUp(attempt.clone(), reason.clone()));
        notify(attempt, NotifyEvent::Failure, Some(reason), 1, decisions);
    }

    /// How old something may be and still run.
    pub(super) fn patience(&self) -> SignedDuration {
        SignedDuration::try_from(self.schedule.catch_up.within)
            .unwrap_or(SignedDuration::MAX)
            .max(ON_TIME)
    }

    /// The same job under a changed file.
    pub(super) fn with(mut self, schedule: &Arc<Schedule>, now: Timestamp) -> Self {
        let is_same = !self.is_removed()
            && self.schedule.timing.fingerprint() == schedule.timing.fingerprint();
        self.next = match self.next {
            // The time stays; only how long after it the firing is due may have changed.
            Some(next) if is_same => schedule.timing.next(before(next.at)),
            None if is_same => None,
            _ => schedule.timing.next(now),
        };
        self.schedule = Arc::clone(schedule);
        // What starts from now on is as the file is now.
        let pausing = self
            .active
            .iter_mut()
            .filter(|active| matches!(active.state, State::Pausing(_) | State::Waiting));
        let held = self.held.iter_mut().map(|held| &mut held.attempt);
        for attempt in pausing
            .map(|active| &mut active.attempt)
            .chain(&mut self.waiting)
            .chain(held)
        {
            attempt.schedule = Arc::clone(schedule);
        }
        self
    }

    /// The schedule is no longer in the file: runs go on, nothing else starts.
    pub(super) fn remove(&mut self, decisions: &mut Vec<Decision>) {
        self.next = None;
        self.give_up_waiting(&Reason::Removed, decisions);
        let mut schedule = (*self.schedule).clone();
        schedule.timing.end = Some(Timestamp::MIN);
        self.schedule = Arc::new(schedule);
    }

    /// Lets nothing that waits start any more: firings, and repetitions.
    pub(super) fn give_up_waiting(&mut self, reason: &Reason, decisions: &mut Vec<Decision>) {
        self.give_up_retries(reason, |_| true, decisions);
        let without_place = self
            .active
            .extract_if(.., |active| active.state == State::Waiting)
            .collect::<Vec<_>>();
        for Active { attempt, .. } in without_place {
            // The row of a repetition is that of the run before it.
            if attempt.number > 1 {
                let before = Attempt {
                    number: attempt.number - 1,
                    ..attempt
                };
                self.give_up(before, reason.clone(), decisions);
            } else {
                decisions.push(missed(&attempt, reason.clone()));
            }
        }
        let held = self.held.take().map(|held| held.attempt);
        let follows = self.chain.opened.take().map(|at| self.firing_at(at));
        let waiting = held
            .into_iter()
            .chain(follows)
            .chain(self.waiting.drain(..));
        decisions.extend(waiting.map(|attempt| missed(&attempt, reason.clone())));
    }

    /// A firing of the schedule's own at this time.
    pub(super) fn firing_at(&self, at: Timestamp) -> Attempt {
        Attempt {
            schedule: Arc::clone(&self.schedule),
            at,
            due: at,
            cause: Cause::Schedule,
            number: 1,
            is_repeated: false,
            given: None,
        }
    }

    /// A time at which nothing of the schedule was asked for yet, in whole milliseconds, as the
    /// history has it: it is the firing's identity.
    pub(super) fn time_of_its_own(&mut self, now: Timestamp) -> Timestamp {
        let millisecond = SignedDuration::from_millis(1);
        let mut at = Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now);
        if let Some(last) = self.last_asked.filter(|last| *last >= at) {
            at = last.saturating_add(millisecond).unwrap_or(last);
        }
        while self.goes_on(at) {
            at = at.saturating_add(millisecond).unwrap_or(at);
        }
        self.last_asked = Some(at);
        at
    }

    pub(super) fn is_removed(&self) -> bool {
        self.schedule.timing.end == Some(Timestamp::MIN)
    }

    pub(super) fn due(
        &mut self,
        now: Timestamp,
        miss_cause: MissCause,
        decisions: &mut Vec<Decision>,
    ) {
        self.end_pause(now, miss_cause, decisions);
        if self.is_paused() {
            self.give_up_retries(&self.pause_reason(), |until| until <= now, decisions);
        }
        self.hold_retries(now, decisions);
        self.give_up_unrecorded(now, decisions);
        // What was given up holds up nothing behind it.
        self.begin_waiting(now, decisions);
        for active in &mut self.active {
            if matches!(active.state, State::Pausing(until) if until <= now) {
                active.state = State::Running;
                if active.attempt.number > 0 {
                    active.attempt.due = now;
                } else {
                    active.unrecorded_until = Some(now);
                }
                active.attempt.number += 1;
                decisions.push(Decision::Start(active.attempt.clone()));
            }
        }
        self.decide_due(now, miss_cause, decisions);
        // After those of the same block, which then find it held.
        self.release_held(now, miss_cause, decisions);
    }

    /// Ends a pause whose time has come; what was due before is decided as paused.
    fn end_pause(&mut self, now: Timestamp, miss_cause: MissCause, decisions: &mut Vec<Decision>) {
        if let Some(until) = self.paused_until.take_if(|until| *until <= now) {
            self.give_up_retries(&self.pause_reason(), |time| time < until, decisions);
            self.decide_due(before(until), miss_cause, decisions);
            self.paused = false;
        }
    }

    fn decide_due(&mut self, now: Timestamp, miss_cause: MissCause, decisions: &mut Vec<Decision>) {
        let Some(next) = self.next.filter(|next| next.due <= now) else {
            return;
        };
        let schedule = Arc::clone(&self.schedule);
        let mut due = VecDeque::new();
        let patience = self.patience();
        let mut older: Option<(Firing, Timestamp, u64)> = None;
        let mut firings = schedule.timing.firings(before(next.at));
        self.next = loop {
            match firings.next() {
                Some(firing) if firing.due <= now => due.push_back(firing),
                next => break next,
            }
            // One schedule of a second missed for a week is 600,000 firings.
            let may_share = |old: &mut Firing| {
                schedule.catch_up.runs == CaughtUp::Latest || now.duration_since(old.due) > patience
            };
            if due.len() > MISSED_ROWS
                && let Some(firing) = due.pop_front_if(may_share)
            {
                older = Some(older.map_or((firing, firing.at, 1), |(_, first, count)| {
                    (firing, first, count + 1)
                }));
            }
        };
        if let Some((last, first, count)) = older {
            let reason = if self.is_paused() {
                self.pause_reason()
            } else {
                Reason::TooLate(miss_cause)
            };
            let several = Some((first, count));
            decisions.push(Decision::Miss(Missed {
                schedule: Arc::clone(&schedule),
                at: last.at,
                reason,
                cause: Cause::Schedule,
                is_repeated: self.is_decided(last.at),
                several,
            }));
        }
        let older = older.map_or(0, |(_, _, count)| count);
        self.decide(&Vec::from(due), older, now, miss_cause, decisions);
    }

    /// Decides about firings that are due; `older` are so many before them that were missed too.
    fn decide(
        &mut self,
        due: &[Firing],
        older: u64,
        now: Timestamp,
        miss_cause: MissCause,
        decisions: &mut Vec<Decision>,
    ) {
        let age = |firing: &Firing| now.duration_since(firing.due);
        let patience = self.patience();
        let may_run = |firing: &Firing| age(firing) <= patience;
        let latest = due
            .iter()
            .rposition(|firing| age(firing) > ON_TIME && may_run(firing));
        let is_overtaken = due.last().is_some_and(|firing| age(firing) <= ON_TIME);
        let notify_settings = self.schedule.notify.as_ref();
        let late_after = notify_settings.map_or(Notify::LATE_AFTER, |notify| notify.late_after);
        let late_after = SignedDuration::try_from(late_after.0).ok();
        let mut missed_late: Option<(Attempt, u64)> = None;
        let mut started_late: Option<(Attempt, u64)> = None;
        let count = |late: &mut Option<(Attempt, u64)>, attempt: &Attempt, before: u64| {
            let firings = late.take().map_or(before, |(_, firings)| firings) + 1;
            *late = Some((attempt.clone(), firings));
        };
        for (index, firing) in due.iter().enumerate() {
            let is_late = age(firing) > ON_TIME;
            let cause = if is_late {
                Cause::CatchUp
            } else {
                Cause::Schedule
            };
            let attempt = Attempt {
                schedule: Arc::clone(&self.schedule),
                at: firing.at,
                due: firing.due,
                cause,
                number: 1,
                is_repeated: self.is_decided(firing.at),
                given: None,
            };
            // A clock that was set back comes again to what still goes on.
            if attempt.is_repeated && self.goes_on(firing.at) {
                continue;
            }
            let block = self.block_of(&attempt, now);
            if let Some(block) = block.filter(|_| !self.is_paused()) {
                self.hold_back(attempt, &block, decisions);
                continue;
            }
            let only_latest = self.schedule.catch_up.runs == CaughtUp::Latest;
            let reason = if self.is_paused() {
                Some(self.pause_reason())
            } else if !may_run(firing) {
                Some(Reason::TooLate(miss_cause))
            } else if is_late && only_latest && (latest != Some(index) || is_overtaken) {
                Some(Reason::Superseded)
            } else {
                None
            };
            if let Some(reason) = reason {
                decisions.push(missed(&attempt, reason.clone()));
                if reason.is_missed() {
                    count(&mut missed_late, &attempt, older);
                }
                continue;
            }
            // Of what is on time it shows when its process begins.
            if is_late && late_after.is_some_and(|limit| age(firing) > limit) {
                count(&mut started_late, &attempt, 0);
            }
            self.admit(attempt, decisions);
        }
        if let Some((attempt, firings)) = missed_late {
            let reason = Some(Reason::TooLate(miss_cause));
            notify(attempt, NotifyEvent::Missed, reason, firings, decisions);
        }
        if let Some((attempt, firings)) = started_late {
            notify(attempt, NotifyEvent::Late, None, firings, decisions);
        }
    }

    pub(super) fn start(&mut self, attempt: Attempt, decisions: &mut Vec<Decision>) {
        decisions.push(Decision::Start(attempt.clone()));
        self.active.push(Active::new(attempt, State::Running));
    }

    /// The time of the retry, where there is one.
    pub(super) fn ended(
        &mut self,
        at: Timestamp,
        outcome: Outcome,
        now: Timestamp,
        decisions: &mut Vec<Decision>,
    ) -> Option<Timestamp> {
        let index = self.active.iter().position(|active| {
            active.attempt.at == at && matches!(active.state, State::Running | State::Ending)
        })?;
        let mut active = self.active.swap_remove(index);
        let mut retry = None;
        match outcome {
            Outcome::Done => {
                let attempt = active.attempt;
                if std::mem::take(&mut self.failed) {
                    notify(attempt.clone(), NotifyEvent::Recovery, None, 1, decisions);
                }
                notify(attempt, NotifyEvent::Success, None, 1, decisions);
            }
            Outcome::Failed | Outcome::Lost => {
                let is_lost = outcome == Outcome::Lost;
                let pause = self
                    .schedule
                    .retries
                    .pause(active.attempt.number)
                    .filter(|_| active.state == State::Running && !self.is_removed());
                if let Some(time) = pause.and_then(|pause| now.checked_add(pause).ok()) {
                    decisions.push(Decision::Retry(active.attempt.clone(), time));
                    if is_lost {
                        notify(
                            active.attempt.clone(),
                            NotifyEvent::Lost,
                            None,
                            1,
                            decisions,
                        );
                    }
                    notify(
                        active.attempt.clone(),
                        NotifyEvent::Retry,
                        None,
                        1,
                        decisions,
                    );
                    active.state = State::Pausing(time);
                    self.active.push(active);
                    retry = Some(time);
                } else {
                    self.failed = true;
                    // A run that is lost for good is one message, and not two.
                    let event = if is_lost && names(&self.schedule, NotifyEvent::Lost) {
                        NotifyEvent::Lost
                    } else {
                        NotifyEvent::Failure
                    };
                    notify(active.attempt, event, None, 1, decisions);
                }
            }
            Outcome::Unrecorded if self.is_removed() => {}
            Outcome::Unrecorded => {
                active.attempt.number -= 1;
                let time = now.saturating_add(UNRECORDED_PAUSE).unwrap_or(now);
                active.state = State::Pausing(time);
                self.active.push(active);
                retry = Some(time);
            }
            Outcome::Ended => {}
        }
        self.begin_waiting(now, decisions);
        retry
    }

    /// Lets what waits for earlier runs begin, where nothing goes on any more.
    pub(super) fn begin_waiting(&mut self, now: Timestamp, decisions: &mut Vec<Decision>) {
        while self.active.is_empty()
            && let Some(attempt) = self.waiting.pop_front()
        {
            if let Some(block) = self.block_now(&attempt, now) {
                self.hold_back(attempt, &block, decisions);
            } else if self.is_paused() && !attempt.cause.is_asked_for() {
                decisions.push(missed(&attempt, self.pause_reason()));
            } else {
                self.start(attempt, decisions);
            }
        }
    }

    /// Why it does not fire while it is paused.
    pub(super) fn pause_reason(&self) -> Reason {
        let by_file = || "the file has paused = true".into();
        let asked = self.paused.then(|| {
            let known = self.paused_by.clone();
            known.unwrap_or_else(|| "the schedule was paused".into())
        });
        Reason::Paused(asked.unwrap_or_else(by_file))
    }

    pub(super) fn is_paused(&self) -> bool {
        self.paused || self.schedule.paused
    }
}

/// A search that begins here finds `time` itself.
fn before(time: Timestamp) -> Timestamp {
    time.checked_sub(SignedDuration::from_nanos(1))
        .unwrap_or(time)
}

/// A firing that does not run.
pub(super) fn missed(attempt: &Attempt, reason: Reason) -> Decision {
    let schedule = Arc::clone(&attempt.schedule);
    Decision::Miss(Missed {
        schedule,
        at: attempt.at,
        reason,
        cause: attempt.cause,
        is_repeated: attempt.is_repeated,
        several: None,
    })
}

/// Whether a schedule's notifications are about such an event, or would be by default.
fn names(schedule: &Schedule, event: NotifyEvent) -> bool {
    let notify = schedule.notify.as_ref();
    notify.map_or(event.is_default(), |notify| notify.on.contains(&event))
}

pub(super) fn notify(
    attempt: Attempt,
    event: NotifyEvent,
    reason: Option<Reason>,
    firings: u64,
    decisions: &mut Vec<Decision>,
) {
    // What a person may have to act on is counted without a notifier, too.
    if event.is_default() || names(&attempt.schedule, event) {
        decisions.push(Decision::Notify(Notice {
            attempt,
            event,
            reason,
            firings,
        }));
    }
}
