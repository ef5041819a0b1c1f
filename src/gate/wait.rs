//! Waiting for tasks: polls each side by side with growing pauses until its acceptors say that it is over.

use super::watch::{LAST_LOOK, Pace};
use super::{Event, Gate, Level, Stop};
use crate::client::error::Failure;
use crate::client::waiter::{self, Task, Verdict};
use crate::client::{Call, CallOptions};
use crate::effect_id::EffectId;
use cumulua_core::catalog::{Action, ProductModel};
use futures_util::future::try_join_all;
use std::sync::Arc;
use std::time::Duration;

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
    /// Its dialect needs a further id.
    #[error("the task {task} cannot be asked for without its {name}: `cumulua wait … --with {name}=…`, or task({:?}, {:?}, {{ {name} = … }})", .task.dialect, .task.id)]
    Incomplete {
        /// The task.
        task: Task,
        /// The further id.
        name: String,
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
    #[error("the task {task} was still {state:?} after {} s; it goes on in the cloud{}", .waited.as_secs(), last(.failure.as_deref()))]
    TimedOut {
        /// The task.
        task: Task,
        /// The service's name of its state.
        state: String,
        /// How long it was waited for.
        waited: Duration,
        /// Why the last poll got no answer, if it got none.
        failure: Option<Box<Failure>>,
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
        failure: Box<Failure>,
    },
}

impl WaitError {
    /// The task that it is about.
    pub fn task(&self) -> Option<&Task> {
        match self {
            Self::UnknownDialect { .. } => None,
            Self::Incomplete { task, .. }
            | Self::Failed { task, .. }
            | Self::TimedOut { task, .. }
            | Self::Cancelled { task, .. }
            | Self::Call { task, .. } => Some(task),
        }
    }
}

fn last(failure: Option<&Failure>) -> String {
    failure.map(|failure| format!("; the last time that it was asked for failed: {failure}")).unwrap_or_default()
}

/// The ids of what a task made say more than that it is done, where they are few.
fn done(resources: &[String]) -> String {
    match resources.len() {
        0 => "done".to_owned(),
        1..=3 => format!("done, {}", resources.join(", ")),
        many => format!("done, {many} resources"),
    }
}

fn about(resources: &[String]) -> String {
    if resources.is_empty() { String::new() } else { format!("; it was about {}", resources.join(", ")) }
}

impl Gate {
    /// Waits for tasks side by side; gives the ids of what they made or changed, in the tasks' order.
    pub fn wait<'a>(
        &'a self,
        tasks: Vec<Task>,
        timeout: Duration,
        place: &'a EffectId,
    ) -> impl Future<Output = Result<Vec<String>, WaitError>> + use<'a> {
        // Room for these and no more: most waits are for one task.
        let mut polls = Vec::with_capacity(tasks.len());
        let running = tasks.into_iter().filter(|task| !task.is_none());
        polls.extend(running.map(|task| Poll::new(self, task, timeout, place)));
        async move {
            match &mut polls[..] {
                [poll] => poll.until_it_ends().await,
                polls => Ok(try_join_all(polls.iter_mut().map(Poll::until_it_ends)).await?.concat()),
            }
        }
    }
}

/// A task that is asked for until it has ended; says that nobody waits any more where a sibling's failure ends the wait. Ten thousand
/// of them may wait at once, so it holds no more than it must.
struct Poll<'a> {
    gate: &'a Gate,
    id: u64,
    task: Arc<Task>,
    /// The Action that started the task, where this run did.
    started_by: Option<Arc<str>>,
    place: &'a EffectId,
    started: Duration,
    timeout: Duration,
    pace: Option<Pace>,
    state: String,
    failure: Option<Box<Failure>>,
    has_warned: bool,
    has_ended: bool,
}

impl Drop for Poll<'_> {
    fn drop(&mut self) {
        if !self.has_ended {
            self.end("no longer waited for", false);
        }
    }
}

impl<'a> Poll<'a> {
    fn new(gate: &'a Gate, task: Task, timeout: Duration, place: &'a EffectId) -> Self {
        let (task, started_by) = match gate.ledger.started(&task) {
            Some((task, action)) => (task, Some(action)),
            None => (Arc::new(task), None),
        };
        let (id, started) = (gate.next_wait(), gate.elapsed());
        let (pace, state, failure, has_warned, has_ended) = (None, String::new(), None, false, false);
        Self { gate, id, task, started_by, place, started, timeout, pace, state, failure, has_warned, has_ended }
    }

    fn what(&self) -> String {
        match &self.started_by {
            Some(action) => format!("{action}, {}", self.task),
            None => self.task.to_string(),
        }
    }

    /// The Action that tasks of its dialect are asked for with, and the product that has the dialect's waiter.
    fn asked_with(&self) -> Result<(Action, Arc<ProductModel>), WaitError> {
        let (gate, task) = (self.gate, &self.task);
        let unknown = || WaitError::UnknownDialect { dialect: task.dialect.clone() };
        let product = gate.waiter_for(&task.product, &task.dialect).ok_or_else(unknown)?;
        let model = &product.waiters[&task.dialect];
        if let Some(name) = model.arguments.values().find(|name| *name != "id" && !task.with.contains_key(*name)) {
            return Err(WaitError::Incomplete { task: Task::clone(task), name: name.clone() });
        }
        let action = gate.world.catalog.action(&model.operation).map_err(|_| unknown())?;
        Ok((action, product))
    }

