//! A watch: something is asked for again and again, with growing pauses, until it is as it should be.

use super::{Event, Gate, Stop};
use crate::effect_id::EffectId;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::AbortHandle;

/// Something that is asked for again and again.
pub struct Watch {
    gate: Arc<Gate>,
    id: u64,
    what: String,
    started: Duration,
    timeout: Duration,
    pace: Pace,
    state: String,
    ended: bool,
    /// Below this path looking is ended when the time is over.
    path: String,
    alarm: AbortHandle,
}

/// What a look that begins when the time is over may take: what has come to its goal by then is no failure.
pub(super) const LAST_LOOK: Duration = Duration::from_secs(1);

/// The pauses between two polls: growing, and never in step with others.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    pause: Duration,
    longest: Duration,
}

impl Pace {
    /// Pauses grow by this factor from poll to poll.
    const GROWTH: f64 = 1.5;

    pub(super) fn new(first: Duration, longest: Duration) -> Self {
        Self { pause: first, longest }
    }

    /// The next pause, with a jitter of a tenth; `fraction` is random, from 0 up to 1.
    pub(super) fn next(&mut self, fraction: f64) -> Duration {
        let jittered = self.pause.mul_f64(0.9 + 0.2 * fraction);
        self.pause = self.pause.mul_f64(Self::GROWTH).min(self.longest);
        jittered
    }
}

/// Why a watch goes no further.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum WatchError {
    /// Its time is over.
    #[error("{what} {} after {} s", seen(.state), .waited.as_secs())]
    TimedOut {
        /// What was watched.
        what: String,
        /// How it was seen last.
        state: String,
        /// How long it was watched.
        waited: Duration,
    },
    /// Ended from outside.
    #[error("cancelled: {}", .0.describe())]
    Cancelled(Stop),
}

fn seen(state: &str) -> String {
    if state.is_empty() { "was not as it should be".to_owned() } else { format!("was still {state:?}") }
}

impl Watch {
    /// Seconds before the second poll, and between two polls at most.
    const PACE: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(15));

    /// A watch over `what`, for so long at most. All effects of looking stand below `path`.
    pub fn new(gate: Arc<Gate>, what: String, timeout: Duration, path: String) -> Self {
        let (id, started) = (gate.next_wait(), gate.elapsed());
        let pace = Pace::new(Self::PACE.0, Self::PACE.1);
        let alarm = gate.limit_below(&path, timeout.saturating_add(LAST_LOOK));
        Self { gate, id, what, started, timeout, pace, state: String::new(), ended: false, path, alarm }
    }

    /// Says how it was seen, and waits until it should be looked at again.
    pub async fn pause(&mut self, state: String, place: &EffectId) -> Result<(), WatchError> {
        let changed = state != self.state;
        self.state = state;
        let elapsed = self.gate.elapsed().saturating_sub(self.started);
        let (what, state) = (self.what.clone(), self.state.clone());
        self.gate.world.observer.event(Event::Waiting { id: self.id, what, state, changed, elapsed });
        let left = self.timeout.saturating_sub(elapsed);
        if left.is_zero() {
            self.end("not waited for any longer", false);
            return Err(WatchError::TimedOut { what: self.what.clone(), state: self.state.clone(), waited: elapsed });
        }
        let pause = self.pace.next(self.gate.world.random.fraction()).min(left);
        self.gate.sleep(pause, place).await.map_err(WatchError::Cancelled)
    }

    /// Says how it ended.
    pub fn end(&mut self, outcome: &str, done: bool) {
        if !std::mem::replace(&mut self.ended, true) {
            self.gate.unlimit(&self.path, &self.alarm);
            let elapsed = self.gate.elapsed().saturating_sub(self.started);
            let (what, outcome) = (self.what.clone(), self.gate.redact(outcome));
            self.gate.world.observer.event(Event::WaitEnded { id: self.id, what, outcome, done, elapsed });
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.end("no longer waited for", false);
    }
}
