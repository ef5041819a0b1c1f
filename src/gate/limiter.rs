//! Rate limits: a token bucket for each account of a product, shared by all that goes on in a run,
//! and a cap on what is on its way.

use crate::client::route::RateKey;
use crate::config::RateLimit;
use cumulua_core::clock::Clock;
use governor::clock::Clock as Ticking;
use governor::middleware::NoOpMiddleware;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{Semaphore, SemaphorePermit};

/// Attempts that may be on their way at once: each holds a connection, and a process may have some
/// 1,000 files open.
const FLYING: usize = 64;

/// The run's clock as the limiter reads it; virtual in a simulation.
#[derive(Debug, Clone)]
struct Ticks(Clock);

impl Ticking for Ticks {
    type Instant = Duration;

    fn now(&self) -> Duration {
        self.0.elapsed()
    }
}

type Bucket = RateLimiter<NotKeyed, InMemoryState, Ticks, NoOpMiddleware<Duration>>;

/// The attempts that share a rate: first come, first served.
#[derive(Default)]
struct Queue {
    first: tokio::sync::Mutex<()>,
    bucket: Option<Bucket>,
    /// No attempt leaves before this time, because the service wants a pause.
    closed_until: Mutex<Duration>,
}

/// The rates of a run's accounts.
pub(super) struct Limiter {
    clock: Clock,
    /// A run has few accounts.
    queues: Mutex<Vec<(RateKey, Arc<Queue>)>>,
    flying: Semaphore,
    polls: Semaphore,
}

/// What an attempt holds while it is on its way.
pub(super) type Slot<'a> = Option<SemaphorePermit<'a>>;

impl Limiter {
    pub(super) fn new(clock: Clock) -> Self {
        Self {
            clock,
            queues: Mutex::default(),
            flying: Semaphore::new(FLYING),
            polls: Semaphore::new(FLYING),
        }
    }

    /// Waits until an attempt may leave.
    pub(super) async fn acquire(&self, key: &RateKey) -> Slot<'_> {
        self.wait_for_rate(key).await;
        self.flying.acquire().await.ok()
    }

    /// What a poll holds from before it is made: ten thousand waits must not each hold a call that
    /// waits for its rate.
    pub(super) async fn poll(&self) -> Option<SemaphorePermit<'_>> {
        self.polls.acquire().await.ok()
    }

    async fn wait_for_rate(&self, key: &RateKey) {
        let queue = self.queue(key);
        let _first = queue.first.lock().await;
        loop {
            let now = self.clock.elapsed();
            let closed = lock(&queue.closed_until).saturating_sub(now);
            let limited = || {
                queue
                    .bucket
                    .as_ref()
                    .and_then(|bucket| bucket.check().err())
            };
            let wait = if closed.is_zero() {
                limited().map(|early| early.wait_time_from(now))
            } else {
                Some(closed)
            };
            match wait {
                Some(wait) => self.clock.sleep(wait).await,
                None => return,
            }
        }
    }

    /// Lets no attempt of this rate leave for `pause`.
    pub(super) fn close(&self, key: &RateKey, pause: Duration) {
        let queue = self.queue(key);
        let until = self.clock.elapsed().saturating_add(pause);
        let mut closed = lock(&queue.closed_until);
        *closed = until.max(*closed);
    }

    fn queue(&self, key: &RateKey) -> Arc<Queue> {
        let mut queues = lock(&self.queues);
        let is_its =
            |known: &RateKey| known.access_key == key.access_key && known.product == key.product;
        if let Some((_, queue)) = queues.iter().find(|(known, _)| is_its(known)) {
            return Arc::clone(queue);
        }
        let bucket = key
            .limit
            .and_then(quota)
            .map(|quota| Bucket::direct_with_clock(quota, Ticks(self.clock.clone())));
        let queue = Arc::new(Queue {
            bucket,
            ..Queue::default()
        });
        queues.push((key.clone(), Arc::clone(&queue)));
        queue
    }
}

fn quota(limit: RateLimit) -> Option<Quota> {
    let period = Duration::try_from_secs_f64(1.0 / limit.per_second).ok()?;
    Some(Quota::with_period(period)?.allow_burst(limit.burst))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
