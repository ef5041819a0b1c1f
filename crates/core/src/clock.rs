//! Time: the wall clock, durations that can be virtual, and sleeping.
//!
//! Everything here runs on tokio's clock. A paused runtime (`--sim`, tests) therefore has virtual time: a sleep ends as soon as
//! nothing else can go on, and the wall clock moves by what was slept. Guards against runaway scripts use [`real_now`] instead.

use jiff::{SignedDuration, Timestamp};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// A wall clock that moves with tokio's time.
#[derive(Debug, Clone)]
pub struct Clock {
    started: Instant,
    started_at: Timestamp,
    offset: Arc<std::sync::atomic::AtomicI64>,
}

impl Clock {
    /// A clock that shows the machine's time now.
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the machine's clock")]
    pub fn system() -> Self {
        Self::starting_at(Timestamp::now())
    }

    /// A clock that shows `start` now.
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the machine's clock")]
    pub fn starting_at(start: Timestamp) -> Self {
        Self { started: Instant::now(), started_at: start, offset: Arc::default() }
    }

    /// The time of day, in UTC.
    pub fn now(&self) -> Timestamp {
        let elapsed = SignedDuration::try_from(self.elapsed()).unwrap_or(SignedDuration::MAX);
        let offset = SignedDuration::from_secs(self.offset.load(std::sync::atomic::Ordering::Relaxed));
        self.started_at.saturating_add(elapsed).and_then(|time| time.saturating_add(offset)).unwrap_or(Timestamp::MAX)
    }

    /// Time since the clock was made; never goes back.
    pub fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    /// Sets the wall clock, because a server's clock tells that the machine's is off.
    pub fn set(&self, now: Timestamp) {
        let elapsed = SignedDuration::try_from(self.elapsed()).unwrap_or(SignedDuration::MAX);
        let own = self.started_at.saturating_add(elapsed).unwrap_or(Timestamp::MAX);
        self.offset.store(now.duration_since(own).as_secs(), std::sync::atomic::Ordering::Relaxed);
    }

    /// Waits. The future is little more than its timer.
    pub fn sleep(&self, duration: Duration) -> impl Future<Output = ()> + use<> {
        async move { tokio::time::sleep(duration).await }
    }
}

/// Real time, whatever the runtime's clock does: for guards and for measuring.
#[expect(clippy::disallowed_methods, reason = "this is the one place that reads the machine's clock")]
pub fn real_now() -> std::time::Instant {
    std::time::Instant::now()
}

/// The machine's wall clock, which may jump: for schedules, which go by the time of day whatever it was a moment ago.
#[expect(clippy::disallowed_methods, reason = "this is the one place that reads the machine's clock")]
pub fn wall_now() -> Timestamp {
    Timestamp::now()
}

/// No duration of a script or of an option is longer: a hundred years.
pub const LONGEST: Duration = Duration::from_hours(24 * 365 * 100);

/// A duration as a person writes it: `90s`, `15m`, `1h 30m`, or a bare number of seconds.
pub fn parse_duration(text: &str) -> Option<Duration> {
    let duration = match text.trim().parse::<f64>() {
        Ok(seconds) => Duration::try_from_secs_f64(seconds).ok()?,
        Err(_) => text.parse::<SignedDuration>().ok()?.try_into().ok()?,
    };
    (duration <= LONGEST).then_some(duration)
}
