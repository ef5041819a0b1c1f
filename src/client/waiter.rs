//! The state of a task in a polled answer, by the catalogue's acceptors.

use super::Answer;
use super::command::{self, AccountRef};
use super::value::{Params, Value};
use cumulua_core::catalog::{Matcher, StateModel, TaskState, WaiterModel, path};
use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::fmt;

/// A task in the cloud: its dialect and its ids.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Task {
    /// The product whose waiter it is.
    pub product: String,
    /// The waiter's name.
    pub dialect: String,
    /// Its id.
    pub id: String,
    /// Further ids that its waiter needs.
    pub with: BTreeMap<String, String>,
    /// The account that knows it, where it is not the run's own.
    pub account: AccountRef,
}

impl Task {
    /// Whether its id means that there is nothing to wait for: `""` or `"0"`.
    pub fn is_none(&self) -> bool {
        self.id.is_empty() || self.id == "0"
    }
}

impl Task {
    /// The command that waits for it; `run` is the account of the run.
    pub fn command(&self, run: &AccountRef) -> String {
        let mut words = vec![
            "cumulua wait".to_owned(),
            self.dialect.clone(),
            command::word(&self.id),
        ];
        words.extend(
            self.with
                .iter()
                .map(|(name, id)| format!("--with {}", command::word(&format!("{name}={id}")))),
        );
        words.extend(self.account.or(run).options());
        words.join(" ")
    }
}

impl fmt::Display for Task {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.dialect, self.id)
    }
}

/// The state of a task in an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It goes on, in this state of the service's own.
    Running {
        /// The state's name.
        state: String,
        /// Whether the catalogue knows that state.
        known: bool,
    },
    /// It is done, with these resources.
    Done {
        /// The state's name.
        state: String,
        /// The ids of what it made or changed, in the answer's order.
        resources: Vec<String>,
    },
    /// It has failed.
    Failed {
        /// The state's name.
        state: String,
        /// The service's reason.
        reason: Option<String>,
        /// The ids of what it was about.
        resources: Vec<String>,
    },
}

/// The tasks that an answer names, in order; `""` and `"0"` mean that there is none.
pub fn tasks(answer: &Answer) -> Vec<Task> {
    let Answer { action, json, .. } = answer;
    let Some(model) = &action.task else {
        return Vec::new();
    };
    let with: BTreeMap<String, String> = model
        .with
        .iter()
        .filter_map(|(name, at)| Some((name.clone(), path::text(path::first(json, at)?))))
        .collect();
    let mut found: Vec<Task> = Vec::new();
    for id in model
        .ids
        .iter()
        .flat_map(|at| path::values(json, at))
        .map(path::text)
    {
        let (product, account) = (action.product.product.clone(), answer.asked.clone());
        let task = Task {
            product,
            dialect: model.waiter.clone(),
            id,
            with: with.clone(),
            account,
        };
        if !task.is_none() && !found.contains(&task) {
            found.push(task);
        }
    }
    found
}

/// The polling call's parameters.
pub fn parameters(waiter: &WaiterModel, task: &Task) -> Params {
    let value = |name: &str| {
        if name == "id" {
            task.id.clone()
        } else {
            task.with.get(name).cloned().unwrap_or_default()
        }
    };
    waiter
        .arguments
        .iter()
        .map(|(parameter, name)| (parameter.clone(), Value::String(value(name))))
        .collect()
}

/// Judges an answer by the first acceptor that matches it.
pub fn judge(waiter: &WaiterModel, answer: &Json) -> Verdict {
    let resources = || {
        let ids = waiter.resources.iter().map(|at| {
            path::values(answer, at)
                .into_iter()
                .map(path::text)
                .filter(|id| !id.is_empty())
                .collect()
        });
        ids.into_iter()
            .find(|ids: &Vec<String>| !ids.is_empty())
            .unwrap_or_default()
    };
    let state_at = |at: &str| path::first(answer, at).map(path::text);
    for acceptor in &waiter.acceptors {
        let Some(state) = state_at(&acceptor.argument) else {
            continue;
        };
        if !matches(acceptor.matcher, &acceptor.expected, &state) {
            continue;
        }
        return match acceptor.state {
            TaskState::Success => Verdict::Done {
                state,
                resources: resources(),
            },
            TaskState::Retry => Verdict::Running { state, known: true },
            TaskState::Failure => {
                let texts = waiter
                    .reason
                    .iter()
                    .filter_map(|at| state_at(at))
                    .filter(|text| !text.is_empty());
                Verdict::Failed {
                    state,
                    reason: texts.into_iter().next(),
                    resources: resources(),
                }
            }
        };
    }
    let state = waiter
        .acceptors
        .first()
        .and_then(|acceptor| state_at(&acceptor.argument))
        .unwrap_or_default();
    // A dialect whose running states are not documented has no acceptor for them.
    let known = !waiter
        .acceptors
        .iter()
        .any(|acceptor| acceptor.state == TaskState::Retry);
    Verdict::Running { state, known }
}

/// The state of a resource in an answer; none where the answer lists nothing.
pub fn state(model: &StateModel, answer: &Json) -> Option<String> {
    path::first(answer, &model.argument)
        .map(path::text)
        .filter(|state| !state.is_empty())
}

/// Whether nothing good can follow a state.
pub fn has_failed(model: &StateModel, state: &str) -> bool {
    matches(Matcher::PathPrefix, &model.failed, state)
}

/// Compares without regard to upper and lower case, which services do not keep.
fn matches(matcher: Matcher, expected: &[String], state: &str) -> bool {
    let seen = state.to_lowercase();
    expected
        .iter()
        .map(|expected| expected.to_lowercase())
        .any(|expected| match matcher {
            Matcher::Path => seen == expected,
            Matcher::PathPrefix => seen.starts_with(&expected),
        })
}
