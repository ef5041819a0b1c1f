//! The guard: ends a run from outside, by the machine's own clock, whatever blocks it.
//!
//! It watches from a thread of its own until the command is about to exit, because what comes after
//! the script can block too: an output that nobody reads, a store that another process has. Lua
//! code ends at its next instructions and calls end at once. What does not react, the command
//! leaves behind and names.

use crate::gate::{Gate, StopReason};
use cumulua_core::clock::real_now;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// What has not gone on after this does not react.
const REACTION: Duration = Duration::from_millis(100);

/// What a run is at when it does not react.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stuck {
    /// The script itself.
    Script,
    /// What it deferred.
    Deferred,
    /// A step after them; what it is about, as `writing the audit`.
    Ending(&'static str),
}

/// What the command does when a run does not react.
pub(super) type OnStuck = Box<dyn Fn(&StopReason, Stuck) + Send + Sync>;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Going(Stuck),
    Over,
}

struct State {
    phase: Phase,
    /// What ended the run from outside, from then on.
    stop: Option<StopReason>,
    /// By when the run must have gone on to its next phase, once it was ended from outside.
    react_by: Option<Instant>,
    /// Until when what was deferred may run.
    defer_until: Option<Instant>,
    /// When the run's own time is over.
    limit: Option<(Instant, Duration)>,
}

/// What comes after a run, as writing a large file, has so long once the run was ended.
const LAST: Duration = Duration::from_millis(900);

/// Ends a run from outside.
pub struct Guard {
    gate: Arc<Gate>,
    grace: Duration,
    state: Mutex<State>,
    changed: Condvar,
}

impl Guard {
    /// A guard of the run behind `gate`, until the process exits.
    pub fn new(gate: Arc<Gate>, on_stuck: OnStuck) -> Arc<Self> {
        let guard = Arc::new(Self {
            grace: gate.grace(),
            gate,
            state: Mutex::new(State {
                phase: Phase::Going(Stuck::Script),
                stop: None,
                react_by: None,
                defer_until: None,
                limit: None,
            }),
            changed: Condvar::new(),
        });
        let watching = Arc::clone(&guard);
        thread::spawn(move || {
            if let Some((stop, stuck)) = watching.watch() {
                on_stuck(&stop, stuck);
            }
        });
        guard
    }

    /// Ends the run after `limit`, on the machine's clock and on the run's own, which the waits of
    /// a simulation move on. To be called inside the runtime.
    pub fn limit(self: &Arc<Self>, limit: Duration) {
        self.limit_after(limit, Duration::ZERO);
    }

    /// The same `beyond` that limit, for what ends itself in its time.
    pub fn limit_after(self: &Arc<Self>, limit: Duration, beyond: Duration) {
        self.lock().limit = Some((real_now() + limit + beyond, limit));
        self.changed.notify_all();
        let (guard, clock) = (Arc::clone(self), self.gate.clock().clone());
        tokio::spawn(async move {
            clock.sleep(limit + beyond).await;
            let mut state = guard.lock();
            if state.limit.is_some() {
                guard.time_is_over(&mut state, limit);
            }
        });
    }

    /// Ends the run now. A second time it ends what was deferred too.
    pub fn stop(&self, stop: StopReason) {
        self.raise(&mut self.lock(), stop);
    }

    /// Notes that the script has ended, so that what it deferred can run: for the grace at most
    /// where the script was ended from outside; why it was.
    pub(super) fn begin_deferred(&self) -> Option<StopReason> {
        let mut state = self.lock();
        self.enter(&mut state, Stuck::Deferred);
        state.react_by = None;
        let stop = self.gate.cancel_token().lower();
        if stop.is_some() {
            state.defer_until = Some(real_now() + self.grace);
        }
        stop
    }

    /// Notes that the run is at a step that follows the script and what it deferred.
    pub fn step(&self, what: &'static str) {
        let mut state = self.lock();
        self.enter(&mut state, Stuck::Ending(what));
        state.defer_until = None;
        state.react_by = state.stop.is_some().then(|| real_now() + REACTION);
    }

    /// Notes that nothing is left to be done but to exit, or what comes before that.
    pub fn last(&self, what: &'static str) {
        let mut state = self.lock();
        self.enter(&mut state, Stuck::Ending(what));
        state.react_by = state.stop.is_some().then(|| real_now() + LAST);
    }

    fn enter(&self, state: &mut State, at: Stuck) {
        // Where the command is being left, what comes next must not hold it up.
        if state.phase != Phase::Over {
            state.phase = Phase::Going(at);
        }
        self.changed.notify_all();
    }

    fn raise(&self, state: &mut State, stop: StopReason) {
        self.gate.cancel_token().raise(stop.clone());
        // Whatever ended the run has done so; its time does not matter any more.
        state.limit = None;
        state.stop.get_or_insert(stop);
        state.react_by.get_or_insert_with(|| real_now() + REACTION);
        self.changed.notify_all();
    }

    fn time_is_over(&self, state: &mut State, limit: Duration) {
        state.limit = None;
        let stop = StopReason::TimedOut(limit);
        if state.phase == Phase::Going(Stuck::Deferred) {
            // The script has ended in time; what it deferred still has its grace.
            state.stop.get_or_insert(stop);
            state.defer_until.get_or_insert(real_now() + self.grace);
            self.changed.notify_all();
        } else {
            self.raise(state, stop);
        }
    }

    /// Watches until the run is over; what did not react, and what had ended the run.
    fn watch(&self) -> Option<(StopReason, Stuck)> {
        let mut state = self.lock();
        loop {
            let Phase::Going(at) = state.phase else {
                return None;
            };
            let now = real_now();
            let is_due =
                |deadline: Option<Instant>| deadline.is_some_and(|deadline| deadline <= now);
            if is_due(state.react_by) {
                state.phase = Phase::Over;
                return state.stop.take().map(|stop| (stop, at));
            }
            if is_due(state.defer_until) {
                state.defer_until = None;
                self.raise(&mut state, StopReason::DeferredTooLong(self.grace));
            }
            if let Some((_, limit)) = state.limit.filter(|(deadline, _)| *deadline <= now) {
                self.time_is_over(&mut state, limit);
            }
            let next = [
                state.react_by,
                state.defer_until,
                state.limit.map(|(at, _)| at),
            ];
            state = match next.into_iter().flatten().min() {
                Some(deadline) => {
                    let left = deadline.saturating_duration_since(real_now());
                    let waited = self.changed.wait_timeout(state, left);
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
                None => self
                    .changed
                    .wait(state)
                    .unwrap_or_else(PoisonError::into_inner),
            };
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
