//! How a task is asked for, and what its answers mean.

use serde::Deserialize;
use std::collections::BTreeMap;

/// How to ask for the progress of a task.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WaiterModel {
    /// Which tasks it is for.
    pub summary: String,
    /// The Action that is polled.
    pub operation: String,
    /// Its parameters, by the names of the task's ids.
    pub arguments: BTreeMap<String, String>,
    /// Seconds before the second poll.
    #[serde(default = "one_second")]
    pub delay: u64,
    /// Seconds between two polls at most.
    #[serde(default = "fifteen_seconds")]
    pub max_delay: u64,
    /// What an answer means; the first that matches counts.
    pub acceptors: Vec<Acceptor>,
    /// The service's codes for a task that it does not know, as it may answer for a while after the
    /// task was started.
    #[serde(default)]
    pub unknown: Vec<String>,
    /// Where the ids of what the task made stand.
    #[serde(default)]
    pub resources: Vec<String>,
    /// Where a failed task's reason stands.
    #[serde(default)]
    pub reason: Vec<String>,
    /// What the document leaves open.
    #[serde(default)]
    pub notes: Vec<String>,
}

fn one_second() -> u64 {
    1
}

fn fifteen_seconds() -> u64 {
    15
}

/// What a value in a polled answer means for the task.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Acceptor {
    /// The task's state.
    pub state: TaskState,
    /// How the value is compared.
    pub matcher: Matcher,
    /// Where the value stands.
    pub argument: String,
    /// What it is compared with, without regard to case.
    pub expected: Vec<String>,
}

/// The state that an acceptor finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TaskState {
    /// The task is done.
    Success,
    /// The task has failed.
    Failure,
    /// The task goes on.
    Retry,
}

/// How an acceptor compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Matcher {
    /// Equal to one of the expected values.
    Path,
    /// Beginning with one of the expected values.
    PathPrefix,
}
