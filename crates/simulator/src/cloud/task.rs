//! Tasks: what takes the cloud its time, in every dialect, in one register.

use crate::cloud::ids;
use crate::services::list::Effect;
use jiff::Timestamp;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::collections::{BTreeSet, HashMap};
use std::net::Ipv4Addr;
use std::time::Duration;

/// The number that task ids of Capital Online start from; the document's example of `DescribeTask` has it.
pub(crate) const FIRST_TASK: u64 = 190_982;

/// How a task is asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Dialect {
    /// Numbers; `DescribeTask` of `/ccs`.
    CdsTask,
    /// UUIDs; `DescribeBmsTask`.
    BmsTask,
    /// UUIDs beside the client's own id of the call; `QueryTask`.
    DesktopTask,
    /// UUIDs; `DescribeEvent` of `/ecs/v1`.
    EcsEvent,
    /// UUIDs; `DescribeEvent` of `/ebs/v1`.
    EbsEvent,
    /// No Action asks about it: only the states of resources show how it stands.
    Unasked,
}

/// How far a task has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// It waits for its turn: the first tenth of its time.
    Waiting,
    Working,
    Done,
    Failed,
}

impl Dialect {
    /// The stage in the words of the dialect. Those for running and failed events are the vendor's clients'.
    pub(crate) fn word(self, stage: Stage) -> &'static str {
        let [waiting, working, done, failed] = match self {
            Self::CdsTask | Self::Unasked => ["NEW", "DOING", "FINISH", "ERROR"],
            Self::BmsTask => ["init", "init", "succeed", "failed"],
            Self::DesktopTask => ["Running", "Running", "Completed", "Failed"],
            Self::EcsEvent | Self::EbsEvent => ["doing", "doing", "success", "failed"],
        };
        match stage {
            Stage::Waiting => waiting,
            Stage::Working => working,
            Stage::Done => done,
            Stage::Failed => failed,
        }
    }
}

/// What kind of work it is: how it is asked about, its name on the wire, and how long it may take.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Work {
    pub(crate) dialect: Dialect,
    pub(crate) kind: &'static str,
    /// Seconds at least.
    pub(crate) least: u32,
    /// Seconds at most.
    pub(crate) most: u32,
}

impl Work {
    /// How long the `number`th task takes: always the same for the same seed, in whole milliseconds.
    fn duration(self, seed: u64, number: u64) -> Duration {
        let seconds = f64::from(self.least) + f64::from(self.most - self.least) * ids::fraction(seed, "task", number);
        Duration::try_from_secs_f64((seconds * 1000.0).round() / 1000.0).unwrap_or(Duration::ZERO)
    }
}

/// A task before it is started.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) work: Work,
    pub(crate) request: Option<String>,
    pub(crate) shows: &'static str,
    pub(crate) resources: Vec<String>,
    pub(crate) holds: Vec<String>,
    pub(crate) reserves: Vec<(String, Ipv4Addr)>,
    pub(crate) effect: Option<Effect>,
    pub(crate) undo: Option<Effect>,
}

impl Plan {
    /// A task about resources that it does not hold.
    pub(crate) fn about(work: Work, resources: Vec<String>) -> Self {
        let (request, holds, reserves, effect, undo) = (None, Vec::new(), Vec::new(), None, None);
        Self { work, request, shows: "updating", resources, holds, reserves, effect, undo }
    }

    /// A task about resources that nothing else may touch meanwhile.
    pub(crate) fn holding(work: Work, resources: Vec<String>) -> Self {
        Self { holds: resources.clone(), ..Self::about(work, resources) }
    }

    /// The resources that the task names, where they are not the held ones.
    pub(crate) fn making(self, resources: Vec<String>) -> Self {
        Self { resources, ..self }
    }

    /// The state that held resources show.
    pub(crate) fn showing(self, state: &'static str) -> Self {
        Self { shows: state, ..self }
    }

