//! Time: the wall clock, durations that can be virtual, and sleeping.
//!
//! Everything here runs on tokio's clock. A paused runtime (`--sim`, tests) therefore has virtual
//! time: a sleep ends as soon as nothing else can go on, and the wall clock moves by what was
//! slept. Guards against runaway scripts use [`real_now`] instead.

use jiff::{SignedDuration, Span, SpanRelativeTo, Timestamp};
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, PoisonError, Weak, mpsc};
use std::task::Poll;
use std::time::Duration;
use tokio::time::Instant;

/// A wall clock that moves with tokio's time.
#[derive(Debug, Clone)]
pub struct Clock {
    started: Instant,
    started_at: Timestamp,
    offset: Arc<std::sync::atomic::AtomicI64>,
    /// Whether time moves by sleeping alone; then, what keeps it where it is.
    stillness: Option<Arc<Mutex<Weak<Hold>>>>,
}

/// Keeps virtual time where it is: tokio moves it on only where no blocking task is left.
#[derive(Debug)]
struct Hold(#[expect(dead_code, reason = "the task ends when this is dropped")] mpsc::Sender<()>);

impl Hold {
    fn new() -> Self {
        let (hold, held) = mpsc::channel::<()>();
        tokio::task::spawn_blocking(move || held.recv());
        Self(hold)
    }
}

impl Clock {
    /// A clock that shows the machine's time now.
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one place that reads the machine's clock"
    )]
    pub fn system() -> Self {
        Self::starting_at(Timestamp::now())
    }

    /// A clock that shows `start` now.
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one place that reads the machine's clock"
    )]
    pub fn starting_at(start: Timestamp) -> Self {
        Self {
            started: Instant::now(),
            started_at: start,
            offset: Arc::default(),
            stillness: None,
        }
    }

    /// The machine's time now, on a runtime whose time is paused: it moves by sleeping alone.
    pub fn paused() -> Self {
        Self {
            stillness: Some(Arc::default()),
            ..Self::system()
        }
    }

    /// Whether its time moves by sleeping alone.
    pub fn is_virtual(&self) -> bool {
        self.stillness.is_some()
    }

    /// The time of day, in UTC.
    pub fn now(&self) -> Timestamp {
        let elapsed = SignedDuration::try_from(self.elapsed()).unwrap_or(SignedDuration::MAX);
        let offset =
            SignedDuration::from_secs(self.offset.load(std::sync::atomic::Ordering::Relaxed));
        self.started_at
            .saturating_add(elapsed)
            .and_then(|time| time.saturating_add(offset))
            .unwrap_or(Timestamp::MAX)
    }

    /// Time since the clock was made; never goes back.
    pub fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    /// Sets the wall clock, because a server's clock shows that the machine's is off.
    pub fn set(&self, now: Timestamp) {
        let elapsed = SignedDuration::try_from(self.elapsed()).unwrap_or(SignedDuration::MAX);
        let own = self
            .started_at
            .saturating_add(elapsed)
            .unwrap_or(Timestamp::MAX);
        self.offset.store(
            now.duration_since(own).as_secs(),
            std::sync::atomic::Ordering::Relaxed,
        );
    }

    /// Waits for something so long at most; none where it takes longer. What is there already needs
    /// no timer, and is given though the time is over.
    pub async fn within<F: Future>(&self, limit: Duration, future: F) -> Option<F::Output> {
        let mut future = pin!(future);
        match poll_once(future.as_mut()).await {
            Poll::Ready(output) => Some(output),
            Poll::Pending => tokio::time::timeout(limit, future).await.ok(),
        }
    }

    /// Waits for the real world: a process, a file, the store, a person. Virtual time stands still
    /// meanwhile, because none of what sleeps may take that long for its own time.
    pub async fn real<F: Future>(&self, future: F) -> F::Output {
        let Some(stillness) = &self.stillness else {
            return future.await;
        };
        let mut future = pin!(future);
        // What is there already needs no thread.
        if let Poll::Ready(output) = poll_once(future.as_mut()).await {
            return output;
        }
        let _hold = hold(stillness);
        future.await
    }

    /// The same, so long at most by the machine's own time; none where it takes longer.
    pub async fn real_within<F: Future>(&self, limit: Duration, future: F) -> Option<F::Output> {
        if self.stillness.is_none() {
            return self.within(limit, future).await;
        }
        let mut future = pin!(future);
        if let Poll::Ready(output) = poll_once(future.as_mut()).await {
            return Some(output);
        }
        tokio::select! {
            biased;
            output = future => Some(output),
            () = real_alarm(limit) => None,
        }
    }

    /// Waits by the machine's own time.
    pub async fn real_sleep(&self, duration: Duration) {
        if self.stillness.is_some() {
            real_alarm(duration).await;
        } else {
            self.sleep(duration).await;
        }
    }

    /// Waits, from now on. Nothing but the timer, because ten thousand waits may each have one.
    pub fn sleep(&self, duration: Duration) -> impl Future<Output = ()> + use<> {
        tokio::time::sleep(duration)
    }
}

/// Polls a future as the task itself does it, so that it is woken.
async fn poll_once<F: Future>(mut future: Pin<&mut F>) -> Poll<F::Output> {
    poll_fn(|context| Poll::Ready(future.as_mut().poll(context))).await
}

/// Ends after so long by the machine's own time, and lets virtual time stand still until then, or
/// until it is dropped.
async fn real_alarm(delay: Duration) {
    let (_hold, held) = mpsc::channel::<()>();
    let _ = tokio::task::spawn_blocking(move || held.recv_timeout(delay)).await;
}

/// One hold for all that wait.
fn hold(stillness: &Mutex<Weak<Hold>>) -> Arc<Hold> {
    let mut known = stillness.lock().unwrap_or_else(PoisonError::into_inner);
    known.upgrade().unwrap_or_else(|| {
        let hold = Arc::new(Hold::new());
        *known = Arc::downgrade(&hold);
        hold
    })
}

/// Real time, whatever the runtime's clock does: for guards and for measuring.
#[expect(
    clippy::disallowed_methods,
    reason = "this is the one place that reads the machine's clock"
)]
pub fn real_now() -> std::time::Instant {
    std::time::Instant::now()
}

/// The machine's wall clock, which may jump: for schedules, which go by the time of day whatever it
/// was a moment ago.
#[expect(
    clippy::disallowed_methods,
    reason = "this is the one place that reads the machine's clock"
)]
pub fn wall_now() -> Timestamp {
    Timestamp::now()
}

/// No duration of a script or of an option is longer: a hundred years.
pub const LONGEST: Duration = Duration::from_hours(24 * 365 * 100);

/// A duration as a person writes it: `90s`, `15m`, `1h 30m`, `7d`, `2w`, or a bare number of
/// seconds. A day has 24 hours.
pub fn parse_duration(text: &str) -> Option<Duration> {
    let duration = match text.trim().parse::<f64>() {
        Ok(seconds) => Duration::try_from_secs_f64(seconds).ok()?,
        Err(_) => text
            .parse::<Span>()
            .ok()?
            .to_duration(SpanRelativeTo::days_are_24_hours())
            .ok()?
            .try_into()
            .ok()?,
    };
    (duration <= LONGEST).then_some(duration)
}
