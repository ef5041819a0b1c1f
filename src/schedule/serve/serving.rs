//! The server at work: its engine, its runs, and the loop's steps.

use super::child::{Exit, Handle};
use super::clockwatch::ClockWatch;
use super::metrics::Metrics;
use super::signals::Signal;
use super::words::time;
use super::{ServeError, Server, house};
use crate::clock::{real_now, wall_now};
use crate::gate::{Level, Random};
use crate::run::store::{
    Decided, Filter, Firing, FiringOutcome, FiringRow, Planned, RunEnd, RunOutcome, RunRow, Store, StoreError,
};
use crate::schedule::engine::{Engine, Gap, Known, Order, Reason};
use crate::schedule::file::{Schedule, ScheduleFile};
use crate::schedule::value::Overlap;
use jiff::Timestamp;
use sd_notify::NotifyState;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

/// A run that goes on.
pub(super) struct Running {
    pub(super) order: Order,
    pub(super) handle: Handle,
}

/// A run's end, as its supervisor reports it.
pub(super) struct Ended {
    pub(super) run: String,
    pub(super) exit: Exit,
}

/// A run of a server before this one.
pub(super) struct Adopted {
    /// None where the history has its end already, and only its process has yet to go.
    pub(super) run: Option<String>,
    pub(super) name: String,
    pub(super) at: Timestamp,
}

/// The server at work.
pub(super) struct Serving {
    pub(super) server: Server,
    pub(super) file: ScheduleFile,
    pub(super) stamp: Option<house::Stamp>,
    pub(super) engine: Engine,
    pub(super) runs: HashMap<String, Running>,
    pub(super) adopted: Vec<Adopted>,
    /// Runs that the store has, and whose schedule's lock a process of a server before still holds.
    pub(super) held_up: Vec<(Order, String)>,
    /// Notifications on their way.
    pub(super) tells: JoinSet<()>,
    pub(super) ended: mpsc::UnboundedSender<Ended>,
    pub(super) metrics: Arc<Metrics>,
    pub(super) random: Random,
    pub(super) began: Instant,
    pub(super) watch: ClockWatch,
    /// When running runs are ended, once the server ends.
    pub(super) ending: Option<Instant>,
    pub(super) store_failed: bool,
}

impl Serving {
    /// Takes up where the server before this one stopped.
    pub(super) fn begin(
        server: Server,
        file: ScheduleFile,
        metrics: Arc<Metrics>,
        began: Instant,
        ended: mpsc::UnboundedSender<Ended>,
    ) -> Result<Self, ServeError> {
        let now = wall_now();
        let store = &server.store;
        for lost in store.settle_lost_runs(now)? {
            let (name, at) = (lost.run.name.clone(), time(lost.run.due.unwrap_or(lost.run.started)));
            let error = lost.error.unwrap_or_default();
            let message = format!("{name}: the run of {at} was lost: {error}");
            server.log.line(Level::Warn, &message, &[("schedule", &name), ("run", &lost.run.id)]);
        }
        let mut engine = Engine::new(&file, &known(store)?, now);
        let alive = store.runs(Filter { open: true, ..Filter::default() })?;
        let mut adopted = Vec::new();
        for RunRow { run, .. } in alive.into_iter().filter(|row| matches!(row.run.kind.as_str(), "schedule" | "trigger")) {
            let at = run.due.unwrap_or(run.started);
            engine.adopt(&run.name, at, run.attempt);
            let message = format!("{}: the run of {} still goes on", run.name, time(at));
            server.log.line(Level::Info, &message, &[("schedule", &run.name), ("run", &run.id)]);
            adopted.push(Adopted { run: Some(run.id), name: run.name, at });
        }
        for schedule in file.schedules.iter().filter(|schedule| schedule.overlap != Overlap::Allow) {
            let is_known = adopted.iter().any(|run| run.name == *schedule.name);
            if !is_known && store.locks().is_schedule_running(&schedule.name) {
                engine.adopt(&schedule.name, now, 1);
                adopted.push(Adopted { run: None, name: schedule.name.to_string(), at: now });
            }
        }
        let waiting = store.queued_firings()?;
        let watch = ClockWatch::new(now, Duration::ZERO);
        let stamp = house::stamp(&server.file);
        let mut serving = Self {
            server,
            file,
            stamp,
            engine,
            runs: HashMap::new(),
            adopted,
            held_up: Vec::new(),
            tells: JoinSet::new(),
            ended,
            metrics,
            random: Random::system(),
            began,
            watch,
            ending: None,
            store_failed: false,
        };
        serving.say_zone();
        for firing in waiting {
            let decisions = serving.engine.take_up(&firing.schedule, firing.due, now);
            if decisions.is_empty() {
                // Its schedule is no longer in the file.
                serving.server.store.decide_together(vec![Decided::Beside(removed(firing, now), None)])?;
            }
            serving.carry_out(decisions, None);
        }
        let missed = serving.engine.tick(now, Gap::NotRunning);
        serving.carry_out(missed, None);
        // Only now: a firing that was missed must not count as decided before it has its row.
        serving.server.store.plan(planned(&serving.file), now)?;
        Ok(serving)
    }

