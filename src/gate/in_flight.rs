//! What the run has set going in the cloud and not yet seen the end of: for the report when it is
//! ended from outside.

use crate::client::command::AccountRef;
use crate::client::error::Sent;
use crate::client::outcome_probe::{Outcome, OutcomeProbe};
use crate::client::waiter::Task;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

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
    /// The paths of the coroutines that have changed something, for certain.
    changed: BTreeSet<String>,
}

#[derive(Debug)]
struct OpenCall {
    action: Arc<str>,
    read_only: bool,
    attempts: u32,
    /// Whether an attempt is on its way or was lost on it.
    maybe_sent: bool,
    /// When its last attempt left.
    left: Duration,
    /// Where it stands in its run.
    path: String,
    lookup: Option<Arc<OutcomeProbe>>,
}

/// A mutating call that may have been carried out.
#[derive(Debug, Clone)]
pub struct UnknownOutcome {
    /// Its number in the run.
    pub number: u64,
    /// Its Action.
    pub action: String,
    /// How to find out.
    pub lookup: Option<Arc<OutcomeProbe>>,
    /// When its last attempt left, since the run began.
    pub left: Duration,
    /// The path of the coroutine that made it.
    pub path: String,
    /// What the script has found out.
    pub outcome: Outcome,
}

/// What a run leaves open.
#[derive(Debug, Clone, Default)]
pub struct Pending {
    /// Mutating calls that may have been carried out, for all that is known.
    pub unknown: Vec<UnknownOutcome>,
    /// Mutating calls whose answers were lost, and of which the script has found out whether they
    /// were carried out.
    pub resolved: Vec<UnknownOutcome>,
    /// Tasks that still run in the cloud, and the Actions that started them.
    pub tasks: Vec<(Task, String)>,
    /// The account that the run was started with.
    pub account: AccountRef,
}

impl OpenCall {
    fn unknown(&self, number: u64) -> UnknownOutcome {
        UnknownOutcome {
            number,
            action: self.action.to_string(),
            lookup: self.lookup.clone(),
            left: self.left,
            path: self.path.clone(),
            outcome: Outcome::Unknown,
        }
    }
}

impl InFlight {
    /// A call begins; gives its number.
    pub(super) fn begin(
        &self,
        action: Arc<str>,
        read_only: bool,
        path: &str,
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
                left: Duration::ZERO,
                // Only that of a change is asked for.
                path: if read_only {
                    String::new()
                } else {
                    path.to_owned()
                },
                lookup,
            },
        );
        id
    }

    /// An attempt of a call leaves; until it ends it may be carried out.
    pub(super) fn attempt(&self, id: u64, number: u32, now: Duration) {
        if let Some(call) = self.lock().calls.get_mut(&id) {
            call.attempts = number;
            call.left = now;
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
    pub(super) fn end(&self, id: u64, sent: Sent, is_carried_out: bool) {
        let mut entries = self.lock();
        let call = entries.calls.remove(&id);
        let Some(call) = call.filter(|call| !call.read_only) else {
            return;
        };
        if sent == Sent::Maybe {
            entries.unknown.push(call.unknown(id));
        }
        if is_carried_out {
            entries.changed.insert(call.path);
        }
    }

    /// Whether a coroutine, or one that it has made, has changed something for certain.
    pub(super) fn has_changed_below(&self, path: &str) -> bool {
        self.lock().changed.iter().any(|made| is_below(made, path))
    }

    /// A call that has ended and whose answer was lost.
    pub(super) fn lost(&self, number: u64) -> Option<UnknownOutcome> {
        let entries = self.lock();
        entries
            .unknown
            .iter()
            .find(|call| call.number == number)
            .cloned()
    }

    /// The calls of a coroutine, and of those that it has made, of which nothing shows whether they
    /// were carried out.
    pub(super) fn lost_below(&self, path: &str) -> Vec<u64> {
        let entries = self.lock();
        let unknown = entries
            .unknown
            .iter()
            .filter(|call| call.outcome == Outcome::Unknown);
        unknown
            .filter(|call| is_below(&call.path, path))
            .map(|call| call.number)
            .collect()
    }

    /// Whether a lost call was carried out has been found out.
    pub(super) fn resolve(&self, number: u64, outcome: Outcome) {
        let mut entries = self.lock();
        if let Some(call) = entries
            .unknown
            .iter_mut()
            .find(|call| call.number == number)
        {
            call.outcome = outcome;
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
            .iter()
            .filter(|(_, call)| !call.read_only && call.maybe_sent)
            .map(|(number, call)| call.unknown(*number));
        let (unknown, resolved): (Vec<_>, Vec<_>) = entries
            .unknown
            .iter()
            .cloned()
            .chain(flying)
            .partition(|call| call.outcome == Outcome::Unknown);
        Pending {
            unknown,
            resolved,
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

/// Whether a coroutine's path is another's or below it.
fn is_below(path: &str, outer: &str) -> bool {
    path.strip_prefix(outer)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}
