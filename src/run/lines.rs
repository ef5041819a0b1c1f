//! What a run prints and logs, line by line: held back until there is a row of the run that they
//! belong to.

use crate::gate::Level;
use crate::history::{Line, OutputBuffer, Store, StoreError, Stream};
use cumulua_core::clock::Clock;
use cumulua_core::secret::Redactor;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// A run's lines on their way into the history.
pub(super) struct Lines {
    clock: Clock,
    redactor: Arc<Redactor>,
    output: OutputBuffer,
    /// What was printed since the last line break.
    partial: Mutex<String>,
}

impl Lines {
    pub(super) fn new(run: &str, clock: Clock, redactor: Arc<Redactor>) -> Self {
        Self {
            clock,
            redactor,
            output: OutputBuffer::new(run),
            partial: Mutex::default(),
        }
    }

    /// Takes what the script has printed.
    pub(super) fn print(&self, text: &str) {
        let mut partial = self.lock();
        let printed = std::mem::take(&mut *partial) + text;
        let mut rest = printed.as_str();
        while let Some((line, after)) = rest.split_once('\n') {
            self.add(Stream::Out, line);
            rest = after;
        }
        // A line without an end must not grow without bounds.
        if rest.len() > OutputBuffer::LONGEST_LINE {
            self.add(Stream::Out, rest);
            rest = "";
        }
        rest.clone_into(&mut partial);
    }

    /// Takes what was logged.
    pub(super) fn log(&self, level: Level, message: &str) {
        let word = match level {
            Level::Debug => return,
            Level::Info => "info",
            Level::Warn => "warning",
            Level::Error => "error",
        };
        for line in message.lines() {
            self.add(Stream::Err, &format!("{word}: {line}"));
        }
    }

    /// Writes what was held back into the store, and from now on each line.
    pub(super) fn begin(&self, store: &Store) {
        // What was learned to be a secret since it was printed.
        let _ = self.redact();
        self.output.attach(store);
    }

    /// Takes a last line that has no end.
    pub(super) fn end(&self) {
        let rest = std::mem::take(&mut *self.lock());
        if !rest.is_empty() {
            self.add(Stream::Out, &rest);
        }
    }

    /// Replaces what turned out to be a secret, wherever the lines are.
    pub(super) fn redact(&self) -> Result<(), StoreError> {
        let redactor = Arc::clone(&self.redactor);
        self.output.redact(move |line| redactor.redact(line))
    }

    /// Waits until all lines are written, for so long at most.
    pub(super) fn flush(&self, limit: Duration) -> Result<(), StoreError> {
        self.output.flush(limit)
    }

    fn add(&self, stream: Stream, text: &str) {
        self.output.add(Line {
            at: self.clock.now(),
            stream,
            text: self.redactor.redact(text),
        });
    }

    fn lock(&self) -> MutexGuard<'_, String> {
        self.partial.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
