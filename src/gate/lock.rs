//! `lock "name"`: one holder among the runs of one store.

use super::record::Asked;
use super::{Gate, Level, Stop};
use crate::effect_id::EffectId;
use std::time::Duration;

/// Why a lock was not given.
#[derive(Debug, Clone, thiserror::Error)]
pub enum LockError {
    /// Another run kept it.
    #[error("the lock {name:?} was still held after {} s{}; a longer `timeout` waits longer", .waited.as_secs_f64(), by(.holder))]
    TimedOut {
        /// The lock.
        name: String,
        /// What the holder says of itself.
        holder: String,
        /// How long was waited.
        waited: Duration,
    },
    /// The run was ended.
    #[error("cancelled: {}", .0.describe())]
    Cancelled(Stop),
    /// Locks do not work here.
    #[error("the lock {name:?} cannot be taken: {reason}")]
    Unusable {
        /// The lock.
        name: String,
        /// What the system says.
        reason: String,
    },
}

fn by(holder: &str) -> String {
    if holder.is_empty() { String::new() } else { format!(" by {holder}") }
}

/// The first pause between two questions; they grow to a second.
const FIRST_PAUSE: Duration = Duration::from_millis(50);

impl Gate {
    /// Takes a lock for the rest of the run, waiting for it so long at most. One that the run has is its own already.
    pub async fn lock(&self, name: &str, timeout: Duration, place: &EffectId) -> Result<(), LockError> {
        // A rehearsal without a store is alone.
        let Some(recorder) = &self.recorder else { return Ok(()) };
        let started = self.elapsed();
        let mut pause = FIRST_PAUSE;
        let mut told = false;
        loop {
            let unusable = |reason| LockError::Unusable { name: name.to_owned(), reason };
            let holder = match recorder.lock(name).map_err(unusable)? {
                Asked::Granted => return Ok(()),
                Asked::HeldBy(holder) => holder,
            };
            let waited = self.elapsed().saturating_sub(started);
            let left = timeout.saturating_sub(waited);
            if left.is_zero() {
                return Err(LockError::TimedOut { name: name.to_owned(), holder, waited });
            }
            if !std::mem::replace(&mut told, true) {
                self.log(Level::Info, &format!("waiting for the lock {name:?}, which is held{}", by(&holder)));
            }
            self.sleep(pause.min(left), place).await.map_err(LockError::Cancelled)?;
            pause = (pause * 2).min(Duration::from_secs(1));
        }
    }
}