    /// Addresses of networks that are taken meanwhile.
    pub(crate) fn reserving(self, reserves: Vec<(String, Ipv4Addr)>) -> Self {
        Self { reserves, ..self }
    }

    /// The client's own id of the call.
    pub(crate) fn asked_with(self, request: &str) -> Self {
        Self { request: Some(request.to_owned()), ..self }
    }

    /// What happens when the task has done its work.
    pub(crate) fn then(self, effect: impl Into<Effect>) -> Self {
        Self { effect: Some(effect.into()), ..self }
    }

    /// What is undone where the task fails.
    pub(crate) fn or_else(self, undo: impl Into<Effect>) -> Self {
        Self { undo: Some(undo.into()), ..self }
    }
}

/// A task, from its start on; a finished one is kept, because it can still be asked about.
#[derive(Debug, Clone)]
pub(crate) struct Task {
    pub(crate) id: String,
    pub(crate) dialect: Dialect,
    pub(crate) kind: String,
    /// The client's own id of the call that started it.
    pub(crate) request: Option<String>,
    /// The ids that it names when it is asked about.
    pub(crate) resources: Vec<String>,
    /// Resources that nothing else may touch meanwhile.
    pub(crate) holds: Vec<String>,
    /// The state that these show.
    pub(crate) shows: String,
    /// Addresses of networks that are taken meanwhile.
    pub(crate) reserves: Vec<(String, Ipv4Addr)>,
    pub(crate) created: Timestamp,
    pub(crate) progress: Progress,
    /// Why it fails, or has failed.
    pub(crate) failure: Option<String>,
    pub(crate) effect: Option<Effect>,
    pub(crate) undo: Option<Effect>,
}

/// When a task ends, or ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Progress {
    /// On the register's time; one without an end hangs.
    Running {
        started: Duration,
        due: Option<Duration>,
    },
    Ended(Timestamp),
}

impl Task {
    fn stage(&self, now: Duration) -> Stage {
        match self.progress {
            Progress::Ended(_) if self.failure.is_some() => Stage::Failed,
            Progress::Ended(_) => Stage::Done,
            Progress::Running { started, due: Some(due) } if now < started + due.saturating_sub(started) / 10 => Stage::Waiting,
            Progress::Running { started, due: None } if now < started + Duration::from_secs(2) => Stage::Waiting,
            Progress::Running { .. } => Stage::Working,
        }
    }

    /// When it ended.
    pub(crate) fn ended(&self) -> Option<Timestamp> {
        match self.progress {
            Progress::Ended(time) => Some(time),
            Progress::Running { .. } => None,
        }
    }
}

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
        self.places.get(id).map(|place| &self.list[*place]).filter(|task| task.dialect == dialect)
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
    pub(crate) fn shown(&self, resource: &str) -> Option<&str> {
        self.holder(resource).map(|task| task.shows.as_str())
    }

    /// How many tasks run and will end.
    pub(crate) fn running(&self) -> usize {
        self.due.len()
    }

    /// The addresses that running tasks reserve.
    pub(crate) fn reserved(&self) -> impl Iterator<Item = &(String, Ipv4Addr)> {
        self.list.iter().filter(|task| task.ended().is_none()).flat_map(|task| &task.reserves)
    }

    /// Starts a task now.
    pub(crate) fn start(&mut self, plan: Plan, ids: &mut ids::Ids, now: Timestamp, fate: Option<&Fate>) -> String {
        let id = match plan.work.dialect {
            Dialect::CdsTask => {
                ids.number("cds_task", FIRST_TASK, |number| self.places.contains_key(&number.to_string())).to_string()
            }
            _ => ids.uuid(),
        };
        let duration = plan.work.duration(ids.seed(), FIRST_TASK + self.list.len() as u64);
        let (failure, hangs) = match fate {
            Some(Fate::Fails(reason)) => (Some(reason.clone()), false),
            Some(Fate::Hangs) => (None, true),
            None => (None, false),
        };
        let progress = Progress::Running { started: self.elapsed, due: (!hangs).then(|| self.elapsed + duration) };
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

    fn add(&mut self, task: Task) {
        let place = self.list.len();
        if let Progress::Running { due, .. } = task.progress {
            self.due.extend(due.map(|due| (due, place)));
            self.holders.extend(task.holds.iter().map(|resource| (resource.clone(), place)));
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
        Some(End { frees: std::mem::take(&mut task.reserves), effect: if task.failure.is_some() { undo } else { effect } })
    }
}

/// What a fault makes of the tasks that the present call starts.
#[derive(Debug, Clone)]
pub(crate) enum Fate {
    Fails(String),
    Hangs,
}

/// A task as a seed file has it: a running one by how long it has run and has left, so that it goes on where it stood.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    id: String,
    dialect: Dialect,
    kind: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    request: Option<String>,
    #[serde(default)]
    resources: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    holds: Vec<String>,
    #[serde(default = "updating")]
    shows: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    reserves: Vec<(String, Ipv4Addr)>,
    created: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ended: Option<Timestamp>,
    /// Seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    has_run: Option<f64>,
    /// Seconds; one that hangs has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    has_left: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    failure: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    effect: Option<Effect>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    undo: Option<Effect>,
}

