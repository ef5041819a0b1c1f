//! The pauses between two polls: growing, and never in step with others.

use std::time::Duration;

/// What a poll that begins when the time is over may take: what has come to its goal by then is no
/// failure.
pub(super) const LAST_LOOK: Duration = Duration::from_secs(1);

/// How long after a wait has begun the service may not know the task yet.
pub(super) const UNKNOWN_FOR: Duration = Duration::from_mins(1);

/// Answers in a row that may be no answers, as a gateway's page is none.
pub(super) const UNREADABLE_IN_A_ROW: u32 = 5;

/// Pauses that grow.
#[derive(Debug, Clone, Copy)]
pub(super) struct Backoff {
    pause: Duration,
    longest: Duration,
}

impl Backoff {
    /// Pauses grow by this factor from poll to poll.
    const GROWTH: f64 = 1.5;

    pub(super) fn new(first: Duration, longest: Duration) -> Self {
        Self {
            pause: first,
            longest,
        }
    }

    /// The next pause, with a jitter of a tenth; `fraction` is random, from 0 up to 1.
    pub(super) fn next(&mut self, fraction: f64) -> Duration {
        let jittered = self.pause.mul_f64(0.9 + 0.2 * fraction);
        self.pause = self.pause.mul_f64(Self::GROWTH).min(self.longest);
        jittered
    }
}
