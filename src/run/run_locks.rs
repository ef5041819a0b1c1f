//! The locks that a run holds until it ends, or its process does.

use crate::gate::recorder::Asked;
use crate::history::RunEnd;
use crate::history::locks::{Held, Locks, Taken};
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The locks that a run holds.
#[derive(Default)]
pub(super) struct RunLocks(Mutex<BTreeMap<LockName, Held>>);

/// What is written into a lock.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum LockName {
    /// That the run goes on.
    Alive,
    /// Its schedule has a run.
    Schedule,
    /// What the script means by it.
    OnName(String),
}

impl RunLocks {
    pub(super) fn keep(&self, name: LockName, held: Held) {
        self.lock().insert(name, held);
    }

    /// Whether other processes see that the run goes on.
    pub(super) fn is_alive(&self) -> bool {
        self.lock().contains_key(&LockName::Alive)
    }

    /// Asks for a lock that scripts share.
    pub(super) fn ask(&self, locks: &Locks, name: &str, run: &str) -> Result<Asked, String> {
        let key = LockName::OnName(name.to_owned());
        let mut held = self.lock();
        if held.contains_key(&key) {
            return Ok(Asked::Granted);
        }
        match locks.named(name, run).map_err(|error| error.to_string())? {
            Taken::Held(lock) => {
                held.insert(key, lock);
                Ok(Asked::Granted)
            }
            Taken::By(holder) => Ok(Asked::HeldBy(holder)),
        }
    }

    /// Leaves how the run ended in the file of its lock; whether that could be done.
    pub(super) fn leave_end(&self, end: &RunEnd) -> bool {
        let mut held = self.lock();
        let alive = held.get_mut(&LockName::Alive);
        alive.is_some_and(|alive| alive.leave_end(end).is_ok())
    }

    /// Lets go of all.
    pub(super) fn release(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<LockName, Held>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
