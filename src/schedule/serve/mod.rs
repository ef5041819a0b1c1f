//! The server: gives the engine the time, carries its decisions out, and keeps them in the store before anything starts.

mod child;
mod clockwatch;
mod http;
mod launch;
mod lines;
mod log;
mod metrics;
mod notify;
mod once;

pub use launch::{Launcher, Shared};
pub use log::Log;
pub use metrics::Metrics;
pub use notify::Post;
pub use child::Listener;
pub use once::{Once, run_once};

use super::engine::{Cause, Decision, EndReason, Engine, Gap, Known, Missed, Order, Outcome, Reason};
use super::file::{FileError, ScheduleFile};
use super::value::{Keep, Occasion};
use crate::clock::{real_now, wall_now};
use crate::gate::{Level, Random};
use crate::run::store::{
    Filter, Firing, FiringOutcome, Found, NewRun, Planned, Prune, Request, RequestKind, RunEnd, RunOutcome, RunRow, Store, StoreError,
};
use child::{Exit, Handle, Process};
use clockwatch::ClockWatch;
use jiff::{SignedDuration, Timestamp};
use sd_notify::NotifyState;
use std::collections::{HashMap, VecDeque};
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};
use tokio::net::TcpListener;
use tokio::sync::mpsc;

/// How often requests, the file and adopted runs are looked at; also the longest sleep, so that a clock that is set is noticed.
const HOUSEKEEPING: Duration = Duration::from_secs(1);

/// How often history is pruned.
const PRUNING: Duration = Duration::from_mins(10);

/// Why a server cannot serve.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// Its file is faulty.
    #[error(transparent)]
    File(#[from] FileError),
    /// The store cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// There is another server.
    #[error("{holder} already serves the store {}; end it first, or give this one a store of its own with --store", .store.display())]
    Taken {
        /// Who holds the store.
        holder: String,
        /// The store.
        store: PathBuf,
    },
    /// The system refuses something.
    #[error("{what}: {reason}")]
    System {
        /// What.
        what: String,
        /// What the system says.
        reason: io::Error,
    },
}

impl ServeError {
    fn system(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let what = what.into();
        |reason| Self::System { what, reason }
    }
}

/// What a server is made of.
pub struct Server {
    /// The schedule file.
    pub file: PathBuf,
    /// The run store.
    pub store: Store,
    /// How runs are started.
    pub launcher: Launcher,
    /// How webhooks are called.
    pub post: Post,
    /// Where `/health` and `/metrics` listen.
    pub http: Option<SocketAddr>,
    /// In place of the file's grace.
    pub grace: Option<Duration>,
    /// Who hears what the server says.
    pub log: Arc<dyn Log>,
}

/// A run that goes on.
struct Running {
    order: Order,
    handle: Handle,
}

/// A run's end, as its supervisor reports it.
struct Ended {
    run: String,
    exit: Exit,
}

/// A run of a server before this one.
struct Adopted {
    run: String,
    name: String,
    at: Timestamp,
}

struct Serving {
    server: Server,
    file: ScheduleFile,
    stamp: Option<(SystemTime, u64)>,
    engine: Engine,
    runs: HashMap<String, Running>,
    adopted: Vec<Adopted>,
    ended: mpsc::UnboundedSender<Ended>,
    metrics: Arc<Metrics>,
    random: Random,
    began: Instant,
    watch: ClockWatch,
    /// When running runs are ended, once the server ends.
    ending: Option<Instant>,
    store_failed: bool,
}

