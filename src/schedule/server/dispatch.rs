//! Carries the engine's decisions out: into the history first, then into processes and notifications.

use super::child::Exit;
use super::launch::new_run;
use super::notifier::Notifier;
use super::processes::{Ended, Processes};
use super::records::Records;
use super::words::{length, local, time};
use crate::gate::{Level, Random};
use crate::history::{Attempt, Decided, Firing, FiringOutcome, Retry, RunEnd, RunOutcome};
use crate::schedule::engine::{Cause, Decision, Engine, Missed, Notice, Order, Outcome};
use crate::schedule::file::ScheduleFile;
use crate::schedule::value::{Occasion, Overlap};
use cumulua_core::clock::wall_now;
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// Missed firings of one schedule that are logged one by one; the history has the others too.
const MISSED_TOLD: usize = 10;

/// Decisions, and what they follow from.
pub(super) struct Consequences {
    pub(super) decisions: Vec<Decision>,
    /// The end of a run, where it is one.
    pub(super) of: Option<Arc<RunEnd>>,
}

impl From<Vec<Decision>> for Consequences {
    /// Decisions that follow from the time, or from what somebody asks for.
    fn from(decisions: Vec<Decision>) -> Self {
        Self { decisions, of: None }
    }
}

/// What is left to do of a decision that is in the store.
enum Step {
    /// A run is started, if its decision, the so-manieth of the record, was new.
    Start(Order, String, usize),
    End(Order),
    Tell(Notice, Option<Arc<RunEnd>>),
}

/// The engine, and what its decisions are carried out with.
pub(super) struct Dispatch {
    pub(super) engine: Engine,
    pub(super) file: ScheduleFile,
    pub(super) records: Records,
    pub(super) processes: Processes,
    pub(super) notifier: Notifier,
    random: Random,
    /// Runs that the history has, and whose schedule's lock a process of a server before still holds.
    held_up: Vec<(Order, String)>,
}

impl Dispatch {
    pub(super) fn new(engine: Engine, file: ScheduleFile, records: Records, processes: Processes, notifier: Notifier) -> Self {
        Self { engine, file, records, processes, notifier, random: Random::system(), held_up: Vec::new() }
    }

    /// Carries decisions out.
    pub(super) fn carry_out(&mut self, consequences: impl IntoIterator<Item = Consequences>) {
        let mut open: Vec<_> = consequences.into_iter().collect();
        // What cannot be started has consequences of its own.
        while !open.is_empty() {
            let (mut record, mut steps) = (Vec::new(), Vec::new());
            for consequences in std::mem::take(&mut open) {
                self.prepare(consequences, &mut record, &mut steps);
            }
            // One step for all: were a later decision of a schedule there without an earlier one, a kill in between would lose that.
            let new = if record.is_empty() { Some(Vec::new()) } else { self.records.record(record) };
            for step in steps {
                match step {
                    Step::End(order) => self.processes.end(&order, "ended by the server for the next firing"),
                    Step::Tell(notice, end) => self.tell(&notice, end.as_deref()),
                    Step::Start(order, run, index) => match &new {
                        Some(new) if new.get(index) == Some(&true) => open.extend(self.start(order, run)),
                        Some(_) => {
                            let decisions = self.engine.ended(&order.schedule.name, order.at, Outcome::Ended, wall_now());
                            open.push(decisions.into());
                        }
                        None => {
                            let name = &order.schedule.name;
                            let message = format!("{name}: not started, because that cannot be recorded");
                            self.records.say(Level::Error, name, &message);
                            open.push(self.engine.ended(name, order.at, Outcome::Unrecorded, wall_now()).into());
                        }
                    },
                }
            }
        }
    }

