//! The server at work: its engine, its runs, and the loop's steps.

use super::backlog::Backlog;
use super::carry::Consequences;
use super::child::{Exit, Handle};
use super::clockwatch::ClockWatch;
use super::metrics::Metrics;
use super::signals::Signal;
use super::words::{counted, meant, time};
use super::{ServeError, Server, house};
use crate::gate::{Level, Random};
use crate::history::{
    Attempt, Decided, Filter, Firing, FiringOutcome, FiringRow, NewRun, Planned, Retry, RunEnd, RunOutcome, RunRow, Store,
    StoreError,
};
use crate::schedule::engine::{Cause, Engine, Former, Gap, Known, Order, Reason};
use crate::schedule::file::{Schedule, ScheduleFile};
use crate::schedule::value::{Keep, Overlap};
use cumulua_core::clock::{real_now, wall_now};
use jiff::Timestamp;
use sd_notify::NotifyState;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;

/// What the end takes at most beyond the grace: runs that are told to end and killed, and the last notifications.
const AFTER_GRACE: Duration = Duration::from_secs(30);

/// Notifications that are on their way at a time: each may be a process.
const TELLS_AT_ONCE: usize = 8;

/// A run that goes on.
pub(super) struct Running {
    pub(super) order: Order,
    pub(super) handle: Handle,
}

