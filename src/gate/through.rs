//! The one function that every effect passes: cancellation and recording are here.

use super::base::Gate;
use super::cancel::{CancelToken, StopReason};
use super::effect::{Effect, Open};
use crate::effect_id::EffectId;
use futures_util::FutureExt as _;
use tokio::task::unconstrained;

/// An effect under way. One that is dropped, because what it is part of has ended, has ended too.
struct UnderWay<'a, E: Effect> {
    effect: E,
    open: Open<'a>,
    has_ended: bool,
}

impl<'a, E: Effect> UnderWay<'a, E> {
    fn new(gate: &'a Gate, effect: E, id: &'a EffectId) -> Self {
        Self {
            effect,
            open: Open::new(gate, id),
            has_ended: false,
        }
    }

    /// Waits until the effect is to be given up; the reason.
    async fn given_up(&self, token: &CancelToken) -> StopReason {
        let stop = token.raised().await;
        if stop != StopReason::SiblingFailed || !self.effect.changes() || !self.open.is_in_flight()
        {
            return stop;
        }
        // The answer to a change that is on its way is worth waiting for. In a box, because few
        // effects end so.
        drop(stop);
        Box::pin(self.landed()).await
    }

    async fn landed(&self) -> StopReason {
        tokio::select! {
            biased;
            () = self.open.landed() => StopReason::SiblingFailed,
            stop = self.open.gate.cancel.raised() => stop,
        }
    }

    fn end(&mut self, outcome: &E::Outcome) {
        self.has_ended = true;
        self.effect.ended(&self.open, Some(outcome));
    }
}

impl<E: Effect> Drop for UnderWay<'_, E> {
    fn drop(&mut self) {
        if !self.has_ended {
            self.effect.ended(&self.open, None);
        }
    }
}

/// The result of a future that waits for nothing; none where it would wait. tokio's budget does not
/// count here: a task that has used it up would be told to wait.
pub fn at_once<F: Future>(future: F) -> Option<F::Output> {
    unconstrained(future).now_or_never()
}

impl Gate {
    /// Carries out an effect, and ends it where its place in the run is cancelled. No `async fn`,
    /// which would hold the effect twice: there may be ten thousand.
    pub(super) fn through<'a, E: Effect>(
        &'a self,
        effect: E,
        id: &'a EffectId,
    ) -> impl Future<Output = E::Outcome> + use<'a, E> {
        let (mut under_way, token) = (UnderWay::new(self, effect, id), self.cancel_at(&id.path));
        async move {
            let outcome = tokio::select! {
                biased;
                stop = under_way.given_up(&token) => under_way.effect.stopped(&under_way.open, stop),
                outcome = under_way.effect.perform(&under_way.open) => outcome,
            };
            under_way.end(&outcome);
            outcome
        }
    }

    /// The same for an effect that waits for nothing, where Lua cannot yield.
    pub(super) fn through_now<E: Effect>(&self, effect: E, id: &EffectId) -> E::Outcome {
        at_once(self.through(effect, id)).expect("an effect that waits for nothing ends at once")
    }

    /// Carries out what is part of another effect: it has that one's place, and ends with it.
    pub(super) fn within<'a, E: Effect>(
        &'a self,
        effect: E,
        id: &'a EffectId,
    ) -> impl Future<Output = E::Outcome> + use<'a, E> {
        let mut under_way = UnderWay::new(self, effect, id);
        async move {
            let outcome = under_way.effect.perform(&under_way.open).await;
            under_way.end(&outcome);
            outcome
        }
    }
}
