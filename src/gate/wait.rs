//! Waiting for tasks: each is asked for with growing pauses, side by side with the others, until an
//! acceptor of its dialect finds that it is over.

use super::base::Gate;
use super::cancel::StopReason;
use super::effect::{Effect, Open};
use super::events::Level;
use super::wait_pause::{Backoff, LAST_LOOK, UNKNOWN_FOR, UNREADABLE_IN_A_ROW};
use super::wait_record::WaitRecord;
use crate::client::error::{CallError, Failure};
use crate::client::waiter::{self, Task, Verdict};
use crate::client::{Call, CallOptions};
use crate::effect_id::EffectId;
use cumulua_core::catalog::{Action, ProductModel, WaiterModel};
use futures_util::FutureExt as _;
use futures_util::future::try_join_all;
use std::cell::RefCell;
use std::sync::Arc;
use std::time::Duration;

/// How long a wait may take by default.
pub const WAIT_TIMEOUT: Duration = Duration::from_hours(1);

/// Why a wait did not end well. The cloud goes on with a task whether it is waited for or not.
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
    #[error("cancelled: {}{}", .stop.describe(), describe_waiting(.task.as_ref()))]
    Cancelled {
        /// A task that goes on, where there is one.
        task: Option<Task>,
        /// What ended the run.
        stop: StopReason,
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
            | Self::Call { task, .. } => Some(task),
            Self::Cancelled { task, .. } => task.as_ref(),
        }
    }
}

fn describe_waiting(task: Option<&Task>) -> String {
    task.map(|task| format!("; the task {task} goes on in the cloud"))
        .unwrap_or_default()
}

fn last(failure: Option<&Failure>) -> String {
    failure
        .map(|failure| format!("; the last time that it was asked for failed: {failure}"))
        .unwrap_or_default()
}

/// The ids of what a task made, where they are few: more useful than that it is done.
fn describe_done(resources: &[String]) -> String {
    match resources.len() {
        0 => "done".to_owned(),
        1..=3 => format!("done, {}", resources.join(", ")),
        many => format!("done, {many} resources"),
    }
}

fn about(resources: &[String]) -> String {
    if resources.is_empty() {
        String::new()
    } else {
        format!("; it was about {}", resources.join(", "))
    }
}

/// A wait for some tasks. Ten thousand of them may go on at once, so it holds no more than it must.
struct WaitEffect {
    tasks: Vec<Awaited>,
    timeout: Duration,
}

/// A task that is waited for, and how it was seen last.
struct Awaited {
    record: WaitRecord,
    task: Arc<Task>,
    /// The Action that started the task, where this run did.
    started_by: Option<Arc<str>>,
    state: RefCell<String>,
}

impl Gate {
    /// Waits for tasks side by side; gives the ids of what they made or changed, in the tasks'
    /// order.
    pub fn wait<'a>(
        &'a self,
        tasks: Vec<Task>,
        timeout: Duration,
        id: &'a EffectId,
    ) -> impl Future<Output = Result<Vec<String>, WaitError>> + use<'a> {
        // Room for these and no more: most waits are for one task.
        let mut awaited = Vec::with_capacity(tasks.len());
        awaited.extend(
            tasks
                .into_iter()
                .filter(|task| !task.is_none())
                .map(|task| Awaited::new(self, task)),
        );
        self.through(
            WaitEffect {
                tasks: awaited,
                timeout,
            },
            id,
        )
    }
}

impl Effect for WaitEffect {
    type Outcome = Result<Vec<String>, WaitError>;

    async fn perform(&self, open: &Open<'_>) -> Self::Outcome {
        match &self.tasks[..] {
            [task] => self.poll(task, open).await,
            tasks => Ok(try_join_all(tasks.iter().map(|task| self.poll(task, open)))
                .await?
                .concat()),
        }
    }

    fn stopped(&self, open: &Open<'_>, stop: StopReason) -> Self::Outcome {
        let going_on: Vec<_> = self
            .tasks
            .iter()
            .filter(|task| !task.record.has_ended())
            .collect();
        for task in &going_on {
            task.end(open.gate, "still running", false);
        }
        let task = going_on
            .first()
            .or(self.tasks.first().as_ref())
            .map(|task| Task::clone(&task.task));
        Err(WaitError::Cancelled { task, stop })
    }

