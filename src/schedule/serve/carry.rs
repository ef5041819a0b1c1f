//! Carries decisions out: into the store first, then into processes.

use super::child::{self, Exit, Process};
use super::launch::new_run;
use super::notify;
use super::serving::{Running, Serving};
use super::words::{length, local, meant, outcome, time};
use crate::gate::Level;
use crate::history::{Attempt, Decided, Firing, FiringOutcome, Retry, RunEnd, RunOutcome};
use crate::schedule::engine::{Cause, Decision, Missed, Notice, Order, Outcome};
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

impl Serving {
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
            let new = if record.is_empty() { Some(Vec::new()) } else { self.record(record) };
            for step in steps {
                match step {
                    Step::End(order) => self.end(&order),
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
                            self.server.log.line(Level::Error, &message, &[("schedule", name)]);
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
            let is_quiet = decisions.is_empty() && end.outcome == RunOutcome::Done;
            (if is_quiet { &mut self.quiet_ends } else { &mut *record }).push(Decided::End((**end).clone()));
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
                    self.server.log.line(Level::Warn, &message, &[("schedule", &order.schedule.name)]);
                    record.push(Decided::Retry(attempt(&order), Retry::At(at)));
                }
                Decision::GiveUp(order, reason) => {
                    let name = &order.schedule.name;
                    let message = format!("{name}: attempt {} failed and is not repeated: {reason}", order.attempt);
                    self.server.log.line(Level::Warn, &message, &[("schedule", name)]);
                    record.push(Decided::Retry(attempt(&order), Retry::GivenUp(reason.to_string())));
                }
                Decision::Tell(notice) => steps.push(Step::Tell(notice, of.clone())),
            }
        }
        for (name, number) in told.into_iter().filter(|(_, number)| *number > MISSED_TOLD) {
            let message =
                format!("{name}: {} more did not run; `cumulua runs list --name {name}` shows them", number - MISSED_TOLD);
            self.server.log.line(Level::Warn, &message, &[("schedule", &name)]);
        }
    }

    fn missed(&self, miss: &Missed, is_told: bool, now: Timestamp) -> Decided {
        let name = &miss.schedule.name;
        let detail = match miss.several {
            None => miss.reason.to_string(),
            Some((first, count)) => format!("{}; this row stands for {count} firings from {} on", miss.reason, time(first)),
        };
        let outcome = outcome(miss.reason);
        self.metrics.firing(outcome.as_str(), miss.several.map_or(1, |(_, count)| count));
        if is_told {
            let message = format!("{name}: {} did not run: {detail}", time(miss.at));
            self.server.log.line(Level::Warn, &message, &[("schedule", name), ("reason", outcome.as_str())]);
        }
        beside(miss.cause, Firing { schedule: name.to_string(), due: miss.at, decided: now, outcome, detail: Some(detail) })
    }

    /// Starts a run that the store has; what follows where it cannot be started.
    fn start(&mut self, order: Order, run: String) -> Option<Consequences> {
        self.metrics.firing("ran", u64::from(order.attempt == 1));
        let name = &order.schedule.name;
        if order.schedule.overlap != Overlap::Allow && self.server.store.locks().is_schedule_running(name) {
            // A run of a server before this one, whose end the history may have already, has yet to go.
            self.held_up.push((order, run));
            return None;
        }
        self.start_now(order, run)
    }

    /// Starts a run whatever else goes on.
    pub(super) fn start_now(&mut self, order: Order, run: String) -> Option<Consequences> {
        let name = Arc::clone(&order.schedule.name);
        let command = self.server.launcher.run(&order, &run, &self.file.folder);
        match Process::start(command, order.schedule.timeout) {
            Ok((handle, process)) => {
                if order.cause == Cause::Schedule && order.attempt == 1 {
                    let lateness = wall_now().duration_since(order.due);
                    self.metrics.lateness(Duration::try_from(lateness).unwrap_or(Duration::ZERO));
                }
                let fields = [("schedule", &*name), ("run", &*run), ("cause", order.cause.as_str())];
                self.server.log.line(Level::Info, &format!("{name}: started for {}", time(order.at)), &fields);
                let (ended, id) = (self.ended.clone(), run.clone());
                let listener = child::keep(self.server.store.clone(), run.clone());
                tokio::spawn(async move {
                    let exit = process.supervise(listener).await;
                    let _ = ended.send((id, exit));
                });
                self.runs.insert(run, Running { order, handle });
                None
            }
            Err(problem) => {
                let error = Some(format!("its process cannot be started: {problem}"));
                Some(self.finish(&order, run, Exit { outcome: RunOutcome::Failed, status: None, error }))
            }
        }
    }

    /// Ends a run, because the next firing takes its place.
    fn end(&mut self, order: &Order) {
        for running in
            self.runs.values().filter(|running| running.order.schedule.name == order.schedule.name && running.order.at == order.at)
        {
            running.handle.end("ended by the server for the next firing");
        }
    }

    /// Hears that a run's process has ended.
    pub(super) fn ended(&mut self, run: String, exit: Exit) -> Option<Consequences> {
        let running = self.runs.remove(&run)?;
        Some(self.finish(&running.order, run, exit))
    }

    /// Says how a run ended, and asks the engine what follows.
    fn finish(&mut self, order: &Order, run: String, exit: Exit) -> Consequences {
        let Exit { outcome, status, error } = exit;
        let name = &order.schedule.name;
        let now = wall_now();
        self.metrics.run(outcome.as_str());
        let level = if outcome == RunOutcome::Done { Level::Info } else { Level::Warn };
        let text = status.map(|status| status.to_string()).unwrap_or_default();
        let with = if text.is_empty() { String::new() } else { format!(", status {text}") };
        let fields = [("schedule", &**name), ("run", &*run), ("outcome", outcome.as_str()), ("status", &*text)];
        self.server.log.line(level, &format!("{name}: {}{with}", outcome.as_str()), &fields);
        let decisions = self.engine.ended(name, order.at, meant(outcome), now);
        Consequences { decisions, of: Some(Arc::new(RunEnd { id: run, ended: now, outcome, status, error })) }
    }

    fn tell(&mut self, notice: &Notice, end: Option<&RunEnd>) {
        let Notice { order, occasion, reason, firings } = notice;
        let Some(notify) = &order.schedule.notify else { return };
        let recorded = end.and_then(|end| self.server.store.run(&end.id).ok().flatten()?.error);
        let error = recorded.or_else(|| end.and_then(|end| end.error.clone()));
        let event = serde_json::json!({
            "event": occasion.as_str(),
            "schedule": &*order.schedule.name,
            "at": local(order.at, order),
            "attempt": order.attempt,
            "run": end.map(|end| &end.id),
            "outcome": end.map(|end| end.outcome.as_str()),
            "status": end.and_then(|end| end.status),
            "error": error,
            "reason": reason.map(|reason| reason.to_string()),
            "firings": firings,
            "late_seconds": (*occasion == Occasion::Late).then(|| wall_now().duration_since(order.due).as_secs()),
        });
        let (notify, launcher, folder) = (Arc::clone(notify), self.server.launcher.clone(), self.file.folder.clone());
        let (post, log) = (Arc::clone(&self.server.post), Arc::clone(&self.server.log));
        let turns = Arc::clone(&self.turns);
        self.tells.spawn_local(async move {
            // The semaphore is never closed.
            let _turn = turns.acquire().await;
            notify::tell(notify, event, launcher, &folder, post, log).await;
        });
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