    /// Adds what goes into the store, and what follows once it is there.
    fn prepare(&mut self, consequences: Consequences, record: &mut Vec<Decided>, steps: &mut Vec<Step>) {
        let Consequences { decisions, of } = consequences;
        if let Some(end) = &of {
            // A run's own process has recorded that it is done; that the server has heard of it may wait for the next record.
            let end = RunEnd::clone(end);
            if decisions.is_empty() && end.outcome == RunOutcome::Done {
                self.records.record_later(end);
            } else {
                record.push(Decided::End(end));
            }
        }
        let mut told: BTreeMap<Arc<str>, usize> = BTreeMap::new();
        let now = wall_now();
        for decision in decisions {
            match decision {
                Decision::Start(order) => {
                    let run = self.random.uuid();
                    steps.push(Step::Start(order.clone(), run.clone(), record.len()));
                    record.push(started(&order, run, now));
                }
                Decision::Wait(order) => record.push(beside(order.cause, firing(&order, FiringOutcome::Queued, None, now))),
                Decision::Miss(miss) => {
                    let number = told.entry(Arc::clone(&miss.schedule.name)).or_insert(0_usize);
                    *number += 1;
                    record.push(self.missed(&miss, *number <= MISSED_TOLD, now));
                }
                Decision::End(order) => steps.push(Step::End(order)),
                Decision::Retry(order, at) => {
                    let message = format!("{}: attempt {} failed; the next is at {}", order.schedule.name, order.attempt, time(at));
                    self.records.say(Level::Warn, &order.schedule.name, &message);
                    record.push(Decided::Retry(attempt(&order), Retry::At(at)));
                }
                Decision::GiveUp(order, reason) => {
                    let name = &order.schedule.name;
                    let message = format!("{name}: attempt {} failed and is not repeated: {reason}", order.attempt);
                    self.records.say(Level::Warn, name, &message);
                    record.push(Decided::Retry(attempt(&order), Retry::GivenUp(reason.to_string())));
                }
                Decision::Tell(notice) => steps.push(Step::Tell(notice, of.clone())),
            }
        }
        for (name, number) in told.into_iter().filter(|(_, number)| *number > MISSED_TOLD) {
            let message =
                format!("{name}: {} more did not run; `cumulua runs list --name {name}` shows them", number - MISSED_TOLD);
            self.records.say(Level::Warn, &name, &message);
        }
    }

    fn missed(&self, miss: &Missed, is_told: bool, now: Timestamp) -> Decided {
        let name = &miss.schedule.name;
        let detail = match miss.several {
            None => miss.reason.to_string(),
            Some((first, count)) => format!("{}; this row stands for {count} firings from {} on", miss.reason, time(first)),
        };
        let outcome = FiringOutcome::from(miss.reason);
        self.records.metrics.firing(outcome.as_str(), miss.several.map_or(1, |(_, count)| count));
        if is_told {
            let message = format!("{name}: {} did not run: {detail}", time(miss.at));
            self.records.log.line(Level::Warn, &message, &[("schedule", name), ("reason", outcome.as_str())]);
        }
        beside(miss.cause, Firing { schedule: name.to_string(), due: miss.at, decided: now, outcome, detail: Some(detail) })
    }

    /// Starts a run that the store has; what follows where it cannot be started.
    fn start(&mut self, order: Order, run: String) -> Option<Consequences> {
        self.records.metrics.firing("ran", u64::from(order.attempt == 1));
        let name = &order.schedule.name;
        if order.schedule.overlap != Overlap::Allow && self.records.store.locks().is_schedule_running(name) {
            // A run of a server before this one, whose end the history may have already, has yet to go.
            self.held_up.push((order, run));
            return None;
        }
        self.start_now(order, run)
    }

    /// Starts a run whatever else goes on.
    fn start_now(&mut self, order: Order, run: String) -> Option<Consequences> {
        let (name, at, due, cause) = (Arc::clone(&order.schedule.name), order.at, order.due, order.cause);
        let is_first = cause == Cause::Schedule && order.attempt == 1;
        if let Err((order, problem)) = self.processes.start(order, run.clone(), &self.file.folder, &self.records.store) {
            let error = Some(format!("its process cannot be started: {problem}"));
            return Some(self.finish(&order, run, Exit { outcome: RunOutcome::Failed, status: None, error }));
        }
        if is_first {
            let lateness = wall_now().duration_since(due);
            self.records.metrics.lateness(Duration::try_from(lateness).unwrap_or(Duration::ZERO));
        }
        let fields = [("schedule", &*name), ("run", &*run), ("cause", cause.as_str())];
        self.records.log.line(Level::Info, &format!("{name}: started for {}", time(at)), &fields);
        None
    }

    /// Starts those that were held up and are no more.
    pub(super) fn start_held_up(&mut self) {
        for (order, run) in std::mem::take(&mut self.held_up) {
            if self.records.store.locks().is_schedule_running(&order.schedule.name) {
                self.held_up.push((order, run));
            } else {
                let failed = self.start_now(order, run);
                self.carry_out(failed);
            }
        }
    }

