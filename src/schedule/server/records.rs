//! What the server writes into the history. What the store refuses, as on a full disk, is kept and
//! written once it takes it again: every firing has its row, if late.

use super::log::Log;
use super::metrics::Metrics;
use crate::gate::Level;
use crate::history::{Firing, FiringOutcome, HistoryEntry, Of, Requester, Store, StoreError, Verb};
use cumulua_core::clock::real_now;
use jiff::Timestamp;
use std::collections::{BTreeSet, VecDeque};
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
    /// The firings that wait for the store. The engine asks for each again and again, and each is to
    /// be recorded, and logged, once.
    waiting: BTreeSet<FiringKey>,
    /// Whether the store refused the last time that it was asked.
    refuses: bool,
    /// When that was logged last.
    logged: Option<Instant>,
    /// What nothing waits for, as the end of a run from which nothing follows: it goes into the store
    /// with the next decisions or a second later.
    unhurried: Vec<HistoryEntry>,
}

impl Records {
    pub(super) fn new(store: Store, log: Arc<dyn Log>, metrics: Arc<Metrics>) -> Self {
        Self {
            store,
            log,
            metrics,
            refused: VecDeque::new(),
            forgotten: 0,
            waiting: BTreeSet::new(),
            refuses: false,
            logged: None,
            unhurried: Vec::new(),
        }
    }

    /// Logs a line about a schedule.
    pub(super) fn log_line(&self, level: Level, schedule: &str, message: &str) {
        self.log.line(level, message, &[("schedule", schedule)]);
    }

    /// Logs a line, with who has asked for what it says where a person has.
    pub(super) fn log_requested(
        &self,
        level: Level,
        message: &str,
        fields: &[(&str, &str)],
        by: Option<Requester>,
    ) {
        let Some(by) = by.map(|by| by.to_string()) else {
            return self.log.line(level, message, fields);
        };
        let fields: Vec<_> = fields.iter().copied().chain([("by", &*by)]).collect();
        self.log
            .line(level, &format!("{message}; by {by}"), &fields);
    }

    /// Who has asked for this, where the latest of such requests is that.
    pub(super) fn requested(&self, of: Of<'_>, verb: Verb) -> Option<Requester> {
        // Without the store the line still says what happened.
        let mut requests = self.store.user_requests(of).ok()?;
        if matches!(of, Of::Run(..)) {
            // The latest of a schedule's pauses stands first.
            requests.reverse();
        }
        let latest = requests.into_iter().next();
        let asked = latest.filter(|request| request.verb == verb.as_str());
        asked.map(|request| request.requester)
    }

    /// Records with the next decisions, or a second later, what nothing waits for.
    pub(super) fn record_later(&mut self, entry: HistoryEntry) {
        self.unhurried.push(entry);
    }

    /// Records decisions in one step; which of them are new to the store. None where it refuses:
    /// then nothing that they would start may start.
    pub(super) fn record(&mut self, mut decisions: Vec<HistoryEntry>) -> Option<Vec<bool>> {
        decisions.append(&mut self.unhurried);
        // What the store has refused before goes first, and in the same step: were a later decision of
        // a schedule there without it, a kill in between would lose it.
        let earlier = self.refused.iter().cloned();
        let all = earlier.chain(decisions.iter().cloned()).collect();
        match self.store.decide_together(all) {
            Ok(mut new) => {
                self.works_again();
                let new = new.split_off(self.refused.len());
                self.forget_refused();
                Some(new)
            }
            Err(problem) => {
                self.fault(&problem);
                self.keep_refused(decisions, &problem);
                None
            }
        }
    }

    /// Whether a firing is not started because the store has refused to record it so far.
    pub(super) fn holds_up(&self, schedule: &str, due: Timestamp) -> bool {
        self.waiting.contains(&(schedule.to_owned(), due))
    }

