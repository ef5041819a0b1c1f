//! Waiting for a state: something is asked for again and again, with growing pauses, until it is as
//! it should be.
//!
//! The loop is in `stdlib/core/wait_state.lua`, because what is asked for, and whether it is as it
//! should be, may be functions of the script. Here is what it does in each round: it looks
//! ([`Gate::look_at`]), reports what it saw, and pauses ([`StatePoller::pause`]).

use super::base::Gate;
use super::cancel::StopReason;
use super::effect::{Effect, Open};
use super::wait_pause::{Backoff, LAST_LOOK};
use super::wait_record::WaitRecord;
use crate::client::error::{CallError, Failure, Sent};
use crate::client::value::{Params, Value};
use crate::client::{Answer, Call, CallOptions, waiter};
use crate::effect_id::EffectId;
use cumulua_core::catalog::StateModel;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::AbortHandle;

/// A resource whose state the catalogue can ask for.
#[derive(Debug, Clone)]
pub struct Resource {
    /// The state's whole name, as `mcs.instance`.
    pub model: String,
    /// The resource's id.
    pub id: String,
    /// The profile; the run's own where none is named.
    pub profile: Option<String>,
    /// The region; the profile's own where none is named.
    pub region: Option<String>,
}

/// How a resource was seen.
#[derive(Debug, Clone)]
pub struct Seen {
    /// Its state in the service's words; none where it is gone.
    pub state: Option<String>,
    /// Whether nothing good can follow that state.
    pub has_failed: bool,
    /// The answer; none where the service said that there is no such resource.
    pub answer: Option<Answer>,
}

/// A look at a resource.
struct Look(Resource);

impl Effect for Look {
    type Outcome = Result<Seen, Failure>;

    async fn perform(&self, open: &Open<'_>) -> Self::Outcome {
        let (
            gate,
            Resource {
                model,
                id,
                profile,
                region,
            },
        ) = (open.gate, &self.0);
        let unknown = || {
            Failure::unsent(
                model,
                CallError::BadOption("the catalogue has no such state".to_owned()),
            )
        };
        let (product, name) = model.split_once('.').ok_or_else(unknown)?;
        let product = gate.parts.catalog.product(product).map_err(|_| unknown())?;
        let model = product.states.get(name).ok_or_else(unknown)?;
        let action = gate
            .parts
            .catalog
            .action(&model.operation)
            .map_err(|_| unknown())?;
        let id = Value::String(id.clone());
        // One that takes a list in a text is given one.
        let is_list = |name: &String| {
            action
                .param(name)
                .is_some_and(|param| param.encoding.is_some())
        };
        let value = |name: &String| {
            if is_list(name) {
                Value::List(vec![id.clone()])
            } else {
                id.clone()
            }
        };
        let params: Params = model
            .arguments
            .keys()
            .map(|name| (name.clone(), value(name)))
            .collect();
        let options = CallOptions {
            profile: profile.clone(),
            region: region.clone(),
            ..CallOptions::default()
        };
        match gate
            .call_within(
                Call {
                    action,
                    params,
                    content: None,
                    options,
                },
                open.id,
            )
            .await
        {
            Ok(answer) => {
                let state = waiter::state(model, &answer.json);
                let has_failed = state
                    .as_deref()
                    .is_some_and(|state| waiter::has_failed(model, state));
                Ok(Seen {
                    state,
                    has_failed,
                    answer: Some(answer),
                })
            }
            Err(failure) if is_gone(model, &failure) => Ok(Seen {
                state: None,
                has_failed: false,
                answer: None,
            }),
            Err(failure) => Err(failure),
        }
    }

    fn stopped(&self, _: &Open<'_>, stop: StopReason) -> Self::Outcome {
        let error = CallError::Cancelled {
            reason: stop.describe(),
            sent: Sent::No,
        };
        Err(Failure::unsent(&self.0.model, error))
    }
}

