//! What the run has set going in the cloud and not yet seen the end of: for the report when it is
//! ended from outside.

use crate::client::command::AccountRef;
use crate::client::error::Sent;
use crate::client::outcome_probe::OutcomeProbe;
use crate::client::waiter::Task;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The run's calls and tasks that have not ended.
#[derive(Debug, Default)]
pub(super) struct InFlight {
    entries: Mutex<Entries>,
}

#[derive(Debug, Default)]
struct Entries {
    next: u64,
    calls: BTreeMap<u64, OpenCall>,
    tasks: BTreeMap<Arc<Task>, Arc<str>>,
    unknown: Vec<UnknownOutcome>,
}

#[derive(Debug)]
struct OpenCall {
    action: Arc<str>,
    read_only: bool,
    attempts: u32,
    /// Whether an attempt is on its way or was lost on it.
    maybe_sent: bool,
    lookup: Option<Arc<OutcomeProbe>>,
}

/// A mutating call that may have been carried out.
#[derive(Debug, Clone, PartialEq)]
pub struct UnknownOutcome {
    /// Its Action.
    pub action: String,
    /// How to find out.
    pub lookup: Option<Arc<OutcomeProbe>>,
}

/// What a run leaves open.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Pending {
    /// Mutating calls that may have been carried out.
    pub unknown: Vec<UnknownOutcome>,
    /// Tasks that still run in the cloud, and the Actions that started them.
    pub tasks: Vec<(Task, String)>,
    /// The account that the run was started with.
    pub account: AccountRef,
}

impl InFlight {
    /// A call begins; gives its number.
    pub(super) fn begin(
        &self,
        action: Arc<str>,
        read_only: bool,
        lookup: Option<Arc<OutcomeProbe>>,
    ) -> u64 {
        let mut entries = self.lock();
        entries.next += 1;
        let id = entries.next;
        entries.calls.insert(
            id,
            OpenCall {
                action,
                read_only,
                attempts: 0,
                maybe_sent: false,
                lookup,
            },
        );
        id
    }

    /// An attempt of a call leaves; until it ends it may be carried out.
    pub(super) fn attempt(&self, id: u64, number: u32) {
        if let Some(call) = self.lock().calls.get_mut(&id) {
            call.attempts = number;
            call.maybe_sent = true;
        }
    }

    /// No attempt of a call is on its way; `maybe_sent` is whether any so far may have been carried
    /// out.
    pub(super) fn landed(&self, id: u64, maybe_sent: bool) {
        if let Some(call) = self.lock().calls.get_mut(&id) {
            call.maybe_sent = maybe_sent;
        }
    }

    /// How often a call was sent so far, and whether it may have been carried out.
    pub(super) fn progress(&self, id: u64) -> (u32, Sent) {
        let entries = self.lock();
        let call = entries.calls.get(&id);
        let sent = if call.is_some_and(|call| call.maybe_sent) {
            Sent::Maybe
        } else {
            Sent::No
        };
        (call.map_or(0, |call| call.attempts), sent)
    }

    /// A call has ended; a mutating one with an unknown outcome stays in the report.
    pub(super) fn end(&self, id: u64, sent: Sent) {
        let mut entries = self.lock();
        if let Some(call) = entries.calls.remove(&id)
            && !call.read_only
            && sent == Sent::Maybe
        {
            entries.unknown.push(UnknownOutcome {
                action: call.action.to_string(),
                lookup: call.lookup,
            });
        }
    }

    /// A task has been started by this run.
    pub(super) fn task_started(&self, task: Task, action: &str) {
        self.lock().tasks.insert(Arc::new(task), action.into());
    }

    /// A task has ended.
    pub(super) fn task_ended(&self, task: &Task) {
        self.lock().tasks.remove(task);
    }

    /// The task as it is kept, so that who waits for it needs none of its own, and the Action that
    /// started it; none where this run did not.
    pub(super) fn started(&self, task: &Task) -> Option<(Arc<Task>, Arc<str>)> {
        self.lock()
            .tasks
            .get_key_value(task)
            .map(|(task, action)| (Arc::clone(task), Arc::clone(action)))
    }

    /// What is open now; a mutating call that is on its way has an unknown outcome.
    pub(super) fn pending(&self) -> Pending {
        let entries = self.lock();
        let flying = entries
            .calls
            .values()
            .filter(|call| !call.read_only && call.maybe_sent);
        let flying = flying.map(|call| UnknownOutcome {
            action: call.action.to_string(),
            lookup: call.lookup.clone(),
        });
        Pending {
            unknown: entries.unknown.iter().cloned().chain(flying).collect(),
            tasks: entries
                .tasks
                .iter()
                .map(|(task, action)| (Task::clone(task), action.to_string()))
                .collect(),
            account: AccountRef::default(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Entries> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