    /// Keeps what the store has refused until it takes it.
    fn keep_refused(&mut self, decisions: Vec<HistoryEntry>, problem: &StoreError) {
        let begins: Vec<FiringKey> = decisions.iter().filter_map(begins).collect();
        let left = without_their_runs(decisions, problem)
            .into_iter()
            .filter(|entry| waits(entry).is_none_or(|firing| !self.waiting.contains(&firing)));
        self.refused.extend(left);
        for firing in begins {
            let name = firing.0.clone();
            if self.waiting.insert(firing) {
                let message = format!("{name}: {HELD_UP}");
                self.log_line(Level::Error, &name, &message);
            }
        }
        while self.refused.len() > MOST {
            self.refused.pop_front();
            self.forgotten += 1;
        }
    }

    /// What was refused is in the store now.
    fn forget_refused(&mut self) {
        self.waiting.clear();
        let count = std::mem::take(&mut self.refused).len();
        if count == 0 {
            return;
        }
        let forgotten = std::mem::take(&mut self.forgotten);
        let lost = if forgotten > 0 {
            format!("; {forgotten} older ones are forgotten")
        } else {
            String::new()
        };
        let message = format!("{count} decisions are recorded late{lost}");
        self.log.line(Level::Info, &message, &[]);
    }

    /// Notes how a request went that nothing else hangs on. That it went well does not say that the
    /// store can be written: most such requests read, or are not waited for.
    pub(super) fn note<T>(&mut self, asked: Result<T, StoreError>) {
        if let Err(problem) = asked {
            self.fault(&problem);
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

    /// Records what runs could not, where the store can be written.
    pub(super) fn take_up_what_runs_left(&mut self) {
        if !self.refuses {
            let taken_up = self.store.take_up_left_records(PROBE);
            self.note(taken_up);
        }
    }

    /// Writes what the store has refused, if it takes it now.
    pub(super) fn catch_up(&mut self) {
        if !self.refused.is_empty() || !self.unhurried.is_empty() {
            self.record(Vec::new());
        }
        if self.refuses && self.refused.is_empty() {
            match self.store.flush(PROBE) {
                Ok(()) => {
                    self.works_again();
                    self.take_up_what_runs_left();
                }
                Err(problem) => self.fault(&problem),
            }
        }
    }
}

/// Where a firing stands whose record the store refuses.
pub(super) const HELD_UP: &str = "not started yet, because that cannot be recorded";

/// A schedule and the time of its firing.
type FiringKey = (String, Timestamp);

/// The firing whose run would begin with this.
fn begins(decided: &HistoryEntry) -> Option<FiringKey> {
    match decided {
        HistoryEntry::Firing(firing, Some(_))
        | HistoryEntry::Beside(firing, Some(_))
        | HistoryEntry::Over(firing, Some(_))
        | HistoryEntry::Again(firing, Some(_)) => Some((firing.schedule.clone(), firing.due)),
        HistoryEntry::Run(run) => Some((run.name.clone(), run.due?)),
        _ => None,
    }
}

/// The firing of which this says that it waits, or what it is given and who has asked for it.
fn waits(decided: &HistoryEntry) -> Option<FiringKey> {
    match decided {
        HistoryEntry::Firing(firing, None)
        | HistoryEntry::Again(firing, None)
        | HistoryEntry::Beside(firing, None)
        | HistoryEntry::Over(firing, None)
            if firing.outcome == FiringOutcome::Queued =>
        {
            Some((firing.schedule.clone(), firing.due))
        }
        HistoryEntry::Given(schedule, due, _) => Some((schedule.clone(), *due)),
        HistoryEntry::Requested(request) => Some((request.schedule.clone()?, request.due?)),
        _ => None,
    }
}

/// What is left to record of decisions that could not be recorded in time: runs did not begin then,
/// and so no other firing has overlapped with them.
fn without_their_runs(decisions: Vec<HistoryEntry>, problem: &StoreError) -> Vec<HistoryEntry> {
    let not_begun: BTreeSet<String> = decisions
        .iter()
        .filter_map(|decided| Some(begins(decided)?.0))
        .collect();
    let after_a_run = |decided| match decided {
        HistoryEntry::Firing(firing, None)
            if firing.outcome == FiringOutcome::Overlap && not_begun.contains(&firing.schedule) =>
        {
            Some(HistoryEntry::Firing(not_started(firing, problem), None))
        }
        HistoryEntry::Again(firing, None)
            if firing.outcome == FiringOutcome::Overlap && not_begun.contains(&firing.schedule) =>
        {
            Some(HistoryEntry::Again(not_started(firing, problem), None))
        }
        decided => without_run(decided, problem),
    };
    decisions.into_iter().filter_map(after_a_run).collect()
}

fn not_started(firing: Firing, problem: &StoreError) -> Firing {
    Firing {
        outcome: FiringOutcome::NotStarted,
        detail: Some(format!("it could not be recorded: {problem}")),
        ..firing
    }
}

/// The engine lets it begin once that can be recorded, or gives it up.
fn waiting(firing: Firing, problem: &StoreError) -> Firing {
    Firing {
        outcome: FiringOutcome::Queued,
        detail: Some(format!("waiting for the run store: {problem}")),
        ..firing
    }
}

/// The same of one decision.
fn without_run(decided: HistoryEntry, problem: &StoreError) -> Option<HistoryEntry> {
    match decided {
        HistoryEntry::Firing(firing, Some(_)) => {
            Some(HistoryEntry::Firing(waiting(firing, problem), None))
        }
        HistoryEntry::Beside(firing, Some(_)) => {
            Some(HistoryEntry::Beside(waiting(firing, problem), None))
        }
        HistoryEntry::Over(firing, Some(_)) => {
            Some(HistoryEntry::Over(waiting(firing, problem), None))
        }
        // A signal of a run says nothing without the run, and what could be sent of it is on its way.
        HistoryEntry::Notification(new) if new.replaces => None,
        // The engine comes back to it; and what was decided before stays decided.
        HistoryEntry::Run(_) | HistoryEntry::Again(_, Some(_)) => None,
        decided => Some(decided),
    }
}

#[cfg(test)]
mod tests {
    use super::super::log::Log;
    use super::{Records, without_their_runs};
    use crate::gate::Level;
    use crate::history::{Firing, FiringOutcome, Given, HistoryEntry, NewRun, Store, StoreError};
    use jiff::{SignedDuration, Timestamp};
    use std::sync::{Arc, Mutex};

    #[derive(Default)]
    struct Lines(Mutex<Vec<String>>);

    impl Log for Lines {
        fn line(&self, _: Level, line: &str, _: &[(&str, &str)]) {
            self.0.lock().unwrap().push(line.to_owned());
        }
    }

    fn firing(schedule: &str, outcome: FiringOutcome) -> Firing {
        Firing {
            schedule: schedule.to_owned(),
            due: Timestamp::UNIX_EPOCH,
            decided: Timestamp::UNIX_EPOCH,
            outcome,
            detail: None,
        }
    }

    fn run(name: &str) -> NewRun {
        NewRun {
            id: "r".to_owned(),
            name: name.to_owned(),
            kind: "schedule".to_owned(),
            due: Some(Timestamp::UNIX_EPOCH),
            attempt: 1,
            ..NewRun::default()
        }
    }

    #[test]
    fn a_firing_that_waits_is_recorded_and_logged_once_however_often_it_is_tried() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path().join("runs.db"));
        let log = Arc::new(Lines::default());
        let mut records = Records::new(store.clone(), Arc::clone(&log) as _, Arc::default());
        let refuse = "CREATE TRIGGER refuse BEFORE INSERT ON firings BEGIN SELECT RAISE(ABORT, 'not now'); END";
        store.execute(refuse).unwrap();
        let begins = |name: &str| {
            let ran = FiringOutcome::Ran {
                run: "r".to_owned(),
            };
            vec![
                HistoryEntry::Given(name.to_owned(), Timestamp::UNIX_EPOCH, Given::default()),
                HistoryEntry::Firing(firing(name, ran), Some(run(name))),
            ]
        };
        for _ in 0..100 {
            for name in ["a", "b"] {
                assert_eq!(records.record(begins(name)), None);
            }
        }
        assert_eq!(records.refused.len(), 4, "{:?}", records.refused);
        let lines = log.0.lock().unwrap().clone();
        let told = |name: &str| {
            let start = format!("{name}: not started yet");
            lines.iter().filter(|line| line.starts_with(&start)).count()
        };
        assert_eq!((told("a"), told("b")), (1, 1), "{lines:?}");
        store.execute("DROP TRIGGER refuse").unwrap();
        assert_eq!(records.record(begins("a")), Some(vec![true, true]));
        assert!(records.refused.is_empty() && records.waiting.is_empty());
    }

