//! What a run prints and logs, line by line: held back until there is a row of the run that they
//! belong to.

use crate::gate::Level;
use crate::history::{Line, OutputBuffer, Store, StoreError, Stream};
use cumulua_core::clock::Clock;
use cumulua_core::secret::{RedactedStream, Redactor};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// A run's lines on their way into the history.
pub(super) struct Lines {
    clock: Clock,
    redactor: Arc<Redactor>,
    output: OutputBuffer,
    /// What is printed, with what was printed since the last line break.
    printed: Mutex<RedactedStream>,
}

impl Lines {
    pub(super) fn new(run: &str, clock: Clock, redactor: Arc<Redactor>) -> Self {
        Self {
            clock,
            printed: Mutex::new(RedactedStream::new(Arc::clone(&redactor))),
            redactor,
            output: OutputBuffer::new(run),
        }
    }

    /// Takes what the script has printed.
    pub(super) fn print(&self, text: &[u8]) {
        let lines = self.lock().push(text);
        self.add_lines(&lines);
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
        let rest = self.lock().finish();
        self.add_lines(&rest);
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

    fn add_lines(&self, text: &str) {
        for line in text.split_terminator('\n') {
            self.add(Stream::Out, line);
        }
    }

    fn add(&self, stream: Stream, text: &str) {
        self.output.add(Line {
            at: self.clock.now(),
            stream,
            text: self.redactor.redact(text),
        });
    }

    fn lock(&self) -> MutexGuard<'_, RedactedStream> {
        self.printed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