    /// Says what is served, and on which clock where the file does not say.
    pub(super) fn say_zone(&self) {
        let (count, path) = (self.file.schedules.len(), self.file.path.display());
        let unzoned = self.file.schedules.iter().filter(|schedule| schedule.zone_is_default).count();
        let zone = if unzoned > 0 { format!("; {unzoned} without a timezone go by UTC") } else { String::new() };
        self.server.log.line(Level::Info, &format!("serving {count} schedules of {path}{zone}"), &[("file", &path.to_string())]);
    }

    /// Does what is due.
    pub(super) fn tick(&mut self) {
        let now = wall_now();
        let gap = match self.watch.jump(now, real_now() - self.began) {
            None => Gap::Busy,
            Some(jump) => {
                self.metrics.clock_jump();
                let direction = if jump.is_negative() { "back" } else { "ahead" };
                let message = format!(
                    "the clock went {direction} by {:.0} s, or the machine slept; what was missed goes by catch_up",
                    jump.abs().as_secs_f64()
                );
                self.server.log.line(Level::Warn, &message, &[]);
                Gap::ClockJump
            }
        };
        let decisions = self.engine.tick(now, gap);
        self.carry_out(decisions, None);
        let (running, waiting) = (self.runs.len() + self.adopted.len(), self.engine.load().1);
        while self.tells.try_join_next().is_some() {}
        self.metrics.load(self.engine.count(), running, waiting, real_now() - self.began);
    }

    /// How long nothing is to be done.
    pub(super) fn pause(&self, housekeeping: Instant) -> Duration {
        let until_house = housekeeping.saturating_duration_since(real_now());
        let Some(due) = self.engine.next_due() else { return until_house };
        let until_due = due.duration_since(wall_now());
        // A timer that rings early would only ring again.
        until_house.min(Duration::try_from(until_due).unwrap_or(Duration::ZERO))
    }

    /// Hears how a write went.
    pub(super) fn note<T>(&mut self, written: Result<T, StoreError>) {
        match written {
            Ok(_) => self.store_failed = false,
            Err(problem) => self.fault(&problem),
        }
    }

    /// A store that refuses stops nothing that runs; it is said once until it works again.
    pub(super) fn fault(&mut self, problem: &StoreError) {
        self.metrics.store_fault();
        if !std::mem::replace(&mut self.store_failed, true) {
            self.server.log.line(Level::Error, &problem.to_string(), &[]);
        }
    }

    /// Does what the system asks.
    pub(super) fn hear(&mut self, signal: Signal) {
        match (signal, self.ending) {
            (Signal::Reload, None) => self.reload(),
            (Signal::Reload, Some(_)) => {}
            (Signal::End, None) => {
                let _ = sd_notify::notify(&[NotifyState::Stopping]);
                self.metrics.ending();
                let grace = self.server.grace.unwrap_or(self.file.grace);
                self.ending = Some(real_now() + grace);
                let message = format!("ending: nothing starts any more; {} runs have {} s", self.runs.len(), grace.as_secs_f64());
                self.server.log.line(Level::Info, &message, &[]);
                let decisions = self.engine.end();
                self.carry_out(decisions, None);
                for (order, id) in std::mem::take(&mut self.held_up) {
                    let error = Some("the server ended before the run's process had begun".to_owned());
                    let end = RunEnd { id, ended: wall_now(), outcome: RunOutcome::Cancelled, status: None, error };
                    let written = self.server.store.end_run(end);
                    self.note(written);
                    self.engine.ended(&order.schedule.name, order.at, crate::schedule::engine::Outcome::Ended, wall_now());
                }
            }
            // Whoever says it twice does not want to wait.
            (Signal::End, Some(_)) => self.ending = Some(real_now()),
        }
    }

    /// Whether the server may end.
    pub(super) fn is_over(&self) -> bool {
        self.ending.is_some() && self.runs.is_empty()
    }
}

/// What the store knows of every schedule.
fn known(store: &Store) -> Result<HashMap<String, Known>, StoreError> {
    let times = store.planned_times()?;
    let outcomes = store.last_outcomes()?;
    let states = store.schedule_states()?.into_iter().map(|(name, state)| {
        let known = Known {
            fingerprint: times.get(&name).cloned().unwrap_or_default(),
            handled: state.decided_upto.unwrap_or(Timestamp::MIN),
            paused: state.paused.is_some(),
            failed: outcomes.get(&name).is_some_and(|outcome| !matches!(outcome, RunOutcome::Done | RunOutcome::Cancelled)),
        };
        (name, known)
    });
    Ok(states.collect())
}

/// The schedules as the store keeps them.
pub(super) fn planned(file: &ScheduleFile) -> Vec<Planned> {
    let planned = |schedule: &Arc<Schedule>| Planned { name: schedule.name.to_string(), times: schedule.timing.fingerprint() };
    file.schedules.iter().map(planned).collect()
}

fn removed(row: FiringRow, now: Timestamp) -> Firing {
    let detail = Some(Reason::Removed.to_string());
    Firing { schedule: row.schedule, due: row.due, decided: now, outcome: FiringOutcome::NotStarted, detail }
}
