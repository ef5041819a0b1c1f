//! `lock "name"`: one holder among the runs of one store.

use super::base::Gate;
use super::cancel::StopReason;
use super::effect::{Effect, Open};
use super::events::Level;
use super::recorder::Asked;
use crate::effect_id::EffectId;
use cumulua_core::clock::real_now;
use std::time::Duration;

/// Why a lock was not given.
#[derive(Debug, Clone, thiserror::Error)]
pub enum LockError {
    /// Another run kept it.
    #[error("the lock {name:?} was still held after {} s{}; a longer `timeout` waits longer", .waited.as_secs_f64(), by(.holder))]
    TimedOut {
        /// The lock.
        name: String,
        /// How the holder describes itself.
        holder: String,
        /// How long was waited.
        waited: Duration,
    },
    /// The run was ended.
    #[error("cancelled: {}", .0.describe())]
    Cancelled(StopReason),
    /// Locks do not work here.
    #[error("the lock {name:?} cannot be taken: {reason}")]
    Unusable {
        /// The lock.
        name: String,
        /// The system's reason.
        reason: String,
    },
}

fn by(holder: &str) -> String {
    if holder.is_empty() {
        String::new()
    } else {
        format!(" by {holder}")
    }
}

/// The first pause between two attempts to take it; they grow to a second.
const FIRST_PAUSE: Duration = Duration::from_millis(50);

struct Lock<'a> {
    name: &'a str,
    timeout: Duration,
}

impl Gate {
    /// Takes a lock for the rest of the run, and waits for it for `timeout` at most. A lock that
    /// the run holds already is granted at once.
    pub async fn lock(
        &self,
        name: &str,
        timeout: Duration,
        id: &EffectId,
    ) -> Result<(), LockError> {
        self.through(Lock { name, timeout }, id).await
    }
}

impl Effect for Lock<'_> {
    type Outcome = Result<(), LockError>;

    async fn perform(&self, open: &Open<'_>) -> Self::Outcome {
        let (gate, Self { name, timeout }) = (open.gate, self);
        // A simulation without a store is alone.
        let Some(recorder) = &gate.recorder else {
            return Ok(());
        };
        // Other runs hold it by the machine's own time, whatever this run's clock does.
        let started = real_now();
        let mut pause = FIRST_PAUSE;
        let mut announced = false;
        loop {
            let unusable = |reason| LockError::Unusable {
                name: (*name).to_owned(),
                reason,
            };
            let holder = match recorder.lock(name).map_err(unusable)? {
                Asked::Granted => return Ok(()),
                Asked::HeldBy(holder) => holder,
            };
            let waited = started.elapsed();
            let left = timeout.saturating_sub(waited);
            if left.is_zero() {
                return Err(LockError::TimedOut {
                    name: (*name).to_owned(),
                    holder,
                    waited,
                });
            }
            if !std::mem::replace(&mut announced, true) {
                gate.log(
                    Level::Info,
                    &format!(
                        "waiting for the lock {name:?}, which is held{}",
                        by(&holder)
                    ),
                );
            }
            gate.clock().real_sleep(pause.min(left)).await;
            pause = (pause * 2).min(Duration::from_secs(1));
        }
    }

    fn stopped(&self, _: &Open<'_>, stop: StopReason) -> Self::Outcome {
        Err(LockError::Cancelled(stop))
    }
}
