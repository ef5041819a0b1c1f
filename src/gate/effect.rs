//! What an effect is, and how far one has got.

use super::base::Gate;
use super::cancel::StopReason;
use crate::effect_id::EffectId;
use std::cell::{Cell, OnceCell};
use std::future::Future;
use tokio::sync::Notify;
use tokio::sync::futures::Notified;

/// Something that a script does beyond its own memory. `through.rs` carries it out, ends it from
/// outside, and reports its end to it.
pub(super) trait Effect {
    /// What the script is given.
    type Outcome;

    /// Whether it changes something that a second attempt would change again: while it is in
    /// flight, only the end of the run ends it.
    fn changes(&self) -> bool {
        false
    }

    /// Carries it out.
    fn perform(&self, open: &Open<'_>) -> impl Future<Output = Self::Outcome>;

    /// What the script is given where it is ended from outside.
    fn stopped(&self, open: &Open<'_>, stop: StopReason) -> Self::Outcome;

    /// Called once when it has ended; without an outcome where it was dropped before.
    fn ended(&self, open: &Open<'_>, outcome: Option<&Self::Outcome>) {
        let _ = (open, outcome);
    }
}

/// How far an effect has got. Beside its future, because what ends it must see that while the
/// future is borrowed.
pub(super) struct Open<'a> {
    pub(super) gate: &'a Gate,
    pub(super) id: &'a EffectId,
    is_in_flight: Cell<bool>,
    /// Made for the first that waits for it.
    landed: OnceCell<Box<Notify>>,
    has_intent: Cell<bool>,
}

impl<'a> Open<'a> {
    pub(super) fn new(gate: &'a Gate, id: &'a EffectId) -> Self {
        Self {
            gate,
            id,
            is_in_flight: Cell::new(false),
            landed: OnceCell::new(),
            has_intent: Cell::new(false),
        }
    }

    /// Whether something is on its way whose outcome only an answer shows.
    pub(super) fn is_in_flight(&self) -> bool {
        self.is_in_flight.get()
    }

    /// Waits for what is on its way.
    pub(super) async fn in_flight<F: Future>(&self, sent: F) -> F::Output {
        self.is_in_flight.set(true);
        let outcome = sent.await;
        self.is_in_flight.set(false);
        outcome
    }

    /// Marks that nothing is on its way, and that something else would follow.
    pub(super) fn land(&self) {
        if let Some(landed) = self.landed.get() {
            landed.notify_waiters();
        }
    }

    /// Waits until it lands, from now on.
    pub(super) fn landed(&self) -> Notified<'_> {
        self.landed.get_or_init(Box::default).notified()
    }

    /// Whether its intent has still to be kept; so it is asked for once.
    pub(super) fn needs_intent(&self) -> bool {
        !self.has_intent.replace(true)
    }
}
