//! Tasks in a file: a running one by how long it has run and has left, so that it goes on where it
//! stood.

use crate::cloud::service::Services;
use crate::cloud::task::{Dialect, Effect, Progress, Task};
use crate::cloud::tasks::Tasks;
use jiff::Timestamp;
use serde::de::{DeserializeSeed, Error as _};
use serde::ser::SerializeMap as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::time::Duration;

/// A task of a file, whose effects are read from `E` or written as it.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry<E> {
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
    #[serde(default = "Option::default", skip_serializing_if = "Option::is_none")]
    effect: Option<E>,
    #[serde(default = "Option::default", skip_serializing_if = "Option::is_none")]
    undo: Option<E>,
}

fn updating() -> String {
    "updating".to_owned()
}

/// An effect as a file has it: what it does, below the name of the service.
type EffectEntry = BTreeMap<String, Json>;

impl Serialize for Effect {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut effect = serializer.serialize_map(Some(1))?;
        effect.serialize_entry(self.state, &self.data)?;
        effect.end()
    }
}

impl Serialize for Tasks {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter().cloned().map(|task| {
            let mut entry = Entry {
                ended: task.ended(),
                has_run: None,
                has_left: None,
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
        let entries = Vec::<Entry<EffectEntry>>::deserialize(deserializer)?;
        let mut tasks = Tasks::default();
        // Time starts where the longest-running task has run as long as it says.
        for entry in &entries {
            tasks.pass(entry.run_so_far().map_err(D::Error::custom)?);
        }
        for entry in entries {
            if tasks.contains(&entry.id) {
                let problem = format!("the task {:?} stands here twice", entry.id);
                return Err(D::Error::custom(problem));
            }
            let id = entry.id.clone();
            let task = entry.into_task(self.0, tasks.elapsed());
            tasks.add(task.map_err(|problem| D::Error::custom(format!("{id}: {problem}")))?);
        }
        Ok(tasks)
    }
}

impl Entry<EffectEntry> {
    fn run_so_far(&self) -> Result<Duration, String> {
        duration(self.has_run.unwrap_or(0.0))
    }

    fn into_task(self, services: Services, elapsed: Duration) -> Result<Task, String> {
        let progress = match self.ended {
            Some(ended) => Progress::Ended(ended),
            None => Progress::Running {
                started: elapsed.saturating_sub(self.run_so_far()?),
                due: self
                    .has_left
                    .map(duration)
                    .transpose()?
                    .map(|left| elapsed + left),
            },
        };
        let read = |effect: Option<EffectEntry>| {
            effect
                .map(|effect| read_effect(services, effect))
                .transpose()
        };
        Ok(Task {
            id: self.id,
            dialect: self.dialect,
            kind: self.kind,
            request: self.request,
            resources: self.resources,
            holds: self.holds,
            shows: self.shows,
            reserves: self.reserves,
            created: self.created,
            progress,
            failure: self.failure,
            effect: read(self.effect)?,
            undo: read(self.undo)?,
        })
    }
}

fn read_effect(services: Services, effect: EffectEntry) -> Result<Effect, String> {
    let [(state, effect)] = <[_; 1]>::try_from(Vec::from_iter(effect))
        .map_err(|several| format!("an effect has one service, not {}", several.len()))?;
    let mut kinds = services.iter().filter_map(|service| service.effects());
    let kind = kinds.find(|kind| kind.state == state);
    let kind = kind.ok_or_else(|| format!("no service {state:?} has effects"))?;
    (kind.read)(effect).map_err(|error| format!("its effect {state}: {error}"))
}

fn duration(seconds: f64) -> Result<Duration, String> {
    // A year is longer than any task.
    let known = Duration::try_from_secs_f64(seconds).ok();
    let known = known.filter(|time| *time < Duration::from_hours(24 * 365));
    known.ok_or_else(|| format!("a task cannot run for {seconds} seconds"))
}