    fn ended(&self, open: &Open<'_>, _: Option<&Self::Outcome>) {
        // A sibling's failure ends the wait for the others.
        self.tasks
            .iter()
            .filter(|task| !task.record.has_ended())
            .for_each(|task| task.end(open.gate, "no longer waited for", false));
    }
}

impl WaitEffect {
    /// Asks for a task until it has ended, or its time is over, and reports how it did; gives the
    /// ids of what it made or changed. An async block, which holds what it is given once.
    fn poll<'a>(
        &'a self,
        awaited: &'a Awaited,
        open: &'a Open<'a>,
    ) -> impl Future<Output = Result<Vec<String>, WaitError>> + use<'a> {
        let polling = async move {
            let mut backoff = awaited.backoff(open.gate)?;
            let mut failure: Option<Box<Failure>> = None;
            let mut has_warned = false;
            let mut unreadable = 0;
            loop {
                match self.ask_in_turn(awaited, open).await? {
                    Ok(Verdict::Done { resources, .. }) => return Ok(resources),
                    Ok(Verdict::Failed {
                        state,
                        reason,
                        resources,
                    }) => {
                        let reason = reason.map(|reason| open.gate.redact(&reason));
                        return Err(WaitError::Failed {
                            task: awaited.task(),
                            state,
                            reason,
                            resources,
                        });
                    }
                    Ok(Verdict::Running { state, known }) => {
                        failure = None;
                        unreadable = 0;
                        if !known && !std::mem::replace(&mut has_warned, true) {
                            let task = &awaited.task;
                            let message = format!(
                                "the task {task} is in a state that no document names: {state:?}; waiting on"
                            );
                            open.gate.log(Level::Warn, &message);
                        }
                        awaited.announce(open.gate, Some(state));
                    }
                    Err(failed) if awaited.may_pass(open.gate, &failed, &mut unreadable)? => {
                        // The first failure of a row is reported, so that an hour of silence is
                        // none.
                        let level = if failure.is_some() {
                            Level::Debug
                        } else {
                            Level::Warn
                        };
                        open.gate.log(
                            level,
                            &format!(
                                "asking for the task {} failed and is tried again: {failed}",
                                awaited.task
                            ),
                        );
                        failure = Some(Box::new(failed));
                        awaited.announce(open.gate, None);
                    }
                    Err(failed) => {
                        return Err(WaitError::Call {
                            task: awaited.task(),
                            failure: Box::new(failed),
                        });
                    }
                }
                let waited = awaited.record.elapsed(open.gate);
                let left = self.timeout.saturating_sub(waited);
                if left.is_zero() {
                    return Err(WaitError::TimedOut {
                        task: awaited.task(),
                        state: awaited.state.borrow().clone(),
                        waited,
                        failure,
                    });
                }
                let asked_for = failure
                    .as_ref()
                    .and_then(|failure| failure.error.refusal()?.retry_after)
                    .unwrap_or_default();
                open.gate
                    .clock()
                    .sleep(
                        backoff
                            .next(open.gate.parts.random.fraction())
                            .max(asked_for)
                            .min(left),
                    )
                    .await;
            }
        };
        polling.inspect(move |outcome| awaited.end_with(open.gate, outcome))
    }

    /// Boxed, and made only when it is polled: the pauses are long, and ten thousand waits must not
    /// each hold the memory of a call.
    async fn ask_in_turn(
        &self,
        awaited: &Awaited,
        open: &Open<'_>,
    ) -> Result<Result<Verdict, Failure>, WaitError> {
        let _turn = open.gate.limiter.poll().await;
        Box::pin(self.ask(awaited, open)).await
    }

    /// Asks for a task once.
    async fn ask(
        &self,
        awaited: &Awaited,
        open: &Open<'_>,
    ) -> Result<Result<Verdict, Failure>, WaitError> {
        let (action, product) = awaited.asked_with(open.gate)?;
        let (task, model) = (&awaited.task, &product.waiters[&awaited.task.dialect]);
        let left = self
            .timeout
            .saturating_sub(awaited.record.elapsed(open.gate));
        let options = CallOptions {
            // The wait itself tries again; a poll that hangs must not outlast it.
            retries: Some(0),
            timeout: Some(left.max(LAST_LOOK)),
            profile: task.account.profile.clone(),
            region: task.account.region.clone(),
            ..CallOptions::default()
        };
        let call = Call {
            action,
            params: waiter::parameters(model, task),
            content: None,
            options,
        };
        Ok(open
            .gate
            .call_within(call, open.id)
            .await
            .map(|answer| waiter::judge(model, &answer.json)))
    }
}

