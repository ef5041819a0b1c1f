//! Waiting for tasks: polls each side by side with growing pauses until its acceptors say that it is over.

use super::watch::Pace;
use super::{Event, Gate, Level, Place, Stop};
use crate::client::error::Failure;
use crate::client::waiter::{self, Task, Verdict};
use crate::client::{Call, CallOptions};
use futures_util::future::try_join_all;
use std::time::Duration;

/// A task and the account that knows it.
#[derive(Debug, Clone)]
pub struct Awaited {
    /// The task.
    pub task: Task,
    /// The profile of the polling calls; the run's own where none is named.
    pub profile: Option<String>,
    /// The region of the polling calls; the profile's own where none is named.
    pub region: Option<String>,
}

impl From<Task> for Awaited {
    fn from(task: Task) -> Self {
        Self { task, profile: None, region: None }
    }
}

/// How long a wait may take, where nothing else is said.
pub const WAIT_TIMEOUT: Duration = Duration::from_hours(1);

/// Why a wait did not end well. The cloud goes on with a task whether anybody waits or not.
#[derive(Debug, Clone, thiserror::Error)]
pub enum WaitError {
    /// The catalogue has no such dialect.
    #[error("there is no dialect of tasks {dialect:?}")]
    UnknownDialect {
        /// The dialect.
        dialect: String,
    },
    /// The task has failed.
    #[error("the task {task} failed ({state}){}{}", reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default(), about(.resources))]
    Failed {
        /// The task.
        task: Task,
        /// The service's name of its state.
        state: String,
        /// The service's reason.
        reason: Option<String>,
        /// What it was about.
        resources: Vec<String>,
    },
    /// The task still runs.
    #[error("the task {task} was still {state:?} after {} s; it goes on in the cloud{}", .waited.as_secs(), last(.failure.as_ref()))]
    TimedOut {
        /// The task.
        task: Task,
        /// The service's name of its state.
        state: String,
        /// How long it was waited for.
        waited: Duration,
        /// Why the last poll got no answer, if it got none.
        failure: Option<Failure>,
    },
    /// The run was ended.
    #[error("cancelled: {}; the task {task} goes on in the cloud", .stop.describe())]
    Cancelled {
        /// The task.
        task: Task,
        /// What ended the run.
        stop: Stop,
    },
    /// It cannot be asked for.
    #[error("the task {task} cannot be asked for: {failure}")]
    Call {
        /// The task.
        task: Task,
        /// The polling call's failure.
        failure: Failure,
    },
}

impl WaitError {
    /// The task that it is about.
    pub fn task(&self) -> Option<&Task> {
        match self {
            Self::UnknownDialect { .. } => None,
            Self::Failed { task, .. } | Self::TimedOut { task, .. } | Self::Cancelled { task, .. } | Self::Call { task, .. } => {
                Some(task)
            }
        }
    }
}

/// A task that is waited for; says that nobody waits any more where a sibling's failure ends the wait.
struct Watched<'a> {
    gate: &'a Gate,
    id: u64,
    /// The task, and the Action that started it where this run did.
    what: String,
    started: Duration,
    ended: bool,
}

impl Drop for Watched<'_> {
    fn drop(&mut self) {
        if !self.ended {
            self.end("no longer waited for", false);
        }
    }
}

impl Watched<'_> {
    fn end(&mut self, outcome: &str, done: bool) {
        self.ended = true;
        let elapsed = self.gate.elapsed().saturating_sub(self.started);
        let (what, outcome) = (self.what.clone(), self.gate.redact(outcome));
        self.gate.world.observer.event(Event::WaitEnded { id: self.id, what, outcome, done, elapsed });
    }
}

fn last(failure: Option<&Failure>) -> String {
    failure.map(|failure| format!("; the last time that it was asked for failed: {failure}")).unwrap_or_default()
}

/// The ids of what a task made say more than that it is done.
fn done(resources: &[String]) -> String {
    if resources.is_empty() { "done".to_owned() } else { format!("done, {}", resources.join(", ")) }
}

fn about(resources: &[String]) -> String {
    if resources.is_empty() { String::new() } else { format!("; it was about {}", resources.join(", ")) }
}

impl Gate {
    /// Waits for tasks side by side; gives the ids of what they made or changed, in the tasks' order.
    pub async fn wait(&self, tasks: Vec<Awaited>, timeout: Duration, place: &Place) -> Result<Vec<String>, WaitError> {
        let running = tasks.into_iter().filter(|awaited| !awaited.task.is_none());
        let waits = running.map(|awaited| self.wait_for_one(awaited, timeout, place));
        Ok(try_join_all(waits).await?.concat())
    }

