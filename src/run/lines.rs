//! What a run prints and logs, line by line: held back until there is a row of the run that they
//! belong to.

use crate::gate::Level;
use crate::history::{Line, Output, Store, Stream};
use cumulua_core::clock::Clock;
use cumulua_core::secret::Redactor;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A run's lines on their way into the history.
pub(super) struct Lines {
    run: String,
    clock: Clock,
    redactor: Arc<Redactor>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Where they go, once the run has its row.
    store: Option<Store>,
    /// Lines from before that.
    pending: VecDeque<Line>,
    pending_bytes: usize,
    left_out: usize,
    /// What was printed since the last line break.
    partial: String,
    output: Output,
}

impl Lines {
    pub(super) fn new(run: String, clock: Clock, redactor: Arc<Redactor>) -> Self {
        Self {
            run,
            clock,
            redactor,
            state: Mutex::default(),
        }
    }

    /// Takes what the script has printed.
    pub(super) fn print(&self, text: &str) {
        let mut state = self.lock();
        let printed = std::mem::take(&mut state.partial) + text;
        let mut rest = printed.as_str();
        while let Some((line, after)) = rest.split_once('\n') {
            self.add(&mut state, self.line(Stream::Out, line));
            rest = after;
        }
        // A line without an end must not grow without bounds.
        if rest.len() > Output::LONGEST_LINE {
            self.add(&mut state, self.line(Stream::Out, rest));
            rest = "";
        }
        rest.clone_into(&mut state.partial);
    }

    /// Takes what was logged.
    pub(super) fn log(&self, level: Level, message: &str) {
        let word = match level {
            Level::Debug => return,
            Level::Info => "info",
            Level::Warn => "warning",
            Level::Error => "error",
        };
        let mut state = self.lock();
        for line in message.lines() {
            self.add(
                &mut state,
                self.line(Stream::Err, &format!("{word}: {line}")),
            );
        }
    }

    /// Writes what was held back into the store, and from now on each line.
    pub(super) fn begin(&self, store: &Store) {
        let mut state = self.lock();
        let pending = std::mem::take(&mut state.pending);
        state.store = Some(store.clone());
        if state.left_out > 0 {
            let text = format!("… {} earlier lines are left out", state.left_out);
            let at = pending
                .front()
                .map_or_else(|| self.clock.now(), |line| line.at);
            self.add(
                &mut state,
                Line {
                    at,
                    stream: Stream::Out,
                    text,
                },
            );
        }
        for line in pending {
            self.add(&mut state, line);
        }
    }

    /// Writes a last line that has no end.
    pub(super) fn end(&self) {
        let mut state = self.lock();
        let rest = std::mem::take(&mut state.partial);
        if !rest.is_empty() {
            self.add(&mut state, self.line(Stream::Out, &rest));
        }
    }

    fn line(&self, stream: Stream, text: &str) -> Line {
        Line {
            at: self.clock.now(),
            stream,
            text: text.to_owned(),
        }
    }

    fn add(&self, state: &mut State, mut line: Line) {
        if let Some(store) = &state.store {
            line.text = self.redactor.redact(&line.text);
            // Output that cannot be kept needs no more than the warning about calls.
            let _ = store.add_line(&self.run, &mut state.output, line);
            return;
        }
        state.pending_bytes += line.text.len();
        state.pending.push_back(line);
        while state.pending_bytes > Output::TAIL
            && let Some(line) = state.pending.pop_front()
        {
            state.pending_bytes -= line.text.len();
            state.left_out += 1;
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
