//! Tasks in a file: a running one by how long it has run and has left, so that it goes on where it
//! stood.

use crate::cloud::service::{EffectKind, Services};
use crate::cloud::task::{Dialect, Effect, Progress, Task};
use crate::cloud::tasks::Tasks;
use jiff::Timestamp;
use serde::de::{DeserializeSeed, Error as _, MapAccess, SeqAccess, Visitor};
use serde::ser::SerializeMap as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::collections::HashSet;
use std::fmt;
use std::net::Ipv4Addr;
use std::time::Duration;

/// The fields of a task in a file.
const FIELDS: &[&str] = &[
    "id",
    "dialect",
    "kind",
    "request",
    "resources",
    "holds",
    "shows",
    "reserves",
    "created",
    "ended",
    "has_run",
    "has_left",
    "failure",
    "effect",
    "undo",
];

/// A task as it is written.
#[derive(Serialize)]
struct Entry<'a> {
    id: &'a str,
    dialect: Dialect,
    kind: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    request: Option<&'a str>,
    resources: &'a [String],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    holds: &'a [String],
    shows: &'a str,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    reserves: &'a [(String, Ipv4Addr)],
    created: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    ended: Option<Timestamp>,
    /// Seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    has_run: Option<f64>,
    /// Seconds; one that hangs has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    has_left: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    failure: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    effect: Option<&'a Effect>,
    #[serde(skip_serializing_if = "Option::is_none")]
    undo: Option<&'a Effect>,
}

impl Serialize for Effect {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut effect = serializer.serialize_map(Some(1))?;
        effect.serialize_entry(self.state, &self.data)?;
        effect.end()
    }
}

impl Serialize for Tasks {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter().map(|task| {
            let mut entry = Entry {
                id: &task.id,
                dialect: task.dialect,
                kind: &task.kind,
                request: task.request.as_deref(),
                resources: &task.resources,
                holds: &task.holds,
                shows: &task.shows,
                reserves: &task.reserves,
                created: task.created,
                ended: task.ended(),
                has_run: None,
                has_left: None,
                failure: task.failure.as_deref(),
                effect: task.effect.as_ref(),
                undo: task.undo.as_ref(),
            };
            if let Progress::Running { started, due } = task.progress {
                let elapsed = self.elapsed();
                let left = due.map(|due| due.saturating_sub(elapsed));
                entry.has_run = Some(elapsed.saturating_sub(started).as_secs_f64());
                entry.has_left = left.map(|left| left.as_secs_f64());
            }
            entry
        }))
    }
}

/// Reads the tasks of these services.
pub(crate) struct TasksReader(pub(crate) Services);

impl<'de> DeserializeSeed<'de> for TasksReader {
    type Value = Tasks;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Tasks, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for TasksReader {
    type Value = Tasks;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a list of tasks")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Tasks, A::Error> {
        let mut read: Vec<ReadTask> = Vec::new();
        let mut tasks = Tasks::default();
        let mut ids = HashSet::new();
        while let Some(entry) = list.next_element_seed(TaskReader(self.0))? {
            if !ids.insert(entry.task.id.clone()) {
                let problem = format!("the task {:?} stands here twice", entry.task.id);
                return Err(A::Error::custom(problem));
            }
            // Time starts where the longest-running task has run as long as it says.
            tasks.pass(entry.has_run);
            read.push(entry);
        }
        for entry in read {
            tasks.add(entry.into_task(tasks.elapsed()));
        }
        Ok(tasks)
    }
}

/// A task out of a file, before it is known when time starts.
struct ReadTask {
    /// With a progress that is not right yet, unless it has ended.
    task: Task,
    has_run: Duration,
    has_left: Option<Duration>,
}

impl ReadTask {
    fn into_task(self, elapsed: Duration) -> Task {
        let progress = match self.task.progress {
            ended @ Progress::Ended(_) => ended,
            Progress::Running { .. } => Progress::Running {
                started: elapsed.saturating_sub(self.has_run),
                due: self.has_left.map(|left| elapsed + left),
            },
        };
        Task {
            progress,
            ..self.task
        }
    }
}

/// Reads a task of these services.
struct TaskReader(Services);

impl<'de> DeserializeSeed<'de> for TaskReader {
    type Value = ReadTask;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<ReadTask, D::Error> {
        deserializer.deserialize_struct("task", FIELDS, self)
    }
}

