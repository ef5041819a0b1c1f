//! Waiting for tasks: polls each side by side with growing pauses until its acceptors say that it is over.

use super::watch::{LAST_LOOK, Pace};
use super::{Event, Gate, Level, Place, Stop};
use crate::catalog::{Action, ProductModel, WaiterModel};
use crate::client::error::Failure;
use crate::client::waiter::{self, Task, Verdict};
use crate::client::{Call, CallOptions};
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
    pub async fn wait(&self, tasks: &[Task], timeout: Duration, place: &Place) -> Result<Vec<String>, WaitError> {
        let wait = |task| self.wait_for_one(task, timeout, place);
        let mut running = tasks.iter().filter(|task| !task.is_none());
        match (running.next(), running.next()) {
            (None, _) => Ok(Vec::new()),
            (Some(task), None) => wait(task).await,
            (Some(first), Some(second)) => Ok(try_join_all([first, second].into_iter().chain(running).map(wait)).await?.concat()),
        }
    }

    async fn wait_for_one(&self, task: &Task, timeout: Duration, place: &Place) -> Result<Vec<String>, WaitError> {
        let mut poll = Poll::new(self, task, timeout, place);
        let outcome = match poll.asked_with() {
            Ok(asked) => poll.until_it_ends(&asked).await,
            Err(unknown) => Err(unknown),
        };
        let (text, done) = match &outcome {
            Ok(resources) => (done(resources), true),
            Err(WaitError::Failed { state, reason, .. }) => (reason.clone().unwrap_or_else(|| state.clone()), false),
            Err(WaitError::TimedOut { .. }) => ("still running, no longer waited for".to_owned(), false),
            Err(WaitError::Cancelled { .. }) => ("still running".to_owned(), false),
            Err(error) => (error.to_string(), false),
        };
        if matches!(outcome, Ok(_) | Err(WaitError::Failed { .. })) {
            self.ledger.task_ended(task);
        }
        poll.end(&text, done);
        outcome
    }
}

/// How tasks of a dialect are asked for.
struct Asked {
    product: Arc<ProductModel>,
    action: Action,
}

/// A task that is asked for until it has ended; says that nobody waits any more where a sibling's failure ends the wait. Ten thousand
/// of them may wait at once, so it holds no more than it must.
struct Poll<'a> {
    gate: &'a Gate,
    id: u64,
    task: &'a Task,
    place: &'a Place,
    /// The task, and the Action that started it where this run did.
    what: String,
    started: Duration,
    timeout: Duration,
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
    fn new(gate: &'a Gate, task: &'a Task, timeout: Duration, place: &'a Place) -> Self {
        let what = match gate.ledger.started_by(task) {
            Some(action) => format!("{action}, {task}"),
            None => task.to_string(),
        };
        let (id, started) = (gate.next_wait(), gate.elapsed());
        let (state, failure, has_warned, has_ended) = (String::new(), None, false, false);
        Self { gate, id, task, place, what, started, timeout, state, failure, has_warned, has_ended }
    }

    fn asked_with(&self) -> Result<Asked, WaitError> {
        let (gate, task) = (self.gate, self.task);
        let unknown = || WaitError::UnknownDialect { dialect: task.dialect.clone() };
        let product = gate.waiter_for(&task.product, &task.dialect).ok_or_else(unknown)?;
        let model = &product.waiters[&task.dialect];
        if let Some(name) = model.arguments.values().find(|name| *name != "id" && !task.with.contains_key(*name)) {
            return Err(WaitError::Incomplete { task: task.clone(), name: name.clone() });
        }
        let action = gate.world.catalog.action(&model.operation).map_err(|_| unknown())?;
        Ok(Asked { product, action })
    }

    fn elapsed(&self) -> Duration {
        self.gate.elapsed().saturating_sub(self.started)
    }

    /// Asks until the task has ended; gives the ids of what it made or changed.
    async fn until_it_ends(&mut self, asked: &Asked) -> Result<Vec<String>, WaitError> {
        let model = &asked.product.waiters[&self.task.dialect];
        let mut pace = Pace::new(Duration::from_secs(model.delay), Duration::from_secs(model.max_delay));
        loop {
            let turn = self.gate.lanes.poll().await;
            // Boxed, and not made before its turn: the pauses are long, and ten thousand waits must not each hold room for a call.
            let ended = Box::pin(self.ask(model, &asked.action)).await?;
            drop(turn);
            if let Some(resources) = ended {
                return Ok(resources);
            }
            let pause = self.pause(&mut pace)?;
            self.gate.sleep(pause, self.place).await.map_err(|stop| self.cancelled(stop))?;
        }
    }

    /// Asks once; the ids of what the task made or changed, where it is done.
    async fn ask(&mut self, model: &WaiterModel, action: &Action) -> Result<Option<Vec<String>>, WaitError> {
        let task = self.task;
        let left = self.timeout.saturating_sub(self.elapsed());
        let options = CallOptions {
            // The wait itself tries again; a poll that hangs must not outlast it.
            retries: Some(0),
            timeout: Some(left.max(LAST_LOOK)),
            profile: task.account.profile.clone(),
            region: task.account.region.clone(),
            unchecked: false,
        };
        let call = Call { action: action.clone(), params: waiter::parameters(model, task), options };
        let state = match self.gate.call(call, self.place.clone()).await {
            Ok(answer) => {
                self.failure = None;
                match waiter::judge(model, &answer.json) {
                    Verdict::Done { resources, .. } => return Ok(Some(resources)),
                    Verdict::Failed { state, reason, resources } => {
                        let reason = reason.map(|reason| self.gate.redact(&reason));
                        return Err(WaitError::Failed { task: task.clone(), state, reason, resources });
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
        let task = self.task;
        if !failure.error.retryable() {
            return Err(WaitError::Call { task: task.clone(), failure: Box::new(failure) });
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
        let (id, what, elapsed) = (self.id, self.what.clone(), self.elapsed());
        self.gate.world.observer.event(Event::Waiting { id, what, state, changed, elapsed });
    }

    /// The pause before it is asked for again; an error where the time is over.
    fn pause(&mut self, pace: &mut Pace) -> Result<Duration, WaitError> {
        let waited = self.elapsed();
        let left = self.timeout.saturating_sub(waited);
        if left.is_zero() {
            let (task, state, failure) = (self.task.clone(), self.state.clone(), self.failure.take());
            return Err(WaitError::TimedOut { task, state, waited, failure });
        }
        let asked = self.failure.as_ref().and_then(|failure| failure.error.refusal()?.retry_after).unwrap_or_default();
        Ok(pace.next(self.gate.world.random.fraction()).max(asked).min(left))
    }

    fn cancelled(&self, stop: Stop) -> WaitError {
        WaitError::Cancelled { task: self.task.clone(), stop }
    }

    fn end(&mut self, outcome: &str, done: bool) {
        self.has_ended = true;
        let (what, outcome, elapsed) = (self.what.clone(), self.gate.redact(outcome), self.elapsed());
        self.gate.world.observer.event(Event::WaitEnded { id: self.id, what, outcome, done, elapsed });
    }
}
