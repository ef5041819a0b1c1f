//! What can stand at the cursor, and what is asked to find it.

use crate::lua::inspect::{InAnswer, Inspected, PathStep};
use cumulua_core::catalog::Catalog;
use std::path::Path;

/// What completion needs to know; looking never changes anything.
pub trait Knowledge {
    /// The catalogue.
    fn catalog(&self) -> &Catalog;
    /// The folder where `require` looks.
    fn folder(&self) -> &Path;
    /// The names of the profiles.
    fn profiles(&self) -> Vec<String>;
    /// Locals and globals, each with a glance at it.
    fn names(&self) -> Vec<(String, String)>;
    /// What stands at a path.
    fn inspect(&self, root: &str, steps: &[PathStep]) -> (Inspected, Option<InAnswer>);
}

/// Something that can stand at the cursor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// What a person looks for.
    pub name: String,
    /// What is put in.
    pub insert: String,
    /// What it is, in a line.
    pub summary: String,
}

impl Candidate {
    pub(in crate::repl) fn new(name: impl Into<String>, summary: impl Into<String>) -> Self {
        let name = name.into();
        Self {
            insert: name.clone(),
            name,
            summary: summary.into(),
        }
    }
}

/// Those that begin with the word; where none does, those that have it somewhere.
pub(in crate::repl) fn keep_matching(found: Vec<Candidate>, word: &str) -> Vec<Candidate> {
    let word = word.to_lowercase();
    let (begin, others): (Vec<_>, Vec<_>) = found
        .into_iter()
        .partition(|candidate| candidate.name.to_lowercase().starts_with(&word));
    if !begin.is_empty() || word.is_empty() {
        return begin;
    }
    others
        .into_iter()
        .filter(|candidate| candidate.name.to_lowercase().contains(&word))
        .collect()
}
