//! What a run prints and logs, line by line: held back until there is a row of the run that they
//! belong to.

use crate::gate::Level;
use crate::gate::recorder::OutputStream;
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
    /// What is written to standard output and standard error since the last line break.
    begun: [Mutex<RedactedStream>; 2],
}

impl Lines {
    pub(super) fn new(run: &str, clock: Clock, redactor: Arc<Redactor>) -> Self {
        Self {
            clock,
            begun: std::array::from_fn(|_| Mutex::new(RedactedStream::new(Arc::clone(&redactor)))),
            redactor,
            output: OutputBuffer::new(run),
        }
    }

    /// Takes what was written to a standard stream; gives the lines that it completes, without
    /// secrets.
    pub(super) fn print(&self, stream: OutputStream, text: &[u8]) -> String {
        let lines = self.begun(stream).push(text);
        self.add_lines(stream, &lines);
        lines
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

    /// Takes what the command itself has written to standard error.
    pub(super) fn note(&self, text: &str) {
        text.lines().for_each(|line| self.add(Stream::Err, line));
    }

    /// Writes what was held back into the store, and from now on each line.
    pub(super) fn begin(&self, store: &Store) {
        // What was learned to be a secret since it was printed.
        let _ = self.redact();
        self.output.attach(store);
    }

    /// Takes a last line of a stream that has no end, and gives it.
    pub(super) fn end(&self, stream: OutputStream) -> String {
        let rest = self.begun(stream).finish();
        self.add_lines(stream, &rest);
        rest
    }

    /// Replaces what turned out to be a secret, wherever the lines are.
    pub(super) fn redact(&self) -> Result<(), StoreError> {
        let redactor = Arc::clone(&self.redactor);
        self.output.redact(move |line| redactor.redact(line))
    }

    /// Waits until all lines are written, for so long at most.
    pub(super) fn output(&self) -> &OutputBuffer {
        &self.output
    }

    pub(super) fn flush(&self, limit: Duration) -> Result<(), StoreError> {
        self.output.flush(limit)
    }

    /// Takes lines that hold no secret.
    pub(super) fn add_lines(&self, stream: OutputStream, text: &str) {
        let stream = match stream {
            OutputStream::Out => Stream::Out,
            OutputStream::Err => Stream::Err,
        };
        for line in text.split_terminator('\n') {
            self.add(stream, line.strip_suffix('\r').unwrap_or(line));
        }
    }

    fn add(&self, stream: Stream, text: &str) {
        self.output.add(Line {
            at: self.clock.now(),
            stream,
            text: self.redactor.redact(text),
        });
    }

    fn begun(&self, stream: OutputStream) -> MutexGuard<'_, RedactedStream> {
        let [out, err] = &self.begun;
        let begun = match stream {
            OutputStream::Out => out,
            OutputStream::Err => err,
        };
        begun.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
