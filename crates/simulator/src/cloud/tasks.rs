//! All tasks in one register, and how far time has come.

use crate::cloud::ids::Ids;
use crate::cloud::task::{Dialect, Effect, Plan, Progress, Stage, Task, TaskFault};
use jiff::Timestamp;
use std::collections::{BTreeSet, HashMap};
use std::net::Ipv4Addr;
use std::time::Duration;

/// The number that task ids of Capital Online start from; the document's example of `DescribeTask`
/// has it.
pub(crate) const FIRST_TASK: u64 = 190_982;

/// What the end of a task leaves to do.
#[derive(Debug)]
pub(crate) struct End {
    /// Addresses that are free now.
    pub(crate) frees: Vec<(String, Ipv4Addr)>,
    /// What happens now.
    pub(crate) effect: Option<Effect>,
}

/// All tasks, and how far time has come.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tasks {
    elapsed: Duration,
    list: Vec<Task>,
    places: HashMap<String, usize>,
    /// The running ones that will end, soonest first.
    due: BTreeSet<(Duration, usize)>,
    /// The tasks that hold resources, by these.
    holders: HashMap<String, usize>,
}

impl Tasks {
    /// Time since the world began.
    pub(crate) fn elapsed(&self) -> Duration {
        self.elapsed
    }

    /// Lets time come to a point; it never goes back.
    pub(crate) fn pass(&mut self, elapsed: Duration) {
        self.elapsed = self.elapsed.max(elapsed);
    }

    /// Oldest first.
    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = &Task> + ExactSizeIterator {
        self.list.iter()
    }

    /// A task of a dialect by its id.
    pub(crate) fn get(&self, dialect: Dialect, id: &str) -> Option<&Task> {
        self.places
            .get(id)
            .map(|place| &self.list[*place])
            .filter(|task| task.dialect == dialect)
    }

    /// How far a task has come.
    pub(crate) fn stage(&self, task: &Task) -> Stage {
        task.stage(self.elapsed)
    }

    /// How far a task has come, in the words of its dialect.
    pub(crate) fn status(&self, task: &Task) -> &'static str {
        task.dialect.word(self.stage(task))
    }

    /// The running task that holds a resource.
    pub(crate) fn holder(&self, resource: &str) -> Option<&Task> {
        self.holders.get(resource).map(|place| &self.list[*place])
    }

    /// The state that a resource shows because a task works on it.
    pub(crate) fn state_of(&self, resource: &str) -> Option<&str> {
        self.holder(resource).map(|task| task.shows.as_str())
    }

    /// How many tasks run and will end.
    pub(crate) fn running(&self) -> usize {
        self.due.len()
    }

    /// The addresses that running tasks reserve.
    pub(crate) fn reserved(&self) -> impl Iterator<Item = &(String, Ipv4Addr)> {
        self.list
            .iter()
            .filter(|task| task.ended().is_none())
            .flat_map(|task| &task.reserves)
    }

    /// Starts a task now.
    pub(crate) fn start(
        &mut self,
        plan: Plan,
        ids: &mut Ids,
        now: Timestamp,
        fault: Option<&TaskFault>,
    ) -> String {
        let id = match plan.work.dialect {
            Dialect::CdsTask => ids
                .number("cds_task", FIRST_TASK, |number| {
                    self.places.contains_key(&number.to_string())
                })
                .to_string(),
            _ => ids.uuid(),
        };
        let duration = plan
            .work
            .duration(ids.seed(), FIRST_TASK + self.list.len() as u64);
        let (failure, hangs) = match fault {
            Some(TaskFault::Fails(reason)) => (Some(reason.clone()), false),
            Some(TaskFault::Hangs) => (None, true),
            None => (None, false),
        };
        let progress = Progress::Running {
            started: self.elapsed,
            due: (!hangs).then(|| self.elapsed + duration),
        };
        self.add(Task {
            id: id.clone(),
            dialect: plan.work.dialect,
            kind: plan.work.kind.to_owned(),
            request: plan.request,
            resources: plan.resources,
            holds: plan.holds,
            shows: plan.shows.to_owned(),
            reserves: plan.reserves,
            created: now,
            progress,
            failure,
            effect: plan.effect,
            undo: plan.undo,
        });
        id
    }

    pub(crate) fn add(&mut self, task: Task) {
        let place = self.list.len();
        if let Progress::Running { due, .. } = task.progress {
            self.due.extend(due.map(|due| (due, place)));
            self.holders
                .extend(task.holds.iter().map(|resource| (resource.clone(), place)));
        }
        self.places.insert(task.id.clone(), place);
        self.list.push(task);
    }

    /// When the next task ends.
    pub(crate) fn next_due(&self) -> Option<Duration> {
        self.due.first().map(|(due, _)| *due)
    }

    /// Ends the task that is due first, at a time of day.
    pub(crate) fn end_next(&mut self, now: Timestamp) -> Option<End> {
        let (_, place) = self.due.pop_first()?;
        let task = &mut self.list[place];
        task.progress = Progress::Ended(now);
        for resource in std::mem::take(&mut task.holds) {
            if self.holders.get(&resource) == Some(&place) {
                self.holders.remove(&resource);
            }
        }
        let (effect, undo) = (task.effect.take(), task.undo.take());
        Some(End {
            frees: std::mem::take(&mut task.reserves),
            effect: if task.failure.is_some() { undo } else { effect },
        })
    }
}