fn is_gone(model: &StateModel, failure: &Failure) -> bool {
    failure
        .error
        .refusal()
        .and_then(|refusal| refusal.code.as_ref())
        .is_some_and(|code| model.gone.contains(code))
}

impl Gate {
    /// The whole names of all states that the catalogue can ask for.
    pub fn state_models(&self) -> Vec<String> {
        let products = self.parts.catalog.products();
        let models = products
            .iter()
            .filter_map(|product| self.parts.catalog.product(product).ok());
        models
            .flat_map(|model| {
                model
                    .states
                    .keys()
                    .map(|name| format!("{}.{name}", model.product))
                    .collect::<Vec<_>>()
            })
            .collect()
    }

    /// Asks for the state of a resource.
    pub async fn look_at(&self, resource: Resource, id: &EffectId) -> Result<Seen, Failure> {
        self.through(Look(resource), id).await
    }
}

/// What waits for a state: the pauses between two looks, and the limit of all.
pub struct StatePoller {
    gate: Arc<Gate>,
    record: WaitRecord,
    what: String,
    timeout: Duration,
    backoff: Backoff,
    state: String,
    /// Below this path looking is ended when the time is over.
    path: String,
    alarm: AbortHandle,
}

/// Why a state is waited for no longer.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum StatePollerError {
    /// Its time is over.
    #[error("{what} {} after {} s", describe_last_state(.state), .waited.as_secs())]
    TimedOut {
        /// What was waited for.
        what: String,
        /// How it was seen last.
        state: String,
        /// How long it was waited for.
        waited: Duration,
    },
    /// Ended from outside.
    #[error("cancelled: {}", .0.describe())]
    Cancelled(StopReason),
}

fn describe_last_state(state: &str) -> String {
    if state.is_empty() {
        "was not as it should be".to_owned()
    } else {
        format!("was still {state:?}")
    }
}

impl StatePoller {
    /// The pause before the second look.
    const FIRST_PAUSE: Duration = Duration::from_secs(1);
    /// The pause between two looks at most.
    const LONGEST_PAUSE: Duration = Duration::from_secs(15);

    /// A poller of `what`, for `timeout` at most. All effects of looking stand below `path`.
    pub fn new(gate: Arc<Gate>, what: String, timeout: Duration, path: String) -> Self {
        Self {
            record: WaitRecord::new(&gate),
            alarm: gate.limit_below(&path, timeout.saturating_add(LAST_LOOK)),
            backoff: Backoff::new(Self::FIRST_PAUSE, Self::LONGEST_PAUSE),
            state: String::new(),
            gate,
            what,
            timeout,
            path,
        }
    }

    /// Reports how it was seen, and waits until it should be looked at again.
    pub async fn pause(&mut self, state: String, id: &EffectId) -> Result<(), StatePollerError> {
        let changed = state != self.state;
        self.state = state;
        self.record
            .goes_on(&self.gate, &self.what, &self.state, changed);
        let elapsed = self.record.elapsed(&self.gate);
        let left = self.timeout.saturating_sub(elapsed);
        if left.is_zero() {
            self.end("not waited for any longer", false);
            return Err(StatePollerError::TimedOut {
                what: self.what.clone(),
                state: self.state.clone(),
                waited: elapsed,
            });
        }
        let pause = self
            .backoff
            .next(self.gate.parts.random.fraction())
            .min(left);
        self.gate
            .sleep(pause, id)
            .await
            .map_err(StatePollerError::Cancelled)
    }

    /// Reports how it ended.
    pub fn end(&mut self, outcome: &str, done: bool) {
        if !self.record.has_ended() {
            self.gate.unlimit(&self.path, &self.alarm);
            self.record.end(&self.gate, &self.what, outcome, done);
        }
    }
}

impl Drop for StatePoller {
    fn drop(&mut self) {
        self.end("no longer waited for", false);
    }
}