    /// Begins to end: nothing starts any more.
    pub(super) fn begin_to_end(&mut self) {
        let mut consequences = vec![self.engine.end().into()];
        for (order, id) in std::mem::take(&mut self.held_up) {
            let error = Some("the server ended before the run's process had begun".to_owned());
            let end = RunEnd { id, ended: wall_now(), outcome: RunOutcome::Cancelled, status: None, error };
            consequences.push(self.heard(&order.schedule.name, order.at, end));
        }
        self.carry_out(consequences);
    }

    /// Hears that a run's process has ended.
    pub(super) fn ended(&mut self, (run, exit): Ended) -> Option<Consequences> {
        let order = self.processes.forget(&run)?;
        Some(self.finish(&order, run, exit))
    }

    /// Asks the engine what follows from a run's end.
    pub(super) fn heard(&mut self, schedule: &str, at: Timestamp, end: RunEnd) -> Consequences {
        let decisions = self.engine.ended(schedule, at, Outcome::from(end.outcome), wall_now());
        Consequences { decisions, of: Some(Arc::new(end)) }
    }

    /// A run that has not ended well says best what went wrong; and one that ended by itself, whether that is a failure: a person may
    /// have cancelled it.
    fn as_recorded(&self, run: &str, exit: Exit) -> Exit {
        if exit.outcome == RunOutcome::Done {
            return exit;
        }
        let Some(end) = self.records.store.run(run).ok().flatten().and_then(|row| row.end()) else { return exit };
        let outcome = if exit.outcome == RunOutcome::Failed { end.outcome } else { exit.outcome };
        Exit { outcome, error: end.error.or(exit.error), ..exit }
    }

    /// Says how a run ended, and asks the engine what follows.
    fn finish(&mut self, order: &Order, run: String, exit: Exit) -> Consequences {
        let Exit { outcome, status, error } = self.as_recorded(&run, exit);
        let name = &order.schedule.name;
        self.records.metrics.run(outcome.as_str());
        let level = if outcome == RunOutcome::Done { Level::Info } else { Level::Warn };
        let text = status.map(|status| status.to_string()).unwrap_or_default();
        let with = if text.is_empty() { String::new() } else { format!(", status {text}") };
        let fields = [("schedule", &**name), ("run", &*run), ("outcome", outcome.as_str()), ("status", &*text)];
        self.records.log.line(level, &format!("{name}: {}{with}", outcome.as_str()), &fields);
        self.heard(name, order.at, RunEnd { id: run, ended: wall_now(), outcome, status, error })
    }

    fn tell(&mut self, notice: &Notice, end: Option<&RunEnd>) {
        let Notice { order, occasion, reason, firings } = notice;
        let Some(notify) = &order.schedule.notify else { return };
        let event = serde_json::json!({
            "event": occasion.as_str(),
            "schedule": &*order.schedule.name,
            "at": local(order.at, order),
            "attempt": order.attempt,
            "run": end.map(|end| &end.id),
            "outcome": end.map(|end| end.outcome.as_str()),
            "status": end.and_then(|end| end.status),
            "error": end.and_then(|end| end.error.as_ref()),
            "reason": reason.map(|reason| reason.to_string()),
            "firings": firings,
            "late_seconds": (*occasion == Occasion::Late).then(|| wall_now().duration_since(order.due).as_secs()),
        });
        self.notifier.tell(notify, event, &self.file.folder);
    }
}

fn firing(order: &Order, outcome: FiringOutcome, detail: Option<String>, now: Timestamp) -> Firing {
    Firing { schedule: order.schedule.name.to_string(), due: order.at, decided: now, outcome, detail }
}

fn attempt(order: &Order) -> Attempt {
    Attempt { schedule: order.schedule.name.to_string(), due: order.at, number: order.attempt }
}

/// A firing that somebody has asked for is none of the schedule's own.
fn beside(cause: Cause, firing: Firing) -> Decided {
    if cause == Cause::Trigger { Decided::Beside(firing, None) } else { Decided::Firing(firing, None) }
}

fn started(order: &Order, run: String, now: Timestamp) -> Decided {
    let new = new_run(order, run.clone(), now);
    if order.attempt > 1 {
        return Decided::Run(new);
    }
    let detail = (order.cause == Cause::CatchUp).then(|| format!("caught up {} late", length(now.duration_since(order.due))));
    let firing = firing(order, FiringOutcome::Ran { run }, detail, now);
    if order.cause == Cause::Trigger { Decided::Beside(firing, Some(new)) } else { Decided::Firing(firing, Some(new)) }
}