fn updating() -> String {
    "updating".to_owned()
}

impl Serialize for Tasks {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.list.iter().cloned().map(|task| {
            let (has_run, has_left) = match task.progress {
                Progress::Running { started, due } => {
                    (Some(self.elapsed.saturating_sub(started)), due.map(|due| due.saturating_sub(self.elapsed)))
                }
                Progress::Ended(_) => (None, None),
            };
            Entry {
                ended: task.ended(),
                has_run: has_run.map(|time| time.as_secs_f64()),
                has_left: has_left.map(|time| time.as_secs_f64()),
                id: task.id,
                dialect: task.dialect,
                kind: task.kind,
                request: task.request,
                resources: task.resources,
                holds: task.holds,
                shows: task.shows,
                reserves: task.reserves,
                created: task.created,
                failure: task.failure,
                effect: task.effect,
                undo: task.undo,
            }
        }))
    }
}

impl<'de> Deserialize<'de> for Tasks {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let entries = Vec::<Entry>::deserialize(deserializer)?;
        let mut tasks = Self::default();
        // Time starts where the longest-running task has run as long as it says.
        for entry in &entries {
            tasks.elapsed = tasks.elapsed.max(seconds::<D>(entry.has_run.unwrap_or(0.0))?);
        }
        for entry in entries {
            if tasks.places.contains_key(&entry.id) {
                return Err(D::Error::custom(format!("the task {:?} stands here twice", entry.id)));
            }
            let progress = match (entry.ended, entry.has_left) {
                (Some(ended), _) => Progress::Ended(ended),
                (None, left) => Progress::Running {
                    started: tasks.elapsed.saturating_sub(seconds::<D>(entry.has_run.unwrap_or(0.0))?),
                    due: left.map(seconds::<D>).transpose()?.map(|left| tasks.elapsed + left),
                },
            };
            tasks.add(Task {
                id: entry.id,
                dialect: entry.dialect,
                kind: entry.kind,
                request: entry.request,
                resources: entry.resources,
                holds: entry.holds,
                shows: entry.shows,
                reserves: entry.reserves,
                created: entry.created,
                progress,
                failure: entry.failure,
                effect: entry.effect,
                undo: entry.undo,
            });
        }
        Ok(tasks)
    }
}

fn seconds<'de, D: Deserializer<'de>>(seconds: f64) -> Result<Duration, D::Error> {
    // A year is longer than any task.
    let known = Duration::try_from_secs_f64(seconds).ok().filter(|time| *time < Duration::from_hours(24 * 365));
    known.ok_or_else(|| D::Error::custom(format!("a task cannot run for {seconds} seconds")))
}