impl<'de> Visitor<'de> for TaskReader {
    type Value = ReadTask;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a task")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<ReadTask, A::Error> {
        let (mut id, mut dialect, mut kind, mut created) = (None, None, None, None);
        let mut ended = None;
        let mut read = ReadTask {
            task: Task {
                id: String::new(),
                dialect: Dialect::Unasked,
                kind: String::new(),
                request: None,
                resources: Vec::new(),
                holds: Vec::new(),
                shows: "updating".to_owned(),
                reserves: Vec::new(),
                created: Timestamp::UNIX_EPOCH,
                progress: Progress::Running {
                    started: Duration::ZERO,
                    due: None,
                },
                failure: None,
                effect: None,
                undo: None,
            },
            has_run: Duration::ZERO,
            has_left: None,
        };
        let mut names: Vec<String> = Vec::new();
        while let Some(name) = fields.next_key::<String>()? {
            if names.contains(&name) {
                return Err(A::Error::custom(format!("`{name}` stands here twice")));
            }
            match name.as_str() {
                "id" => id = Some(fields.next_value()?),
                "dialect" => dialect = Some(fields.next_value()?),
                "kind" => kind = Some(fields.next_value()?),
                "created" => created = Some(fields.next_value()?),
                "ended" => ended = fields.next_value()?,
                "request" => read.task.request = fields.next_value()?,
                "resources" => read.task.resources = fields.next_value()?,
                "holds" => read.task.holds = fields.next_value()?,
                "shows" => read.task.shows = fields.next_value()?,
                "reserves" => read.task.reserves = fields.next_value()?,
                "failure" => read.task.failure = fields.next_value()?,
                "has_run" => {
                    let seconds: Option<Seconds> = fields.next_value()?;
                    read.has_run = seconds.map_or(Duration::ZERO, |seconds| seconds.0);
                }
                "has_left" => {
                    let seconds: Option<Seconds> = fields.next_value()?;
                    read.has_left = seconds.map(|seconds| seconds.0);
                }
                "effect" => read.task.effect = fields.next_value_seed(EffectReader(self.0))?,
                "undo" => read.task.undo = fields.next_value_seed(EffectReader(self.0))?,
                other => return Err(A::Error::unknown_field(other, FIELDS)),
            }
            names.push(name);
        }
        read.task.id = id.ok_or_else(|| A::Error::missing_field("id"))?;
        read.task.dialect = dialect.ok_or_else(|| A::Error::missing_field("dialect"))?;
        read.task.kind = kind.ok_or_else(|| A::Error::missing_field("kind"))?;
        read.task.created = created.ok_or_else(|| A::Error::missing_field("created"))?;
        if let Some(ended) = ended {
            read.task.progress = Progress::Ended(ended);
        }
        Ok(read)
    }
}

/// How long a task has run, or has left.
struct Seconds(Duration);

impl<'de> Deserialize<'de> for Seconds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let seconds = f64::deserialize(deserializer)?;
        // A year is longer than any task.
        let known = Duration::try_from_secs_f64(seconds).ok();
        let known = known.filter(|time| *time < Duration::from_hours(24 * 365));
        let problem = || D::Error::custom(format!("a task cannot run for {seconds} seconds"));
        known.map(Self).ok_or_else(problem)
    }
}

/// Reads the effect of a task: what it does, below the name of one of these services. There may be
/// none.
struct EffectReader(Services);

impl<'de> DeserializeSeed<'de> for EffectReader {
    type Value = Option<Effect>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for EffectReader {
    type Value = Option<Effect>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object with the effect below the name of its service")
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut services: A) -> Result<Self::Value, A::Error> {
        let Some(state) = services.next_key::<String>()? else {
            return Err(A::Error::custom("an effect has the name of its service"));
        };
        let kinds = || self.0.iter().filter_map(|service| service.effects());
        let Some(kind) = kinds().find(|kind| kind.state == state) else {
            let known: Vec<_> = kinds().map(|kind| format!("`{}`", kind.state)).collect();
            let problem = format!(
                "unknown service `{state}`, expected one of {}",
                known.join(", ")
            );
            return Err(A::Error::custom(problem));
        };
        let effect = services.next_value_seed(OfKind(&kind))?;
        match services.next_key::<String>()? {
            None => Ok(Some(effect)),
            Some(other) => Err(A::Error::custom(format!(
                "an effect has one service, not `{state}` and `{other}`"
            ))),
        }
    }
}

/// Reads an effect of a kind.
struct OfKind<'a>(&'a EffectKind);

impl<'de> DeserializeSeed<'de> for OfKind<'_> {
    type Value = Effect;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Effect, D::Error> {
        let mut deserializer = <dyn erased_serde::Deserializer>::erase(deserializer);
        (self.0.read)(&mut deserializer).map_err(D::Error::custom)
    }
}