    async fn wait_for_one(&self, awaited: Awaited, timeout: Duration, place: &Place) -> Result<Vec<String>, WaitError> {
        let started = self.elapsed();
        let task = &awaited.task;
        let what = match self.ledger.started_by(task) {
            Some(action) => format!("{action}, {task}"),
            None => task.to_string(),
        };
        let mut watched = Watched { gate: self, id: self.next_wait(), what, started, ended: false };
        let outcome = self.poll(&watched, &awaited, timeout, place).await;
        let (text, done) = match &outcome {
            Ok(resources) => (done(resources), true),
            Err(WaitError::Failed { state, reason, .. }) => (reason.clone().unwrap_or_else(|| state.clone()), false),
            Err(WaitError::TimedOut { .. }) => ("still running, no longer waited for".to_owned(), false),
            Err(WaitError::Cancelled { .. }) => ("still running".to_owned(), false),
            Err(error) => (error.to_string(), false),
        };
        if matches!(outcome, Ok(_) | Err(WaitError::Failed { .. })) {
            self.ledger.task_ended(&awaited.task);
        }
        watched.end(&text, done);
        outcome
    }

    async fn poll(
        &self,
        watched: &Watched<'_>,
        awaited: &Awaited,
        timeout: Duration,
        place: &Place,
    ) -> Result<Vec<String>, WaitError> {
        let task = &awaited.task;
        let unknown = || WaitError::UnknownDialect { dialect: task.dialect.clone() };
        let product = self.waiter_for(&task.product, &task.dialect).ok_or_else(unknown)?;
        let model = &product.waiters[&task.dialect];
        let action = self.world.catalog.action(&model.operation).map_err(|_| unknown())?;
        let started = watched.started;
        let mut pace = Pace::new(Duration::from_secs(model.delay), Duration::from_secs(model.max_delay));
        let mut last_state = String::new();
        let (mut warned, mut silent) = (false, false);
        let mut last_failure: Option<Failure> = None;
        loop {
            let left = timeout.saturating_sub(self.elapsed().saturating_sub(started));
            let call_options = CallOptions {
                // The wait itself tries again; a poll that hangs must not outlast it.
                retries: Some(0),
                timeout: Some(left.max(Duration::from_secs(1))),
                profile: awaited.profile.clone(),
                region: awaited.region.clone(),
                unchecked: false,
            };
            let call = Call { action: action.clone(), params: waiter::parameters(model, task), options: call_options };
            // Boxed, because the pauses between the polls are long and many: ten thousand waits must not each hold room for a call.
            let answer = Box::pin(self.call(call, place.clone())).await;
            if answer.is_ok() {
                (silent, last_failure) = (false, None);
            }
            let state = match answer {
                Ok(answer) => match waiter::judge(model, &answer.json) {
                    Verdict::Done { resources, .. } => return Ok(resources),
                    Verdict::Failed { state, reason, resources } => {
                        let reason = reason.map(|reason| self.redact(&reason));
                        return Err(WaitError::Failed { task: task.clone(), state, reason, resources });
                    }
                    Verdict::Running { state, known } => {
                        if !known && !warned {
                            warned = true;
                            self.log(
                                Level::Warn,
                                &format!("the task {task} is in a state that no document names: {state:?}; waiting on"),
                            );
                        }
                        state
                    }
                },
                Err(failure) => match self.interrupt_at(&place.path).reason() {
                    Some(stop) => return Err(WaitError::Cancelled { task: task.clone(), stop }),
                    None if failure.error.retryable() => {
                        // The first failure of a row is said, so that an hour of silence is none.
                        let level = if std::mem::replace(&mut silent, true) { Level::Debug } else { Level::Warn };
                        self.log(level, &format!("asking for the task {task} failed and is tried again: {failure}"));
                        last_failure = Some(failure);
                        last_state.clone()
                    }
                    None => return Err(WaitError::Call { task: task.clone(), failure }),
                },
            };
            let changed = state != last_state;
            last_state.clone_from(&state);
            let elapsed = self.elapsed().saturating_sub(started);
            let what = watched.what.clone();
            self.world.observer.event(Event::Waiting { id: watched.id, what, state, changed, elapsed });
            let left = timeout.saturating_sub(elapsed);
            if left.is_zero() {
                return Err(WaitError::TimedOut { task: task.clone(), state: last_state, waited: elapsed, failure: last_failure });
            }
            let asked = last_failure.as_ref().and_then(|failure| failure.error.refusal()?.retry_after).unwrap_or_default();
            let pause = pace.next(self.world.random.fraction()).max(asked).min(left);
            if let Err(stop) = self.sleep(pause, place).await {
                return Err(WaitError::Cancelled { task: task.clone(), stop });
            }
        }
    }
}
