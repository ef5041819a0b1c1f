//! Scopes: the tasks of a `parallel` can be ended without their run. The scope follows from the
//! place in the run, because the paths of a task's coroutine and of all that it makes begin with
//! the scope's own.

use super::base::Gate;
use super::cancel::{CancelToken, StopReason};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use std::time::Duration;
use tokio::task::AbortHandle;

/// The scope of the tasks of one `parallel`, for as long as any of them goes on.
pub struct Scope<'a> {
    gate: &'a Gate,
    path: String,
}

impl Scope<'_> {
    /// Ends the tasks, because one failed: their next effects fail, and what they wait for is no
    /// longer waited for. A mutating call that is on its way is waited for.
    pub fn cancel(&self) {
        self.gate
            .cancel_at(&self.path)
            .raise(StopReason::SiblingFailed);
        self.gate.has_ended_scopes.store(true, Ordering::Relaxed);
    }
}

impl Drop for Scope<'_> {
    fn drop(&mut self) {
        self.gate.forget_scope(&self.path);
    }
}

impl Gate {
    /// A scope for all whose paths begin with this one.
    pub fn scope(&self, path: &str) -> Scope<'_> {
        let inside = CancelToken::inside(&self.cancel_at(path));
        self.scopes.lock().insert(path.to_owned(), inside);
        Scope {
            gate: self,
            path: path.to_owned(),
        }
    }

    fn forget_scope(&self, path: &str) {
        let mut scopes = self.scopes.lock();
        scopes.remove(path);
        if scopes.is_empty() {
            self.has_ended_scopes.store(false, Ordering::Relaxed);
        }
    }

    /// Whether a part of the run may have been ended without the run, which few runs have: only then
    /// is it looked where Lua code is.
    pub fn has_ended_scopes(&self) -> bool {
        self.has_ended_scopes.load(Ordering::Relaxed)
    }

    /// Whether what stands at this path is in a scope: something beside it can end it.
    pub fn is_in_scope(&self, path: &str) -> bool {
        self.scopes.around(path).is_some()
    }

    /// The token that ends the coroutine of this path from outside.
    pub fn cancel_at(&self, path: &str) -> Arc<CancelToken> {
        self.scopes
            .around(path)
            .unwrap_or_else(|| Arc::clone(&self.cancel))
    }

    /// Ends all whose paths begin with this one after `limit`; [`Self::unlimit`] forgets it.
    pub(super) fn limit_below(&self, path: &str, limit: Duration) -> AbortHandle {
        let inside = CancelToken::inside(&self.cancel_at(path));
        let alarm = self.raise_after(
            limit,
            Arc::downgrade(&inside),
            StopReason::StateWaitTimedOut,
        );
        self.scopes.lock().insert(path.to_owned(), inside);
        alarm
    }

    /// Forgets the limit of a path.
    pub(super) fn unlimit(&self, path: &str, alarm: &AbortHandle) {
        alarm.abort();
        self.forget_scope(path);
    }

    fn raise_after(
        &self,
        delay: Duration,
        token: Weak<CancelToken>,
        stop: StopReason,
    ) -> AbortHandle {
        let clock = self.parts.clock.clone();
        let has_ended_scopes = Arc::clone(&self.has_ended_scopes);
        let alarm = tokio::spawn(async move {
            clock.sleep(delay).await;
            if let Some(token) = token.upgrade() {
                token.raise(stop);
                has_ended_scopes.store(true, Ordering::Relaxed);
            }
        });
        alarm.abort_handle()
    }

    /// Lets the deferred functions of the task at this path run, for the grace where it was
    /// cancelled; false where what is around its `parallel` is ended too, which runs them later.
    /// [`Self::has_deferred`] ends it.
    pub fn may_defer(&self, path: &str) -> bool {
        let token = self.cancel_at(path);
        if !token.is_raised() {
            return true;
        }
        let Some(around) = token.around().filter(|around| !around.is_raised()) else {
            return false;
        };
        let inside = CancelToken::inside(around);
        self.raise_after(
            self.grace(),
            Arc::downgrade(&inside),
            StopReason::DeferredTooLong(self.grace()),
        );
        self.scopes.lock().insert(path.to_owned(), inside);
        true
    }

    /// Notes that the deferred functions of the task at this path have run.
    pub fn has_deferred(&self, path: &str) {
        self.forget_scope(path);
    }
}
