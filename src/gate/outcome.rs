//! What became of a call whose answer was lost: the reading call of the catalogue is made until its
//! answers can show it.
//!
//! A task may still be on its way when the answer is lost, so that all is as before the call is no
//! proof until such a task has had its time.

use super::base::Gate;
use super::cancel::StopReason;
use super::effect::{Effect, Open};
use super::events::Level;
use super::in_flight::UnknownOutcome;
use super::pages::{ReadError, read_whole};
use super::wait_pause::Backoff;
use crate::client::error::{CallError, Failure, Sent};
use crate::client::evidence::{Evidence, Sighting};
use crate::client::outcome_probe::{Outcome, OutcomeProbe};
use crate::client::paginator::Paginator;
use crate::client::{Call, CallOptions};
use crate::effect_id::EffectId;
use serde_json::Value as Json;
use std::time::Duration;

/// The first pause between two looks.
const FIRST_PAUSE: Duration = Duration::from_secs(2);

/// The longest.
const LONGEST_PAUSE: Duration = Duration::from_mins(1);

struct OutcomeEffect {
    lost: UnknownOutcome,
    timeout: Duration,
}

impl Gate {
    /// What became of a call of this run whose answer was lost, by its number: looks for `timeout`
    /// at most. The run's report has it from then on.
    pub async fn outcome(
        &self,
        number: u64,
        timeout: Duration,
        id: &EffectId,
    ) -> Result<Outcome, Failure> {
        let Some(lost) = self.in_flight.lost(number) else {
            return Ok(Outcome::Unknown);
        };
        if lost.outcome != Outcome::Unknown {
            return Ok(lost.outcome);
        }
        self.through(OutcomeEffect { lost, timeout }, id).await
    }

    /// The numbers of the calls that were made at this path or below it, and of which nothing shows
    /// whether they were carried out.
    pub fn lost_below(&self, path: &str) -> Vec<u64> {
        self.in_flight.lost_below(path)
    }

    /// Whether a call that was made at this path or below it has changed something for certain.
    pub fn has_changed_below(&self, path: &str) -> bool {
        self.in_flight.has_changed_below(path)
    }

    /// Takes what a script has found out of a lost call.
    pub fn resolve(&self, number: u64, outcome: Outcome) {
        self.in_flight.resolve(number, outcome);
    }
}

impl Effect for OutcomeEffect {
    type Outcome = Result<Outcome, Failure>;

    async fn perform(&self, open: &Open<'_>) -> Self::Outcome {
        let probe = self.lost.lookup.as_deref();
        let Some((probe, evidence)) = probe.and_then(|probe| Some((probe, probe.evidence()?)))
        else {
            return Ok(Outcome::Unknown);
        };
        let outcome = self.find(open, probe, evidence).await;
        open.gate.resolve(self.lost.number, outcome);
        Ok(outcome)
    }

    fn stopped(&self, _: &Open<'_>, stop: StopReason) -> Self::Outcome {
        let error = CallError::Cancelled {
            reason: stop.describe(),
            sent: Sent::No,
        };
        Err(Failure::unsent(&self.lost.action, error))
    }
}

impl OutcomeEffect {
    async fn find(&self, open: &Open<'_>, probe: &OutcomeProbe, evidence: &Evidence) -> Outcome {
        let gate = open.gate;
        let settled = self.lost.left.saturating_add(probe.settles());
        let deadline = gate.elapsed().saturating_add(self.timeout);
        let mut backoff = Backoff::new(FIRST_PAUSE, LONGEST_PAUSE);
        loop {
            let looked = gate.elapsed();
            match look(open, probe, evidence).await {
                Ok(Sighting::Done) => return Outcome::Done,
                Ok(Sighting::Unchanged) if looked >= settled => return Outcome::NotDone,
                Ok(_) => {}
                Err(failure) => {
                    let action = &self.lost.action;
                    gate.log(
                        Level::Warn,
                        &format!("looking whether {action} was carried out failed: {failure}"),
                    );
                    if !can_pass(&failure) {
                        return Outcome::Unknown;
                    }
                }
            }
            let left = deadline.saturating_sub(gate.elapsed());
            if left.is_zero() {
                return Outcome::Unknown;
            }
            let pause = backoff.next(gate.parts.random.fraction());
            gate.clock().sleep(pause.min(left)).await;
        }
    }
}

/// A list that changed meanwhile can be read again.
fn can_pass(failure: &ReadError) -> bool {
    match failure {
        ReadError::Call(failure) => failure.retryable,
        ReadError::Pages(_) => true,
    }
}

/// One look at all sites.
async fn look(
    open: &Open<'_>,
    probe: &OutcomeProbe,
    evidence: &Evidence,
) -> Result<Sighting, ReadError> {
    let mut answers: Vec<Json> = Vec::new();
    let account = probe.account();
    let options = CallOptions {
        profile: account.profile.clone(),
        region: account.region.clone(),
        ..CallOptions::default()
    };
    for params in probe.requests() {
        let reading = probe.reading().clone();
        if reading.paginator.is_some() {
            let paginator = Paginator::new(reading, params)?;
            answers.extend(read_whole(open, paginator, &options).await?);
        } else {
            let call = Call {
                action: reading,
                params,
                content: None,
                options: options.clone(),
            };
            answers.push(open.gate.call_within(call, open.id).await?.json);
        }
    }
    Ok(evidence.judge(&answers))
}
