//! A call that was never made, because what the script gave makes none: it is recorded as any
//! other.

use super::audit::{AuditEntry, End};
use super::base::Gate;
use super::cancel::StopReason;
use super::effect::{Effect, Open};
use crate::client::error::{CallError, Failure, Sent};
use crate::effect_id::EffectId;
use std::sync::Arc;

struct Refused {
    action: Arc<str>,
    read_only: bool,
    error: CallError,
    number: u64,
}

impl Effect for Refused {
    type Outcome = Failure;

    async fn perform(&self, _: &Open<'_>) -> Failure {
        self.failure(self.error.clone())
    }

    fn stopped(&self, _: &Open<'_>, stop: StopReason) -> Failure {
        self.failure(CallError::Cancelled {
            reason: stop.describe(),
            sent: Sent::No,
        })
    }

    fn ended(&self, open: &Open<'_>, outcome: Option<&Failure>) {
        let gate = open.gate;
        gate.in_flight.end(self.number, Sent::No, false);
        let Some(failure) = outcome else { return };
        gate.record(&AuditEntry {
            number: self.number,
            phase: "ended",
            place: open.id,
            action: gate.clean(&self.action),
            read_only: self.read_only,
            params: serde_json::json!({}),
            end: End {
                sent: Sent::No.as_str(),
                error: Some(failure.error.kind().as_str()),
                message: Some(gate.redact(&failure.message()).into()),
                ..End::default()
            },
        });
    }
}

impl Refused {
    fn failure(&self, error: CallError) -> Failure {
        Failure::unsent(&self.action, error)
    }
}

impl Gate {
    /// Records a call that cannot be made, and gives it as a failed one. `action` is what the
    /// script named.
    pub fn refuse(
        &self,
        action: &str,
        read_only: bool,
        error: CallError,
        id: &EffectId,
    ) -> Failure {
        let action: Arc<str> = action.into();
        let number = self
            .in_flight
            .begin(Arc::clone(&action), read_only, &id.path, None);
        self.through_now(
            Refused {
                action,
                read_only,
                error,
                number,
            },
            id,
        )
    }
}