    #[test]
    fn what_was_refused_is_there_as_soon_as_anything_later_is() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path().join("runs.db"));
        let mut records = Records::new(store.clone(), Arc::new(Lines::default()), Arc::default());
        let refuse = "CREATE TRIGGER refuse BEFORE INSERT ON firings BEGIN SELECT RAISE(ABORT, 'not now'); END";
        let decide = |records: &mut Records, second: i64| {
            let due = Timestamp::UNIX_EPOCH + SignedDuration::from_secs(second);
            let firing = Firing {
                due,
                decided: due,
                ..firing("a", FiringOutcome::Overlap)
            };
            records.record(vec![HistoryEntry::Firing(firing, None)])
        };
        let known = || {
            let rows = store.firings(None, None, None, false, None).unwrap();
            let mut known: Vec<_> = rows.iter().map(|row| row.due.as_second()).collect();
            known.sort_unstable();
            known
        };
        assert_eq!(decide(&mut records, 1), Some(vec![true]));
        store.execute(refuse).unwrap();
        for second in [2, 3] {
            assert_eq!(decide(&mut records, second), None);
        }
        assert_eq!(known(), [1]);
        store.execute("DROP TRIGGER refuse").unwrap();
        // The server may be killed before it comes to what was refused.
        assert_eq!(decide(&mut records, 4), Some(vec![true]));
        assert_eq!(known(), [1, 2, 3, 4]);
        assert_eq!(decide(&mut records, 3), Some(vec![false]));
    }

    #[test]
    fn nothing_overlaps_with_a_run_that_could_not_be_recorded() {
        let ran = |name: &str| {
            let firing = firing(
                name,
                FiringOutcome::Ran {
                    run: "r".to_owned(),
                },
            );
            HistoryEntry::Firing(firing, Some(run(name)))
        };
        let overlapped =
            |name: &str| HistoryEntry::Firing(firing(name, FiringOutcome::Overlap), None);
        let decisions = vec![
            ran("a"),
            overlapped("a"),
            overlapped("b"),
            HistoryEntry::Run(run("c")),
            overlapped("c"),
        ];
        let problem = StoreError::Failed {
            path: "runs.db".into(),
            reason: "database is locked".to_owned(),
        };
        let left: Vec<_> = without_their_runs(decisions, &problem)
            .into_iter()
            .map(|entry| match entry {
                HistoryEntry::Firing(firing, None) => {
                    (firing.schedule, firing.outcome.as_str().to_owned())
                }
                _ => panic!("only firings are left"),
            })
            .collect();
        let not_started = FiringOutcome::NotStarted.as_str();
        let queued = FiringOutcome::Queued.as_str();
        let overlap = FiringOutcome::Overlap.as_str();
        let expected = [
            ("a", queued),
            ("a", not_started),
            ("b", overlap),
            ("c", not_started),
        ];
        assert_eq!(
            left,
            expected.map(|(name, word)| (name.to_owned(), word.to_owned()))
        );
    }
}
