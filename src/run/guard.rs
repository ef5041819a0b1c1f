//! The guard: ends a run from outside, by the machine's own clock, whatever the script does.
//!
//! Lua code ends at its next instructions and calls end at once. What no hook can end, a pattern
//! match inside C, does not react; then the guard reports it, and the command exits without it.

use crate::gate::{Gate, StopReason};
use cumulua_core::clock::real_now;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// A script that has not ended after this does not react.
const REACTION: Duration = Duration::from_millis(150);

/// What the command does when a script does not react.
pub(super) type OnStuck = Box<dyn Fn(&StopReason) + Send + Sync>;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Running,
    Deferring,
    Ended,
}

/// Ends a run from outside.
pub struct Guard {
    gate: Arc<Gate>,
    phase: Mutex<Phase>,
    changed: Condvar,
    on_stuck: OnStuck,
}

impl Guard {
    /// A guard of the run behind `gate`.
    pub fn new(gate: Arc<Gate>, on_stuck: OnStuck) -> Arc<Self> {
        Arc::new(Self {
            gate,
            phase: Mutex::new(Phase::Running),
            changed: Condvar::new(),
            on_stuck,
        })
    }

    /// Ends the run after `limit`.
    pub fn limit(self: &Arc<Self>, limit: Duration) {
        let guard = Arc::clone(self);
        thread::spawn(move || {
            let deadline = real_now() + limit;
            if guard.wait_until(deadline, |phase| phase == Phase::Ended) != Phase::Ended {
                guard.stop(&StopReason::TimedOut(limit));
            }
        });
    }

    /// Ends the run now, and reports it where it does not react.
    pub fn stop(&self, stop: &StopReason) {
        let before = *self.lock();
        if before == Phase::Ended {
            return;
        }
        self.gate.cancel_token().raise(stop.clone());
        if self.wait_until(real_now() + REACTION, |phase| phase != before) == before {
            (self.on_stuck)(stop);
        }
    }

    /// Notes that the script has ended and what it deferred runs, for `limit` at most.
    pub(super) fn deferring(self: &Arc<Self>, limit: Option<Duration>) {
        self.enter(Phase::Deferring);
        let Some(limit) = limit else { return };
        let guard = Arc::clone(self);
        thread::spawn(move || {
            if guard.wait_until(real_now() + limit, |phase| phase == Phase::Ended) != Phase::Ended {
                guard.stop(&StopReason::DeferredTooLong(limit));
            }
        });
    }

    /// Notes that the run has ended.
    pub(super) fn ended(&self) {
        self.enter(Phase::Ended);
    }

    fn enter(&self, phase: Phase) {
        *self.lock() = phase;
        self.changed.notify_all();
    }

    /// Waits for a phase, until `deadline` at most; the phase then.
    fn wait_until(&self, deadline: Instant, reached: impl Fn(Phase) -> bool) -> Phase {
        let mut phase = self.lock();
        loop {
            let left = deadline.saturating_duration_since(real_now());
            if reached(*phase) || left.is_zero() {
                return *phase;
            }
            phase = self
                .changed
                .wait_timeout(phase, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Phase> {
        self.phase.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