impl Awaited {
    fn new(gate: &Gate, task: Task) -> Self {
        let (task, started_by) = match gate.in_flight.started(&task) {
            Some((task, action)) => (task, Some(action)),
            None => (Arc::new(task), None),
        };
        Self {
            record: WaitRecord::new(gate),
            task,
            started_by,
            state: RefCell::default(),
        }
    }

    fn task(&self) -> Task {
        Task::clone(&self.task)
    }

    fn what(&self) -> String {
        match &self.started_by {
            Some(action) => format!("{action}, {}", self.task),
            None => self.task.to_string(),
        }
    }

    /// The Action that tasks of its dialect are asked for with, and the product that has the
    /// dialect's waiter.
    fn asked_with(&self, gate: &Gate) -> Result<(Action, Arc<ProductModel>), WaitError> {
        let task = &self.task;
        let unknown = || WaitError::UnknownDialect {
            dialect: task.dialect.clone(),
        };
        let product = gate
            .waiter_for(&task.product, &task.dialect)
            .ok_or_else(unknown)?;
        let model = &product.waiters[&task.dialect];
        if let Some(name) = model
            .arguments
            .values()
            .find(|name| *name != "id" && !task.with.contains_key(*name))
        {
            return Err(WaitError::Incomplete {
                task: Task::clone(task),
                name: name.clone(),
            });
        }
        let action = gate
            .parts
            .catalog
            .action(&model.operation)
            .map_err(|_| unknown())?;
        Ok((action, product))
    }

    /// Whether asking again can help: where the failure says so, where the service may not know a
    /// new task yet, and where what came was no answer, unless that comes `unreadable` times in a
    /// row too often.
    fn may_pass(
        &self,
        gate: &Gate,
        failed: &Failure,
        unreadable: &mut u32,
    ) -> Result<bool, WaitError> {
        if matches!(failed.error, CallError::Unintelligible { .. }) {
            *unreadable += 1;
            return Ok(failed.error.retryable() || *unreadable <= UNREADABLE_IN_A_ROW);
        }
        *unreadable = 0;
        let (_, product) = self.asked_with(gate)?;
        let unknown = &product.waiters[&self.task.dialect].unknown;
        let code = failed
            .error
            .refusal()
            .and_then(|refusal| refusal.code.as_ref());
        let is_unknown = code.is_some_and(|code| unknown.contains(code));
        Ok(failed.error.retryable() || is_unknown && self.record.elapsed(gate) < UNKNOWN_FOR)
    }

    fn backoff(&self, gate: &Gate) -> Result<Backoff, WaitError> {
        let (_, product) = self.asked_with(gate)?;
        let WaiterModel {
            delay, max_delay, ..
        } = &product.waiters[&self.task.dialect];
        Ok(Backoff::new(
            Duration::from_secs(*delay),
            Duration::from_secs(*max_delay),
        ))
    }

    /// Reports its state; without one, that it is as before.
    fn announce(&self, gate: &Gate, state: Option<String>) {
        let before = self.state.borrow().clone();
        let state = state.unwrap_or_else(|| before.clone());
        let changed = state != before;
        self.state.borrow_mut().clone_from(&state);
        self.record.goes_on(gate, &self.what(), &state, changed);
    }

    fn end_with(&self, gate: &Gate, outcome: &Result<Vec<String>, WaitError>) {
        let (text, done) = match outcome {
            Ok(resources) => (describe_done(resources), true),
            Err(WaitError::Failed { state, reason, .. }) => {
                (reason.clone().unwrap_or_else(|| state.clone()), false)
            }
            Err(WaitError::TimedOut { .. }) => {
                ("still running, no longer waited for".to_owned(), false)
            }
            Err(error) => (error.to_string(), false),
        };
        if matches!(outcome, Ok(_) | Err(WaitError::Failed { .. })) {
            gate.in_flight.task_ended(&self.task);
        }
        self.end(gate, &text, done);
    }

    fn end(&self, gate: &Gate, outcome: &str, done: bool) {
        self.record.end(gate, &self.what(), outcome, done);
    }
}
