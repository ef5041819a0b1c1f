//! What the server writes into the history. What the store refuses, as on a full disk, is kept and
//! written once it takes it again: every firing has its row, if late.

use super::log::Log;
use super::metrics::Metrics;
use crate::gate::Level;
use crate::history::{Firing, FiringOutcome, HistoryEntry, RunEnd, Store, StoreError};
use cumulua_core::clock::real_now;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// So much is kept; of more the oldest is forgotten, because a server must not grow without end.
const MOST: usize = 10_000;

/// A store that works and refuses in turn is logged no more often.
const SILENCE: Duration = Duration::from_mins(1);

/// How long a store that is asked whether it works again has to answer.
const PROBE: Duration = Duration::from_secs(1);

/// What the server writes into the history, and what it logs about that.
pub(super) struct Records {
    pub(super) store: Store,
    pub(super) log: Arc<dyn Log>,
    pub(super) metrics: Arc<Metrics>,
    /// What the store has refused and is still to have.
    refused: VecDeque<HistoryEntry>,
    forgotten: u64,
    /// Whether the store refused the last time that it was asked.
    refuses: bool,
    /// When that was logged last.
    logged: Option<Instant>,
    /// Ends of runs from which nothing follows, and which go into the store with the next decisions
    /// or a second later.
    quiet_ends: Vec<HistoryEntry>,
}

impl Records {
    pub(super) fn new(store: Store, log: Arc<dyn Log>, metrics: Arc<Metrics>) -> Self {
        Self {
            store,
            log,
            metrics,
            refused: VecDeque::new(),
            forgotten: 0,
            refuses: false,
            logged: None,
            quiet_ends: Vec::new(),
        }
    }

    /// Logs a line about a schedule.
    pub(super) fn log_line(&self, level: Level, schedule: &str, message: &str) {
        self.log.line(level, message, &[("schedule", schedule)]);
    }

    /// Records with the next decisions, or a second later, that a run has ended.
    pub(super) fn record_later(&mut self, end: RunEnd) {
        self.quiet_ends.push(HistoryEntry::End(end));
    }

    /// Records decisions in one step; which of them are new to the store. None where it refuses:
    /// then nothing that they would start may start.
    pub(super) fn record(&mut self, mut decisions: Vec<HistoryEntry>) -> Option<Vec<bool>> {
        decisions.append(&mut self.quiet_ends);
        match self.store.decide_together(decisions.clone()) {
            Ok(new) => {
                self.works_again();
                Some(new)
            }
            Err(problem) => {
                self.fault(&problem);
                let later = decisions
                    .into_iter()
                    .filter_map(|decided| without_run(decided, &problem));
                self.refused.extend(later);
                while self.refused.len() > MOST {
                    self.refused.pop_front();
                    self.forgotten += 1;
                }
                None
            }
        }
    }

    /// Notes how a write went whose data is not needed again.
    pub(super) fn note<T>(&mut self, written: Result<T, StoreError>) {
        match written {
            Ok(_) => self.works_again(),
            Err(problem) => self.fault(&problem),
        }
    }

    /// A store that refuses stops nothing that runs; it is logged once until it works again.
    pub(super) fn fault(&mut self, problem: &StoreError) {
        self.metrics.store_fault();
        let was_refused = std::mem::replace(&mut self.refuses, true);
        let now = real_now();
        if !was_refused && self.logged.is_none_or(|said| now - said >= SILENCE) {
            self.logged = Some(now);
            self.log.line(Level::Error, &problem.to_string(), &[]);
        }
    }

    fn works_again(&mut self) {
        self.metrics.store_works();
        if std::mem::take(&mut self.refuses) {
            self.log
                .line(Level::Info, "the run store can be written again", &[]);
        }
    }

    /// Writes what the store has refused, if it takes it now.
    pub(super) fn catch_up(&mut self) {
        if !self.refused.is_empty() {
            let decisions = Vec::from(std::mem::take(&mut self.refused));
            let count = decisions.len();
            if self.record(decisions).is_some() {
                let forgotten = std::mem::take(&mut self.forgotten);
                let lost = if forgotten > 0 {
                    format!("; {forgotten} older ones are forgotten")
                } else {
                    String::new()
                };
                self.log.line(
                    Level::Info,
                    &format!("{count} decisions are recorded late{lost}"),
                    &[],
                );
            }
        }
        if !self.quiet_ends.is_empty() {
            self.record(Vec::new());
        }
        if self.refuses && self.refused.is_empty() {
            let written = self.store.flush(PROBE);
            self.note(written);
        }
    }
}

/// What is left to record of a decision that could not be recorded in time: a run did not begin
/// then.
fn without_run(decided: HistoryEntry, problem: &StoreError) -> Option<HistoryEntry> {
    let not_started = |firing: Firing| {
        let detail = Some(format!("it could not be recorded: {problem}"));
        Firing {
            outcome: FiringOutcome::NotStarted,
            detail,
            ..firing
        }
    };
    match decided {
        HistoryEntry::Firing(firing, Some(_)) => {
            Some(HistoryEntry::Firing(not_started(firing), None))
        }
        HistoryEntry::Beside(firing, Some(_)) => {
            Some(HistoryEntry::Beside(not_started(firing), None))
        }
        // The engine comes back to it; and what was decided before stays decided.
        HistoryEntry::Run(_) | HistoryEntry::Again(..) => None,
        decided => Some(decided),
    }
}
