//! How far a file has got that a call sends or receives: for a person who waits, and to see whether
//! it still goes on.

use super::events::{Event, Observer};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// After so many bytes more the observer is shown how far it has got.
const STEP: u64 = 1 << 20;

/// A file that is sent or received.
pub(super) struct Transfer {
    /// The number of its call in the run.
    call: u64,
    observer: Arc<dyn Observer>,
    /// How many bytes have gone so far, in this attempt.
    bytes: AtomicU64,
    /// How many there are; 0 where that is not known.
    total: AtomicU64,
    /// How many the observer knows of.
    reported: AtomicU64,
    /// Counts what moves, also when an attempt begins anew.
    moves: AtomicU64,
}

impl Transfer {
    pub(super) fn new(call: u64, observer: Arc<dyn Observer>) -> Self {
        Self {
            call,
            observer,
            bytes: AtomicU64::default(),
            total: AtomicU64::default(),
            reported: AtomicU64::default(),
            moves: AtomicU64::default(),
        }
    }

    /// An attempt begins or goes on at a place of the file.
    pub(super) fn begin(&self, at: u64, total: u64) {
        self.bytes.store(at, Ordering::Relaxed);
        self.total.store(total, Ordering::Relaxed);
        self.report(at);
    }

    /// So many bytes more have gone.
    pub(super) fn advance(&self, bytes: usize) {
        let more = bytes as u64;
        let bytes = self.bytes.fetch_add(more, Ordering::Relaxed) + more;
        self.moves.fetch_add(1, Ordering::Relaxed);
        if bytes >= self.reported.load(Ordering::Relaxed) + STEP {
            self.report(bytes);
        }
    }

    /// Changes whenever something moves.
    pub(super) fn moves(&self) -> u64 {
        self.moves.load(Ordering::Relaxed)
    }

    /// How many bytes have gone.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    fn report(&self, bytes: u64) {
        self.reported.store(bytes, Ordering::Relaxed);
        let total = self.total.load(Ordering::Relaxed);
        self.observer.event(Event::Transferring {
            id: self.call,
            bytes,
            total: Some(total).filter(|total| *total > 0),
        });
    }
}