impl Server {
    /// Serves until it is told to end.
    pub async fn serve(self) -> Result<(), ServeError> {
        let file = ScheduleFile::read(&self.file)?;
        let locked = self.store.locks().server().map_err(ServeError::system("the server's lock cannot be taken"))?;
        let _lock = match locked {
            crate::run::store::locks::Taken::Held(lock) => lock,
            crate::run::store::locks::Taken::By(holder) => {
                return Err(ServeError::Taken { holder, store: self.store.path().to_owned() });
            }
        };
        let began = real_now();
        let metrics = Arc::new(Metrics::default());
        if let Some(address) = self.http {
            let listener = TcpListener::bind(address).await.map_err(ServeError::system(format!("cannot listen on {address}")))?;
            let address = listener.local_addr().map_err(ServeError::system("the address of --http"))?;
            self.log.line(Level::Info, &format!("health and metrics on http://{address}"), &[("address", &address.to_string())]);
            tokio::spawn(http::serve(listener, Arc::clone(&metrics), began));
        }
        let (ended, mut ends) = mpsc::unbounded_channel();
        let mut serving = Serving::begin(self, file, metrics, began, ended)?;
        let mut signals = Signals::listen().map_err(ServeError::system("signals cannot be heard"))?;
        let _ = sd_notify::notify(&[NotifyState::Ready]);
        let mut next_housekeeping = real_now();
        let mut next_pruning = real_now() + PRUNING / 10;
        loop {
            serving.tick();
            if real_now() >= next_housekeeping {
                serving.keep_house();
                next_housekeeping = real_now() + HOUSEKEEPING;
            }
            if real_now() >= next_pruning {
                serving.prune();
                next_pruning = real_now() + PRUNING;
            }
            if serving.is_over() {
                break;
            }
            tokio::select! {
                biased;
                Some(ended) = ends.recv() => serving.ended(ended),
                signal = signals.next() => serving.hear(signal),
                () = tokio::time::sleep(serving.pause(next_housekeeping)) => {}
            }
        }
        serving.server.log.line(Level::Info, "ended", &[]);
        let _ = serving.server.store.flush(Duration::from_secs(5));
        Ok(())
    }
}

/// What the system tells the server.
enum Signal {
    End,
    Reload,
}

#[cfg(unix)]
struct Signals {
    term: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
    hangup: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn listen() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            term: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hangup: signal(SignalKind::hangup())?,
        })
    }

    async fn next(&mut self) -> Signal {
        tokio::select! {
            _ = self.term.recv() => Signal::End,
            _ = self.interrupt.recv() => Signal::End,
            _ = self.hangup.recv() => Signal::Reload,
        }
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn listen() -> io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) -> Signal {
        let _ = tokio::signal::ctrl_c().await;
        Signal::End
    }
}