    fn elapsed(&self) -> Duration {
        self.gate.elapsed().saturating_sub(self.started)
    }

    /// Asks until the task has ended, and says how it did; gives the ids of what it made or changed.
    async fn until_it_ends(&mut self) -> Result<Vec<String>, WaitError> {
        let outcome = self.ended().await;
        self.tell_end(&outcome);
        outcome
    }

    async fn ended(&mut self) -> Result<Vec<String>, WaitError> {
        loop {
            let turn = self.gate.lanes.poll().await;
            // Boxed, and not made before its turn: the pauses are long, and ten thousand waits must not each hold room for a call.
            if let Some(resources) = Box::pin(self.ask()).await? {
                return Ok(resources);
            }
            drop(turn);
            let pause = self.pause()?;
            self.gate.sleep(pause, self.place).await.map_err(|stop| self.cancelled(stop))?;
        }
    }

    fn tell_end(&mut self, outcome: &Result<Vec<String>, WaitError>) {
        let (text, done) = match outcome {
            Ok(resources) => (done(resources), true),
            Err(WaitError::Failed { state, reason, .. }) => (reason.clone().unwrap_or_else(|| state.clone()), false),
            Err(WaitError::TimedOut { .. }) => ("still running, no longer waited for".to_owned(), false),
            Err(WaitError::Cancelled { .. }) => ("still running".to_owned(), false),
            Err(error) => (error.to_string(), false),
        };
        if matches!(outcome, Ok(_) | Err(WaitError::Failed { .. })) {
            self.gate.ledger.task_ended(&self.task);
        }
        self.end(&text, done);
    }

    /// Asks once; the ids of what the task made or changed, where it is done.
    async fn ask(&mut self) -> Result<Option<Vec<String>>, WaitError> {
        let (action, product) = self.asked_with()?;
        let task = Arc::clone(&self.task);
        let model = &product.waiters[&task.dialect];
        self.pace.get_or_insert_with(|| Pace::new(Duration::from_secs(model.delay), Duration::from_secs(model.max_delay)));
        let left = self.timeout.saturating_sub(self.elapsed());
        let options = CallOptions {
            // The wait itself tries again; a poll that hangs must not outlast it.
            retries: Some(0),
            timeout: Some(left.max(LAST_LOOK)),
            profile: task.account.profile.clone(),
            region: task.account.region.clone(),
            unchecked: false,
        };
        let call = Call { action, params: waiter::parameters(model, &task), options };
        let state = match self.gate.call(call, self.place).await {
            Ok(answer) => {
                self.failure = None;
                match waiter::judge(model, &answer.json) {
                    Verdict::Done { resources, .. } => return Ok(Some(resources)),
                    Verdict::Failed { state, reason, resources } => {
                        let reason = reason.map(|reason| self.gate.redact(&reason));
                        return Err(WaitError::Failed { task: Task::clone(&task), state, reason, resources });
                    }
                    Verdict::Running { state, known } => {
                        if !known && !std::mem::replace(&mut self.has_warned, true) {
                            let message = format!("the task {task} is in a state that no document names: {state:?}; waiting on");
                            self.gate.log(Level::Warn, &message);
                        }
                        state
                    }
                }
            }
            Err(failure) => {
                self.ride_out(failure)?;
                self.state.clone()
            }
        };
        self.tell(state);
        Ok(None)
    }

    /// Takes a failure that can pass; the wait goes on.
    fn ride_out(&mut self, failure: Failure) -> Result<(), WaitError> {
        if let Some(stop) = self.gate.interrupt_at(&self.place.path).reason() {
            return Err(self.cancelled(stop));
        }
        let task = &self.task;
        if !failure.error.retryable() {
            return Err(WaitError::Call { task: Task::clone(task), failure: Box::new(failure) });
        }
        // The first failure of a row is said, so that an hour of silence is none.
        let level = if self.failure.is_some() { Level::Debug } else { Level::Warn };
        self.gate.log(level, &format!("asking for the task {task} failed and is tried again: {failure}"));
        self.failure = Some(Box::new(failure));
        Ok(())
    }

    fn tell(&mut self, state: String) {
        let changed = state != self.state;
        self.state.clone_from(&state);
        let (id, what, elapsed) = (self.id, self.what(), self.elapsed());
        self.gate.world.observer.event(Event::Waiting { id, what, state, changed, elapsed });
    }

    /// The pause before it is asked for again; an error where the time is over.
    fn pause(&mut self) -> Result<Duration, WaitError> {
        let waited = self.elapsed();
        let left = self.timeout.saturating_sub(waited);
        if left.is_zero() {
            let (task, state, failure) = (Task::clone(&self.task), self.state.clone(), self.failure.take());
            return Err(WaitError::TimedOut { task, state, waited, failure });
        }
        let asked = self.failure.as_ref().and_then(|failure| failure.error.refusal()?.retry_after).unwrap_or_default();
        let pause = self.pace.as_mut().map(|pace| pace.next(self.gate.world.random.fraction())).unwrap_or_default();
        Ok(pause.max(asked).min(left))
    }

    fn cancelled(&self, stop: Stop) -> WaitError {
        WaitError::Cancelled { task: Task::clone(&self.task), stop }
    }

    fn end(&mut self, outcome: &str, done: bool) {
        self.has_ended = true;
        let (what, outcome, elapsed) = (self.what(), self.gate.redact(outcome), self.elapsed());
        self.gate.world.observer.event(Event::WaitEnded { id: self.id, what, outcome, done, elapsed });
    }
}
