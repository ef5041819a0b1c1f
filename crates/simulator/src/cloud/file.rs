//! A cloud in a file: what a simulation begins from, and what is left of it.

use crate::cloud::data::Data;
use crate::cloud::ids::Ids;
use crate::cloud::kernel::Kernel;
use crate::cloud::service::Services;
use crate::cloud::service_states::StateKind;
use crate::cloud::state::Cloud;
use crate::cloud::task_file::TasksReader;
use serde::de::{DeserializeSeed, Error as _, MapAccess, Visitor};
use serde::ser::SerializeMap as _;
use serde::{Deserializer, Serialize, Serializer};
use std::fmt;

/// How many problems of a file one error names.
const MOST_PROBLEMS: usize = 10;

/// The parts that belong to no service.
const OWN_PARTS: [&str; 3] = ["ids", "wallet", "tasks"];

impl Serialize for Cloud {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut parts = serializer.serialize_map(None)?;
        parts.serialize_entry("ids", &self.ids)?;
        parts.serialize_entry("wallet", &self.wallet)?;
        for (name, state) in self.states.iter() {
            parts.serialize_entry(name, state)?;
        }
        parts.serialize_entry("tasks", &self.tasks)?;
        parts.end()
    }
}

impl Kernel {
    /// Reads a cloud from the JSON that its state is written as. Parts that are absent are as in a
    /// new cloud. An error says where it is: by path, line and column, or by the name of the list
    /// and the id.
    pub(crate) fn parse(services: Services, text: &str) -> Result<Self, String> {
        let mut reader = serde_json::Deserializer::from_str(text);
        let mut track = serde_path_to_error::Track::new();
        let tracked = serde_path_to_error::Deserializer::new(&mut reader, &mut track);
        let kernel = CloudReader(services)
            .deserialize(tracked)
            .map_err(|error| {
                let path = track.path().to_string();
                let problem = without_types(&error.to_string());
                if path == "." {
                    problem
                } else {
                    format!("{path}: {problem}")
                }
            })?;
        reader.end().map_err(|error| error.to_string())?;
        let problems = kernel.problems();
        if problems.is_empty() {
            return Ok(kernel);
        }
        let more = problems.len().saturating_sub(MOST_PROBLEMS);
        let mut named: Vec<String> = problems.into_iter().take(MOST_PROBLEMS).collect();
        if more > 0 {
            named.push(format!("and {more} more"));
        }
        Err(format!(
            "what it says does not fit together:\n  {}",
            named.join("\n  ")
        ))
    }
}

/// Reads a cloud of these services.
struct CloudReader(Services);

impl<'de> DeserializeSeed<'de> for CloudReader {
    type Value = Kernel;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Kernel, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for CloudReader {
    type Value = Kernel;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object with the parts of a cloud")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut parts: A) -> Result<Kernel, A::Error> {
        let mut kernel = Kernel::new(self.0, Ids::default());
        let mut read: Vec<String> = Vec::new();
        while let Some(part) = parts.next_key::<String>()? {
            if read.contains(&part) {
                return Err(A::Error::custom(format!("`{part}` stands here twice")));
            }
            match part.as_str() {
                "ids" => kernel.cloud.ids = parts.next_value()?,
                "wallet" => kernel.cloud.wallet = parts.next_value()?,
                "tasks" => kernel.cloud.tasks = parts.next_value_seed(TasksReader(self.0))?,
                name => {
                    let mut states = self.0.iter().filter_map(|service| service.state());
                    let state = states.find(|state| state.name == name);
                    let state = state.ok_or_else(|| A::Error::custom(unknown(name, self.0)))?;
                    let name = state.name;
                    kernel
                        .cloud
                        .states
                        .set(name, parts.next_value_seed(StateReader(state))?);
                }
            }
            read.push(part);
        }
        Ok(kernel)
    }
}

fn unknown(part: &str, services: Services) -> String {
    let states = services
        .iter()
        .filter_map(|service| service.state())
        .map(|state| state.name);
    let known: Vec<_> = OWN_PARTS
        .into_iter()
        .chain(states)
        .map(|name| format!("`{name}`"))
        .collect();
    format!(
        "unknown field `{part}`, expected one of {}",
        known.join(", ")
    )
}

/// Reads the state of a service.
struct StateReader(StateKind);

impl<'de> DeserializeSeed<'de> for StateReader {
    type Value = Box<dyn Data>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        let mut deserializer = <dyn erased_serde::Deserializer>::erase(deserializer);
        (self.0.read)(&mut deserializer).map_err(D::Error::custom)
    }
}

/// A problem without the names of Rust's types, which serde puts into it.
fn without_types(problem: &str) -> String {
    let Some((found, expected)) = problem.split_once("expected ") else {
        return problem.to_owned();
    };
    let plain = |after: &str, words: &str| {
        let rest = expected.strip_prefix(after)?;
        let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_' && c != ':');
        let rest = &rest[end.unwrap_or(rest.len())..];
        Some(format!("{found}expected {words}{rest}"))
    };
    plain("struct variant ", "an object")
        .or_else(|| plain("struct ", "an object"))
        .or_else(|| plain("enum ", "an object with one key, or a name"))
        .or_else(|| {
            expected
                .strip_prefix("f64")
                .map(|rest| format!("{found}expected a number{rest}"))
        })
        .unwrap_or_else(|| problem.to_owned())
}