impl Serving {
    /// Takes up where the server before this one stopped.
    fn begin(
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
            adopted.push(Adopted { run: run.id, name: run.name, at });
        }
        let waiting = store.queued_firings()?;
        let watch = ClockWatch::new(now, Duration::ZERO);
        let stamp = stamp(&server.file);
        let mut serving = Self {
            server,
            file,
            stamp,
            engine,
            runs: HashMap::new(),
            adopted,
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
                let firing = Firing { decided: now, outcome: FiringOutcome::NotStarted, detail: Some(Reason::Removed.to_string()), ..row(firing) };
                serving.server.store.decide_beside(firing, None)?;
            }
            serving.carry_out(decisions, None);
        }
        let missed = serving.engine.tick(now, Gap::NotRunning);
        serving.carry_out(missed, None);
        // Only now: a firing that was missed must not count as decided before it has its row.
        serving.server.store.plan(planned(&serving.file), now)?;
        Ok(serving)
    }

    fn say_zone(&self) {
        let (count, path) = (self.file.schedules.len(), self.file.path.display());
        let unzoned = self.file.schedules.iter().filter(|schedule| schedule.zone_is_default).count();
        let zone = if unzoned > 0 { format!("; {unzoned} without a timezone go by UTC") } else { String::new() };
        self.server.log.line(Level::Info, &format!("serving {count} schedules of {path}{zone}"), &[("file", &path.to_string())]);
    }

    fn tick(&mut self) {
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
        self.metrics.load(self.engine.count(), running, waiting, real_now() - self.began);
    }

    /// How long nothing is to be done.
    fn pause(&self, housekeeping: Instant) -> Duration {
        let until_house = housekeeping.saturating_duration_since(real_now());
        let Some(due) = self.engine.next_due() else { return until_house };
        let until_due = due.duration_since(wall_now());
        // A timer that rings early would only ring again.
        until_house.min(Duration::try_from(until_due).unwrap_or(Duration::ZERO))
    }

    /// Carries decisions out; `exit` is the end of the run that they follow from.
    fn carry_out(&mut self, decisions: Vec<Decision>, exit: Option<&Ended>) {
        let mut open = VecDeque::from(decisions);
        let mut missed = Vec::new();
        while let Some(decision) = open.pop_front() {
            match decision {
                Decision::Start(order) => open.extend(self.start(order)),
                Decision::Wait(order) => {
                    let firing = self.firing(&order, FiringOutcome::Queued, None);
                    let decided = self.decide(&order, firing, None);
                    self.note(decided);
                }
                Decision::Miss(miss) => missed.push(miss),
                Decision::End(order, reason) => self.end(&order, reason),
                Decision::Retry(order, at) => {
                    let message = format!("{}: attempt {} failed; the next is at {}", order.schedule.name, order.attempt, time(at));
                    self.server.log.line(Level::Warn, &message, &[("schedule", &order.schedule.name)]);
                }
                Decision::Tell(order, occasion, reason) => self.tell(&order, occasion, reason, exit),
            }
        }
        self.miss(missed);
    }

    fn firing(&self, order: &Order, outcome: FiringOutcome, detail: Option<String>) -> Firing {
        Firing { schedule: order.schedule.name.to_string(), due: order.at, decided: wall_now(), outcome, detail }
    }

    fn decide(&self, order: &Order, firing: Firing, run: Option<NewRun>) -> Result<bool, StoreError> {
        match order.cause {
            Cause::Trigger => self.server.store.decide_beside(firing, run),
            Cause::Schedule | Cause::CatchUp => self.server.store.decide(firing, run),
        }
    }

    /// Starts a run once the store has it; what follows where it cannot be started.
    fn start(&mut self, order: Order) -> Vec<Decision> {
        let run = self.random.uuid();
        let now = wall_now();
        let name = Arc::clone(&order.schedule.name);
        let new = NewRun {
            id: run.clone(),
            name: name.to_string(),
            kind: launch::kind(order.cause).to_owned(),
            script: Some(order.schedule.script.display().to_string()),
            script_hash: None,
            args: order.schedule.args.clone(),
            profile: order.schedule.profile.clone(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            simulated: false,
            pid: None,
            due: Some(order.at),
            attempt: order.attempt,
            started: now,
        };
        let recorded = if order.attempt > 1 {
            self.server.store.start_run(new).map(|()| true)
        } else {
            let outcome = FiringOutcome::Ran { run: run.clone() };
            let detail = (order.cause == Cause::CatchUp).then(|| format!("caught up {} late", length(now.duration_since(order.due))));
            self.decide(&order, self.firing(&order, outcome, detail), Some(new))
        };
        match recorded {
            Ok(true) => {}
            Ok(false) => return self.engine.ended(&name, order.at, Outcome::Ended, now),
            Err(problem) => {
                self.fault(&problem);
                let message = format!("{name}: not started, because that cannot be recorded");
                self.server.log.line(Level::Error, &message, &[("schedule", &name)]);
                return self.engine.ended(&name, order.at, Outcome::Ended, now);
            }
        }
        self.metrics.firing("ran", u64::from(order.attempt == 1));
        let command = self.server.launcher.run(&order, &run, &self.file.folder);
        match Process::start(command, order.schedule.timeout) {
            Ok((handle, process)) => {
                if order.cause == Cause::Schedule && order.attempt == 1 {
                    self.metrics.lateness(Duration::try_from(wall_now().duration_since(order.due)).unwrap_or(Duration::ZERO));
                }
                let fields = [("schedule", &*name), ("run", &*run), ("cause", order.cause.as_str())];
                self.server.log.line(Level::Info, &format!("{name}: started for {}", time(order.at)), &fields);
                let (ended, id) = (self.ended.clone(), run.clone());
                let listener = child::keep(self.server.store.clone(), run.clone());
                tokio::spawn(async move {
                    let exit = process.supervise(listener).await;
                    let _ = ended.send(Ended { run: id, exit });
                });
                self.runs.insert(run, Running { order, handle });
                Vec::new()
            }
            Err(problem) => {
                let exit = Exit { outcome: RunOutcome::Failed, status: None, error: Some(format!("its process cannot be started: {problem}")) };
                self.finish(&order, &Ended { run, exit })
            }
        }
    }

    fn end(&mut self, order: &Order, reason: EndReason) {
        let words = match reason {
            EndReason::Replaced => "ended by the server for the next firing",
            EndReason::ShuttingDown => "ended by the server, which itself ended",
        };
        for running in self.runs.values().filter(|running| running.order.schedule.name == order.schedule.name && running.order.at == order.at) {
            running.handle.end(words);
        }
    }

    fn miss(&mut self, missed: Vec<Missed>) {
        let mut own = Vec::new();
        for miss in missed {
            let name = &miss.schedule.name;
            let detail = match miss.several {
                None => miss.reason.to_string(),
                Some((first, count)) => format!("{}; this row stands for {count} firings from {} on", miss.reason, time(first)),
            };
            let outcome = outcome(miss.reason);
            self.metrics.firing(word(&outcome), miss.several.map_or(1, |(_, count)| count));
            let message = format!("{name}: {} did not run: {detail}", time(miss.at));
            self.server.log.line(Level::Warn, &message, &[("schedule", name), ("reason", outcome.as_str())]);
            let firing = Firing { schedule: name.to_string(), due: miss.at, decided: wall_now(), outcome, detail: Some(detail) };
            if miss.cause == Cause::Trigger {
                let decided = self.server.store.decide_beside(firing, None);
                self.note(decided);
            } else {
                own.push(firing);
            }
        }
        if !own.is_empty() {
            let decided = self.server.store.decide_all(own);
            self.note(decided);
        }
    }

    fn note<T>(&mut self, written: Result<T, StoreError>) {
        match written {
            Ok(_) => self.store_failed = false,
            Err(problem) => self.fault(&problem),
        }
    }

    /// A store that refuses stops nothing that runs; it is said once until it works again.
    fn fault(&mut self, problem: &StoreError) {
        self.metrics.store_fault();
        if !std::mem::replace(&mut self.store_failed, true) {
            self.server.log.line(Level::Error, &problem.to_string(), &[]);
        }
    }

    fn ended(&mut self, ended: Ended) {
        let Some(running) = self.runs.remove(&ended.run) else { return };
        let decisions = self.finish(&running.order, &ended);
        self.carry_out(decisions, Some(&ended));
    }

    /// Records how a run ended, where its process has not, and asks the engine what follows.
    fn finish(&mut self, order: &Order, ended: &Ended) -> Vec<Decision> {
        let Ended { run, exit } = ended;
        let name = &order.schedule.name;
        let now = wall_now();
        let end = RunEnd { id: run.clone(), ended: now, outcome: exit.outcome, status: exit.status, error: exit.error.clone() };
        let written = self.server.store.end_run(end);
        self.note(written);
        self.metrics.run(exit.outcome.as_str());
        let level = if exit.outcome == RunOutcome::Done { Level::Info } else { Level::Warn };
        let status = exit.status.map(|status| status.to_string()).unwrap_or_default();
        let with = if status.is_empty() { String::new() } else { format!(", status {status}") };
        let fields = [("schedule", &**name), ("run", &**run), ("outcome", exit.outcome.as_str()), ("status", &*status)];
        self.server.log.line(level, &format!("{name}: {}{with}", exit.outcome.as_str()), &fields);
        let outcome = match exit.outcome {
            RunOutcome::Done => Outcome::Done,
            RunOutcome::Cancelled => Outcome::Ended,
            _ => Outcome::Failed,
        };
        self.engine.ended(name, order.at, outcome, now)
    }

    fn tell(&self, order: &Order, occasion: Occasion, reason: Option<Reason>, exit: Option<&Ended>) {
        let Some(notify) = &order.schedule.notify else { return };
        let row = exit.and_then(|ended| match self.server.store.find_run(&ended.run) {
            Ok(Found::One(row)) => Some(row),
            _ => None,
        });
        let error = row.as_ref().and_then(|row| row.error.clone()).or_else(|| exit.and_then(|ended| ended.exit.error.clone()));
        let event = serde_json::json!({
            "event": occasion.as_str(),
            "schedule": &*order.schedule.name,
            "at": local(order.at, order),
            "attempt": order.attempt,
            "run": exit.map(|ended| &ended.run),
            "outcome": exit.map(|ended| ended.exit.outcome.as_str()),
            "status": exit.and_then(|ended| ended.exit.status),
            "error": error,
            "reason": reason.map(|reason| reason.to_string()),
            "late_seconds": (occasion == Occasion::Late).then(|| wall_now().duration_since(order.due).as_secs()),
        });
        let (notify, launcher, folder) = (Arc::clone(notify), self.server.launcher.clone(), self.file.folder.clone());
        let (post, log) = (Arc::clone(&self.server.post), Arc::clone(&self.server.log));
        tokio::spawn(async move { notify::tell(notify, event, launcher, &folder, post, log).await });
    }

    fn keep_house(&mut self) {
        let _ = sd_notify::notify(&[NotifyState::Watchdog]);
        match self.server.store.requests() {
            Ok(requests) => requests.into_iter().for_each(|request| self.answer(&request)),
            Err(problem) => self.fault(&problem),
        }
        self.look_at_adopted();
        if self.ending.is_none() && stamp(&self.server.file) != self.stamp {
            self.reload();
        }
        if self.ending.is_some_and(|ending| real_now() >= ending) {
            for running in self.runs.values() {
                running.handle.end("ended by the server, which itself ended");
            }
        }
    }

    fn look_at_adopted(&mut self) {
        let adopted = std::mem::take(&mut self.adopted);
        for run in adopted {
            if self.server.store.locks().is_run_alive(&run.run) {
                self.adopted.push(run);
                continue;
            }
            let now = wall_now();
            let lost = RunEnd {
                id: run.run.clone(),
                ended: now,
                outcome: RunOutcome::Lost,
                status: None,
                error: Some("its process ended without a word after its server had".to_owned()),
            };
            let written = self.server.store.end_run(lost);
            self.note(written);
            let decisions = self.engine.ended(&run.name, run.at, Outcome::Ended, now);
            self.carry_out(decisions, None);
        }
    }

    fn answer(&mut self, request: &Request) {
        let now = wall_now();
        let name = &request.schedule;
        let unknown = || format!("error: {}", self.file.find(name).err().unwrap_or_default());
        let answer = match request.kind {
            RequestKind::Pause | RequestKind::Resume => {
                let paused = request.kind == RequestKind::Pause;
                if self.engine.set_paused(name, paused) { if paused { "paused" } else { "resumed" }.to_owned() } else { unknown() }
            }
            // The answer may be lost with the server; then the store still tells whether it ran.
            RequestKind::Trigger => match self.engine.trigger(name, milliseconds(now)) {
                None => unknown(),
                Some(decisions) => {
                    let answer = match decisions.last() {
                        Some(Decision::Start(_)) => "started".to_owned(),
                        Some(Decision::Wait(_)) => "waits for the run that goes on".to_owned(),
                        Some(Decision::Miss(miss)) => format!("error: {name} was not started: {}", miss.reason),
                        _ => "heard".to_owned(),
                    };
                    self.carry_out(decisions, None);
                    answer
                }
            },
        };
        self.server.log.line(Level::Info, &format!("{name}: asked to {:?}: {answer}", request.kind).to_lowercase(), &[("schedule", name)]);
        let written = self.server.store.answer(request.id, answer, now);
        self.note(written);
    }

    fn hear(&mut self, signal: Signal) {
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
            }
            // Whoever says it twice does not want to wait.
            (Signal::End, Some(_)) => self.ending = Some(real_now()),
        }
    }

    fn is_over(&self) -> bool {
        self.ending.is_some() && self.runs.is_empty()
    }

    fn reload(&mut self) {
        let monotonic = NotifyState::monotonic_usec_now();
        let _ = sd_notify::notify(&match monotonic {
            Ok(monotonic) => vec![NotifyState::Reloading, monotonic],
            Err(_) => vec![NotifyState::Reloading],
        });
        self.stamp = stamp(&self.server.file);
        match ScheduleFile::read(&self.server.file) {
            Ok(file) => {
                let now = wall_now();
                let decisions = self.engine.reload(&file, now);
                self.carry_out(decisions, None);
                self.file = file;
                let written = self.server.store.plan(planned(&self.file), now);
                self.note(written);
                self.metrics.reload(false);
                self.say_zone();
            }
            Err(problem) => {
                self.metrics.reload(true);
                let message = format!("the changed file is refused, and the one before it stays: {problem}");
                self.server.log.line(Level::Error, &message, &[]);
            }
        }
        let _ = sd_notify::notify(&[NotifyState::Ready]);
    }

    /// Forgets what the schedules' `keep` does not keep.
    fn prune(&mut self) {
        let now = wall_now();
        let schedules: Vec<_> = self.file.schedules.iter().filter_map(|schedule| Some((Arc::clone(&schedule.name), schedule.keep?))).collect();
        for (name, keep) in schedules {
            let name = Some(name.to_string());
            let prune = match keep {
                Keep::Runs(number) => Prune { name, keep: Some(number), before: None },
                Keep::For(length) => {
                    let before = SignedDuration::try_from(length).ok().and_then(|length| now.checked_sub(length).ok());
                    Prune { name, keep: None, before }
                }
            };
            if prune.keep.is_some() || prune.before.is_some() {
                let written = self.server.store.prune(prune);
                self.note(written);
            }
        }
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

fn planned(file: &ScheduleFile) -> Vec<Planned> {
    let planned = |schedule: &Arc<super::file::Schedule>| Planned { name: schedule.name.to_string(), times: schedule.timing.fingerprint() };
    file.schedules.iter().map(planned).collect()
}

/// What tells that the file has changed.
fn stamp(file: &std::path::Path) -> Option<(SystemTime, u64)> {
    let data = std::fs::metadata(file).ok()?;
    Some((data.modified().ok()?, data.len()))
}

fn outcome(reason: Reason) -> FiringOutcome {
    match reason {
        Reason::Overlap | Reason::QueueFull => FiringOutcome::Overlap,
        Reason::Paused => FiringOutcome::Paused,
        Reason::TooLate(_) | Reason::ServerGone => FiringOutcome::TooLate,
        Reason::Superseded => FiringOutcome::Superseded,
        Reason::ShuttingDown => FiringOutcome::ShuttingDown,
        Reason::Removed => FiringOutcome::NotStarted,
    }
}

fn word(outcome: &FiringOutcome) -> &'static str {
    match outcome {
        FiringOutcome::Ran { .. } => "ran",
        FiringOutcome::Queued => "queued",
        FiringOutcome::Overlap => "overlap",
        FiringOutcome::Paused => "paused",
        FiringOutcome::TooLate => "too late",
        FiringOutcome::Superseded => "superseded",
        FiringOutcome::ShuttingDown => "shutting down",
        FiringOutcome::FileRefused => "file refused",
        FiringOutcome::NotStarted => "not started",
    }
}

fn row(row: crate::run::store::FiringRow) -> Firing {
    Firing { schedule: row.schedule, due: row.due, decided: row.decided, outcome: FiringOutcome::Queued, detail: row.detail }
}

/// The store keeps milliseconds, and a time must be found again.
fn milliseconds(time: Timestamp) -> Timestamp {
    Timestamp::from_millisecond(time.as_millisecond()).unwrap_or(time)
}

fn time(time: Timestamp) -> String {
    format!("{:.0}", milliseconds(time))
}

fn local(time: Timestamp, order: &Order) -> String {
    milliseconds(time).to_zoned(order.schedule.timing.zone.0.clone()).strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()
}

fn length(duration: SignedDuration) -> String {
    format!("{:#}", SignedDuration::from_secs(duration.as_secs()))
}
