//! Files that may hold what was written. A script holds them, and so does the process: one that
//! ends while its script does not react must not lose what waits.

use super::output;
use super::stream::Stream;
use crate::gate::Gate;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError, Weak};

/// A file that a script and the process hold.
pub(super) struct Shared(Arc<Mutex<Stream>>);

static OPEN: Mutex<Vec<Weak<Mutex<Stream>>>> = Mutex::new(Vec::new());

impl Shared {
    pub(super) fn new(stream: Stream) -> Self {
        let shared = Arc::new(Mutex::new(stream));
        let mut open = OPEN.lock().unwrap_or_else(PoisonError::into_inner);
        // Those that are closed go once they would make the list grow.
        if open.len() == open.capacity() {
            open.retain(|stream| stream.strong_count() > 0);
        }
        open.push(Arc::downgrade(&shared));
        Self(shared)
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Stream> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Writes what scripts have written and waits in buffers, for a process that ends while its script
/// does not react. It may wait for whoever reads. A file that a script is inside keeps what it has;
/// whether there was none, and all else took what waited.
pub fn flush_everything(gate: &Gate) -> bool {
    let mut is_all = output::finish(gate);
    let open = OPEN.lock().unwrap_or_else(PoisonError::into_inner).clone();
    for stream in open.iter().filter_map(Weak::upgrade) {
        is_all &= match stream.try_lock() {
            Ok(mut stream) => stream.flush().is_ok(),
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner().flush().is_ok(),
            Err(TryLockError::WouldBlock) => false,
        };
    }
    is_all
}
