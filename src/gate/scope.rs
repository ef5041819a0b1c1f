//! Scopes: each task of a `parallel` can be ended without its run. A place in the run tells the scope that it is in, because a task's
//! coroutine and all that it makes have paths that begin with the task's own.

use super::{Gate, Interrupt, Stop};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// What a cancelled task's deferred functions get.
const DEFERRED_AFTER_STOP: Duration = Duration::from_secs(2);

/// The scopes of the tasks that go on, by the paths of their coroutines.
#[derive(Debug, Default)]
pub(super) struct Scopes(Mutex<HashMap<String, Arc<Interrupt>>>);

impl Scopes {
    fn lock(&self) -> MutexGuard<'_, HashMap<String, Arc<Interrupt>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The innermost scope that a path is in.
    fn around(&self, path: &str) -> Option<Arc<Interrupt>> {
        let scopes = self.lock();
        if scopes.is_empty() {
            return None;
        }
        let ancestors = std::iter::successors(Some(path), |inner| inner.rsplit_once('.').map(|(outer, _)| outer));
        ancestors.into_iter().find_map(|path| scopes.get(path)).cloned()
    }
}

/// A task's scope for as long as the task goes on.
pub struct Scope<'a> {
    gate: &'a Gate,
    path: String,
}

impl Scope<'_> {
    /// Ends the task, because a sibling failed: its next effects fail, and what it waits for is no longer waited for. A mutating
    /// call that is on its way is waited for.
    pub fn cancel(&self) {
        self.gate.interrupt_at(&self.path).raise(Stop::SiblingFailed);
    }
}

impl Drop for Scope<'_> {
    fn drop(&mut self) {
        self.gate.scopes.lock().remove(&self.path);
    }
}

impl Gate {
    /// A scope for the task whose coroutine has this path.
    pub fn scope(&self, path: &str) -> Scope<'_> {
        let inside = Interrupt::inside(self.interrupt_at(path));
        self.scopes.lock().insert(path.to_owned(), Arc::new(inside));
        Scope { gate: self, path: path.to_owned() }
    }

    /// What ends the coroutine of this path from outside.
    pub fn interrupt_at(&self, path: &str) -> Arc<Interrupt> {
        self.scopes.around(path).unwrap_or_else(|| Arc::clone(&self.interrupt))
    }

    /// Lets the deferred functions of the task at this path run, for a short time where it was cancelled; false where the run itself
    /// is ended, which runs them later.
    pub fn may_defer(&self, path: &str) -> bool {
        let interrupt = self.interrupt_at(path);
        let was_cancelled = interrupt.lower().is_some();
        if interrupt.is_raised() {
            return false;
        }
        if was_cancelled {
            let clock = self.world.clock.clone();
            let interrupt = Arc::downgrade(&interrupt);
            tokio::spawn(async move {
                clock.sleep(DEFERRED_AFTER_STOP).await;
                if let Some(interrupt) = interrupt.upgrade() {
                    interrupt.raise(Stop::DeferredTooLong(DEFERRED_AFTER_STOP));
                }
            });
        }
        true
    }
}
