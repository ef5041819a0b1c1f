//! How an effect passes the gate.

use super::base::Gate;
use super::cancel::Stop;
use super::effect::{Effect, Open};
use crate::effect_id::EffectId;
use futures_util::FutureExt as _;
use std::pin::pin;

/// An effect under way. One that nobody waits for any more, because what it is part of has ended, has ended too.
struct UnderWay<'a, E: Effect> {
    effect: &'a E,
    open: &'a Open<'a>,
    has_ended: bool,
}

impl<E: Effect> UnderWay<'_, E> {
    fn end(mut self, outcome: &E::Outcome) {
        self.has_ended = true;
        self.effect.ended(self.open, Some(outcome));
    }
}

impl<E: Effect> Drop for UnderWay<'_, E> {
    fn drop(&mut self) {
        if !self.has_ended {
            self.effect.ended(self.open, None);
        }
    }
}

impl Gate {
    /// Carries an effect out, and ends it where what stands at its place is ended.
    pub(super) async fn through<E: Effect>(&self, effect: E, id: &EffectId) -> E::Outcome {
        let (open, interrupt) = (Open::new(self, id), self.interrupt_at(&id.path));
        let under_way = UnderWay { effect: &effect, open: &open, has_ended: false };
        let outcome = {
            let mut performed = pin!(effect.perform(&open));
            tokio::select! {
                biased;
                stop = interrupt.raised() => match stop {
                    // The answer to a change that is on its way is worth more than the time until it comes.
                    Stop::SiblingFailed if effect.changes() && open.is_in_flight() => tokio::select! {
                        biased;
                        outcome = &mut performed => outcome,
                        () = open.landed() => effect.stopped(&open, stop),
                        stop = self.interrupt.raised() => effect.stopped(&open, stop),
                    },
                    stop => effect.stopped(&open, stop),
                },
                outcome = &mut performed => outcome,
            }
        };
        under_way.end(&outcome);
        outcome
    }

    /// The same for an effect that waits for nothing, where Lua cannot yield.
    pub(super) fn through_now<E: Effect>(&self, effect: E, id: &EffectId) -> E::Outcome {
        self.through(effect, id).now_or_never().expect("an effect that waits for nothing ends at once")
    }

    /// Carries out what is part of another effect: it has that one's place, and ends with it.
    pub(super) async fn within<E: Effect>(&self, effect: E, id: &EffectId) -> E::Outcome {
        let open = Open::new(self, id);
        let under_way = UnderWay { effect: &effect, open: &open, has_ended: false };
        let outcome = effect.perform(&open).await;
        under_way.end(&outcome);
        outcome
    }
}
