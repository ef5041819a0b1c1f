//! Whether and when a failed attempt is made again.
//!
//! A reading call is repeated after anything that can pass. A mutating one is repeated only where
//! it is certain that nothing was carried out, or where it carries an idempotency token.

use super::error::CallError;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// How a call is retried.
#[derive(Debug, Clone, Copy)]
pub struct RetryPolicy {
    /// Attempts beyond the first.
    pub retries: u32,
    /// Whether an attempt may be repeated though the last may have been carried out.
    pub repeatable: bool,
}

impl RetryPolicy {
    /// Retries by default.
    pub const DEFAULT_RETRIES: u32 = 4;
    /// The first pause at most.
    const BASE: Duration = Duration::from_millis(500);
    /// Any pause at most, unless the service asks for a longer one.
    const CAP: Duration = Duration::from_secs(20);
    /// The longest pause that a service may ask for.
    const LONGEST_RETRY_AFTER: Duration = Duration::from_mins(2);

    /// The pause before the next attempt; none where there must not be one. `fraction` is random,
    /// from 0 up to 1.
    pub fn pause(&self, error: &CallError, attempts: u32, fraction: f64) -> Option<Duration> {
        let allowed = attempts <= self.retries
            && error.retryable()
            && (self.repeatable || error.certainly_not_carried_out());
        if !allowed {
            return None;
        }
        let exponential = Self::BASE
            .saturating_mul(1 << attempts.saturating_sub(1).min(16))
            .min(Self::CAP);
        let jittered = exponential.mul_f64(fraction);
        match error.refusal() {
            Some(refusal) if refusal.clock_skew.is_some() => Some(Duration::ZERO),
            Some(refusal) => match refusal.retry_after {
                Some(asked) if asked > Self::LONGEST_RETRY_AFTER => None,
                Some(asked) => Some(asked + jittered),
                None => Some(jittered),
            },
            None => Some(jittered),
        }
    }
}

/// Retries that a run may make: a service that is down must not be asked ever more often.
#[derive(Debug)]
pub struct RetryBudget {
    /// In tenths of a retry.
    left: AtomicU32,
}

impl RetryBudget {
    /// Retries of a run that has no success at all.
    pub const RETRIES: u32 = 100;
    /// Tenths that a successful call gives back.
    const REFUND: u32 = 1;

    /// Takes a retry; false where none is left.
    pub fn take(&self) -> bool {
        self.left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
                left.checked_sub(10)
            })
            .is_ok()
    }

    /// Gives back a part of a retry, because a call succeeded.
    pub fn refund(&self) {
        let refunded = |left: u32| Some((left + Self::REFUND).min(Self::RETRIES * 10));
        // The closure never refuses.
        let _ = self
            .left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, refunded);
    }
}

impl Default for RetryBudget {
    fn default() -> Self {
        Self {
            left: AtomicU32::new(Self::RETRIES * 10),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::RetryBudget;

    #[test]
    fn a_budget_is_used_up_and_grows_with_successes() {
        let budget = RetryBudget::default();
        let taken = (0..1000).filter(|_| budget.take()).count();
        assert_eq!(taken, RetryBudget::RETRIES as usize);
        (0..10).for_each(|_| budget.refund());
        assert!(budget.take() && !budget.take());
    }
}
