//! A wait as it is reported to the recorder and to the observer.

use super::base::Gate;
use super::events::Event;
use std::cell::Cell;
use std::time::Duration;

/// A wait: since when it goes on, and what has been reported of it.
pub(super) struct WaitRecord {
    /// The wait's number in the run.
    number: u64,
    started: Duration,
    has_begun: Cell<bool>,
    has_ended: Cell<bool>,
}

impl WaitRecord {
    /// A wait that begins now.
    pub(super) fn new(gate: &Gate) -> Self {
        Self {
            number: gate.next_wait(),
            started: gate.elapsed(),
            has_begun: Cell::default(),
            has_ended: Cell::default(),
        }
    }

    /// How long it has gone on.
    pub(super) fn elapsed(&self, gate: &Gate) -> Duration {
        gate.elapsed().saturating_sub(self.started)
    }

    /// Whether it has ended.
    pub(super) fn has_ended(&self) -> bool {
        self.has_ended.get()
    }

    /// Reports the state of what is waited for.
    pub(super) fn goes_on(&self, gate: &Gate, what: &str, state: &str, changed: bool) {
        let (what, state) = (gate.present_line(what), gate.present_line(state));
        let elapsed = self.elapsed(gate);
        self.begin(gate, &what, elapsed);
        gate.event(Event::Waiting {
            id: self.number,
            what,
            state,
            changed,
            elapsed,
        });
    }

    /// Reports how it ended.
    pub(super) fn end(&self, gate: &Gate, what: &str, outcome: &str, done: bool) {
        self.has_ended.set(true);
        let (what, outcome) = (gate.present_line(what), gate.present(outcome));
        let elapsed = self.elapsed(gate);
        self.begin(gate, &what, elapsed);
        if let Some(recorder) = &gate.recorder {
            gate.report_record_failure(recorder.wait_ended(self.number, &outcome, done));
        }
        gate.event(Event::WaitEnded {
            id: self.number,
            what,
            outcome,
            done,
            elapsed,
        });
    }

    /// A wait is recorded once it is known that it goes on, or that it has ended.
    fn begin(&self, gate: &Gate, what: &str, elapsed: Duration) {
        if let Some(recorder) = &gate.recorder
            && !self.has_begun.replace(true)
        {
            gate.report_record_failure(recorder.wait_began(self.number, what, elapsed));
        }
    }
}
