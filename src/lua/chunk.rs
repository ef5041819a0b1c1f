//! What is run, and what it may use.

use cumulua_core::secret::Secret;
use jiff::Timestamp;
use serde_json::{Map, Value as Json};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// What a script may use.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Memory of the VM, in bytes.
    pub memory: usize,
}

/// A chunk of Lua to run.
#[derive(Debug, Clone)]
pub struct Chunk {
    /// Lua's name of it: `@path` for a file, `=name` for others.
    pub name: String,
    /// Its text.
    pub text: String,
    /// Its arguments.
    pub args: Vec<String>,
    /// The folder in which `require` looks for modules.
    pub folder: PathBuf,
    /// What it finds of its run.
    pub facts: RunFacts,
}

/// What a script finds of the run that it is, beside the run's id.
#[derive(Debug, Clone, Default)]
pub struct RunFacts {
    /// The schedule that it is of.
    pub schedule: Option<String>,
    /// When its firing was due.
    pub due: Option<Timestamp>,
    /// From 1; a repetition after a failure has the next.
    pub attempt: Option<u32>,
    /// Its parameters, but for secrets.
    pub params: Map<String, Json>,
    /// Parameters that are secrets.
    pub secrets: BTreeMap<String, Secret>,
}