/// A run's id, and how its process ended.
pub(super) type Ended = (String, Exit);

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
    /// Of the file as it was read.
    pub(super) stamp: Option<house::Stamp>,
    /// Of the file as it was seen last.
    pub(super) stamp_seen: Option<house::Stamp>,
    /// Schedules whose history is to be pruned, and what is kept of it.
    pub(super) to_prune: Vec<(Arc<str>, Keep)>,
    pub(super) engine: Engine,
    pub(super) runs: HashMap<String, Running>,
    pub(super) adopted: Vec<Adopted>,
    /// Runs that the store has, and whose schedule's lock a process of a server before still holds.
    pub(super) held_up: Vec<(Order, String)>,
    /// Notifications on their way.
    pub(super) tells: JoinSet<()>,
    /// Lets so many of them go at a time.
    pub(super) turns: Arc<Semaphore>,
    pub(super) ended: mpsc::UnboundedSender<Ended>,
    pub(super) metrics: Arc<Metrics>,
    pub(super) random: Random,
    pub(super) began: Instant,
    pub(super) watch: ClockWatch,
    /// When running runs are ended, once the server ends.
    pub(super) ending: Option<Instant>,
    /// What the store has refused and is still to have.
    pub(super) backlog: Backlog,
    /// Ends of runs from which nothing follows, and which go into the store with the next decisions or a second later.
    pub(super) quiet_ends: Vec<Decided>,
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
            let error = lost.error.as_deref().unwrap_or_default();
            let message = format!("{name}: the run of {at} was lost: {error}");
            server.log.line(Level::Warn, &message, &[("schedule", &name), ("run", &lost.run.id)]);
        }
        let mut engine = Engine::new(&file, &known(store)?, now);
        let alive = store.runs(Filter { open: true, ..Filter::default() })?;
        let mut adopted = Vec::new();
        for RunRow { run, .. } in alive.into_iter().filter(|row| matches!(row.run.kind.as_str(), "schedule" | "trigger")) {
            let at = run.due.unwrap_or(run.started);
            engine.adopt(&former(&run));
            let message = format!("{}: the run of {} still goes on", run.name, time(at));
            server.log.line(Level::Info, &message, &[("schedule", &run.name), ("run", &run.id)]);
            adopted.push(Adopted { run: Some(run.id), name: run.name, at });
        }
        for schedule in file.schedules.iter().filter(|schedule| schedule.overlap != Overlap::Allow) {
            let is_known = adopted.iter().any(|run| run.name == *schedule.name);
            if !is_known && store.locks().is_schedule_running(&schedule.name) {
                engine.adopt(&Former { name: &schedule.name, at: now, attempt: 1, cause: Cause::Schedule });
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
            stamp_seen: stamp,
            to_prune: Vec::new(),
            engine,
            runs: HashMap::new(),
            adopted,
            held_up: Vec::new(),
            tells: JoinSet::new(),
            turns: Arc::new(Semaphore::new(TELLS_AT_ONCE)),
            ended,
            metrics,
            random: Random::system(),
            began,
            watch,
            ending: None,
            backlog: Backlog::default(),
            quiet_ends: Vec::new(),
        };
        serving.say_zone();
        serving.take_over_retries(now)?;
        serving.hear_of_the_past(now)?;
        for firing in waiting {
            let decisions = serving.engine.take_up(&firing.schedule, firing.due, now);
            if decisions.is_empty() {
                // Its schedule is no longer in the file.
                serving.server.store.decide_together(vec![Decided::Beside(removed(firing, now), None)])?;
            }
            serving.carry_out([decisions.into()]);
        }
        let missed = serving.engine.tick(now, Gap::NotRunning);
        serving.carry_out([missed.into()]);
        // Only now: a firing that was missed must not count as decided before it has its row.
        serving.server.store.plan(planned(&serving.file), now)?;
        Ok(serving)
    }

    /// Takes over the retries that the server before this one has left.
    fn take_over_retries(&mut self, now: Timestamp) -> Result<(), ServeError> {
        let to_repeat = self.server.store.runs(Filter { to_repeat: true, ..Filter::default() })?;
        for RunRow { run, retry_at, .. } in to_repeat {
            let Some(time) = retry_at else { continue };
            if let Some(decisions) = self.engine.take_over_retry(&former(&run), time, now) {
                self.carry_out([decisions.into()]);
            } else {
                let attempt = Attempt { schedule: run.name, due: run.due.unwrap_or(run.started), number: run.attempt };
                self.record(vec![Decided::Retry(attempt, Retry::GivenUp(Reason::Removed.to_string()))]);
            }
        }
        Ok(())
    }

    /// Hears of runs that have ended, or were lost, since the server before this one did.
    fn hear_of_the_past(&mut self, now: Timestamp) -> Result<(), ServeError> {
        for row in self.server.store.unheard_runs()? {
            let Some(end) = row.end() else { continue };
            let decisions = self.engine.ended_before(&former(&row.run), meant(end.outcome), end.ended, now);
            self.carry_out([Consequences { decisions, of: Some(Arc::new(end)) }]);
        }
        Ok(())
    }

    /// Says what is served, and on which clock where the file does not say.
    pub(super) fn say_zone(&self) {
        let (count, path) = (counted(self.file.schedules.len(), "schedule"), self.file.path.display());
        let unzoned = self.file.schedules.iter().filter(|schedule| schedule.zone_is_default).count();
        let zone = if unzoned > 0 { format!("; {unzoned} without a timezone go by UTC") } else { String::new() };
        self.server.log.line(Level::Info, &format!("serving {count} of {path}{zone}"), &[("file", &path.to_string())]);
    }

    /// Hears what has ended, and does what is due.
    pub(super) fn step(&mut self, ends: Vec<Ended>) {
        let mut consequences: Vec<_> = ends.into_iter().filter_map(|(run, exit)| self.ended(run, exit)).collect();
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
        consequences.push(self.engine.tick(now, gap).into());
        self.carry_out(consequences);
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

    /// Does what the system asks.
    pub(super) fn hear(&mut self, signal: Signal) {
        match (signal, self.ending) {
            (Signal::Reload, None) => drop(self.reload()),
            (Signal::Reload, Some(_)) => {}
            (Signal::End, None) => {
                let grace = self.server.grace.unwrap_or(self.file.grace);
                // Else systemd's own limit cuts a longer grace short.
                let wanted = u32::try_from((grace + AFTER_GRACE).as_micros()).unwrap_or(u32::MAX);
                let _ = sd_notify::notify(&[NotifyState::Stopping, NotifyState::ExtendTimeoutUsec(wanted)]);
                self.metrics.ending();
                self.ending = Some(real_now() + grace);
                let message =
                    format!("ending: nothing starts any more; {} get {} s", counted(self.runs.len(), "run"), grace.as_secs_f64());
                self.server.log.line(Level::Info, &message, &[]);
                let mut consequences = vec![self.engine.end().into()];
                for (order, id) in std::mem::take(&mut self.held_up) {
                    let now = wall_now();
                    let error = Some("the server ended before the run's process had begun".to_owned());
                    let end = RunEnd { id, ended: now, outcome: RunOutcome::Cancelled, status: None, error };
                    let decisions = self.engine.ended(&order.schedule.name, order.at, meant(end.outcome), now);
                    consequences.push(Consequences { decisions, of: Some(Arc::new(end)) });
                }
                self.carry_out(consequences);
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

/// A run of a server before this one, as the engine takes it over.
fn former(run: &NewRun) -> Former<'_> {
    let cause = if run.kind == "trigger" { Cause::Trigger } else { Cause::Schedule };
    Former { name: &run.name, at: run.due.unwrap_or(run.started), attempt: run.attempt, cause }
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
