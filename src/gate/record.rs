//! Recording: what a run does is told to a [`Recorder`], which keeps it beyond the run.

use super::Gate;
use super::audit::Record;
use super::observer::Level;
use crate::secret::Redactor;
use serde_json::Value as Json;
use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// What came of asking for a lock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asked {
    /// The run holds it, until the run ends.
    Granted,
    /// Another run holds it; what it says of itself.
    HeldBy(String),
}

/// Something that keeps what a run does, and the locks that runs share.
pub trait Recorder: Send + Sync {
    /// The run's id.
    fn run(&self) -> &str;
    /// Keeps a call, redacted; of a mutating one it comes back when that is kept. Why it cannot be kept stops nothing.
    fn call(&self, number: u64, record: Arc<Record>) -> Result<(), String>;
    /// Whether output is to be told at all.
    fn wants_output(&self) -> bool;
    /// Whether what the script's processes write reaches a record, so that it must go through the run.
    fn hears_processes(&self) -> bool {
        false
    }
    /// Hears what the script writes to standard output; gives what is to be written in its place.
    fn output(&self, text: String) -> String;
    /// Asks for one of the locks that runs share.
    fn lock(&self, name: &str) -> Result<Asked, String>;
}

impl Record {
    /// The record without any secret known to the run.
    pub(super) fn without_secrets(mut self, redactor: &Redactor) -> Self {
        redact(&mut self.params, redactor);
        for text in [&mut self.message, &mut self.code, &mut self.request_id] {
            *text = text.take().map(|text| redactor.redacted(text));
        }
        self.endpoint = self.endpoint.map(|endpoint| match redactor.clean(&endpoint) {
            Cow::Borrowed(_) => Arc::clone(&endpoint),
            Cow::Owned(clean) => clean.into(),
        });
        self
    }
}

fn redact(json: &mut Json, redactor: &Redactor) {
    match json {
        Json::String(text) => *text = redactor.redacted(std::mem::take(text)),
        Json::Array(items) => items.iter_mut().for_each(|item| redact(item, redactor)),
        Json::Object(fields) => fields.values_mut().for_each(|field| redact(field, redactor)),
        // An integer past 64 bits is text; none of them was ever a secret.
        Json::Null | Json::Bool(_) | Json::Number(_) => {}
    }
}

impl Gate {
    /// Whether somebody wants to hear what the script writes to standard output.
    pub fn wants_output(&self) -> bool {
        self.recorder.as_ref().is_some_and(|recorder| recorder.wants_output())
    }

    /// Whether what the script's processes write must go through the run.
    pub fn hears_processes(&self) -> bool {
        self.recorder.as_ref().is_some_and(|recorder| recorder.hears_processes())
    }

    /// What the script writes to standard output; gives what is to be written in its place.
    pub fn output(&self, text: String) -> String {
        match &self.recorder {
            Some(recorder) => recorder.output(text),
            None => text,
        }
    }

    /// Tells the recorder of a call; that it cannot be kept is said once.
    pub(super) fn keep(&self, number: u64, record: Arc<Record>) {
        let Some(recorder) = &self.recorder else { return };
        if let Err(problem) = recorder.call(number, record)
            && !self.record_failed.swap(true, Ordering::Relaxed)
        {
            self.log(Level::Warn, &format!("this run is not recorded: {problem}"));
        }
    }
}
