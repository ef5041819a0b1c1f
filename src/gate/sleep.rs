//! Sleeping.

use super::base::Gate;
use super::cancel::StopReason;
use super::effect::{Effect, Open};
use crate::effect_id::EffectId;
use std::time::Duration;

struct Sleep(Duration);

impl Effect for Sleep {
    type Outcome = Result<(), StopReason>;

    async fn perform(&self, open: &Open<'_>) -> Self::Outcome {
        open.gate.clock().sleep(self.0).await;
        Ok(())
    }

    fn stopped(&self, _: &Open<'_>, stop: StopReason) -> Self::Outcome {
        Err(stop)
    }
}

impl Gate {
    /// Sleeps; ends early where the effect at this place is cancelled.
    pub fn sleep<'a>(
        &'a self,
        duration: Duration,
        id: &'a EffectId,
    ) -> impl Future<Output = Result<(), StopReason>> + use<'a> {
        self.through(Sleep(duration), id)
    }
}
