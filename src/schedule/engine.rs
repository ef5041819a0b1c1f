//! The engine: what becomes of every firing. It is told the time and what has ended, and answers with decisions; it does nothing itself.

use super::file::{Schedule, ScheduleFile};
use super::timing::Firing;
use super::value::{CatchUp, CaughtUp, Occasion, Overlap};
use jiff::{SignedDuration, Timestamp};
use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, VecDeque};
use std::fmt;
use std::sync::Arc;

/// A firing that is seen no later than this is on time, and runs whatever `catch_up` says.
pub const ON_TIME: SignedDuration = SignedDuration::from_secs(10);

/// Firings of one schedule that may wait for their turn.
pub const LONGEST_QUEUE: usize = 100;

/// Missed firings of one schedule that get a row each; of more, the older ones share one.
pub const MISSED_ROWS: usize = 1000;

/// A clock that goes back further than this was wrong before.
const CORRECTION: SignedDuration = SignedDuration::from_hours(3);

/// Why something runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// Its time has come.
    Schedule,
    /// Its time was missed, and is caught up.
    CatchUp,
    /// `cumulua schedule trigger`.
    Trigger,
}

impl Cause {
    /// As history shows it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Schedule => "schedule",
            Self::CatchUp => "catch_up",
            Self::Trigger => "trigger",
        }
    }
}

/// What is to run: one attempt of one firing.
#[derive(Debug, Clone)]
pub struct Order {
    /// The schedule.
    pub schedule: Arc<Schedule>,
    /// The time that the schedule names; together with the name it is the firing's identity.
    pub at: Timestamp,
    /// When it was due.
    pub due: Timestamp,
    /// Why it runs.
    pub cause: Cause,
    /// 1, and one more for each retry.
    pub attempt: u32,
}

impl Order {
    fn is(&self, at: Timestamp) -> bool {
        self.at == at
    }
}

/// Why a firing did not run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// The schedule still ran.
    Overlap,
    /// As many already wait as may.
    QueueFull,
    /// The file or `cumulua schedule pause` keeps it from firing.
    Paused,
    /// It was seen later than `catch_up` allows.
    TooLate(Gap),
    /// A later one ran in its place.
    Superseded,
    /// The server was ending.
    ShuttingDown,
    /// The schedule was taken from the file while the firing waited.
    Removed,
    /// The server ended while the firing waited for its turn.
    ServerGone,
}

/// What let the time of a firing pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gap {
    /// No server was running.
    NotRunning,
    /// The machine slept, or its clock was set.
    ClockJump,
    /// The server was busy.
    Busy,
}

impl Reason {
    /// The reason's name in history.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Overlap | Self::QueueFull => "overlap",
            Self::Paused => "paused",
            Self::TooLate(_) | Self::Superseded | Self::ServerGone => "too late",
            Self::ShuttingDown => "shutting down",
            Self::Removed => "removed",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Overlap => "the run before it was still going on",
            Self::QueueFull => "as many firings as may wait were waiting",
            Self::Paused => "the schedule was paused",
            Self::TooLate(Gap::NotRunning) => "no server was running at its time",
            Self::TooLate(Gap::ClockJump) => "the machine slept or its clock was set past its time",
            Self::TooLate(Gap::Busy) => "the server came to it too late",
            Self::Superseded => "a later firing ran in its place",
            Self::ShuttingDown => "the server was ending",
            Self::Removed => "the schedule was taken from the file while the firing waited",
            Self::ServerGone => "the server ended while the firing waited for its turn",
        })
    }
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It did what it was for.
    Done,
    /// It failed by itself: an error, a crash, its timeout.
    Failed,
    /// The server ended it.
    Ended,
}

/// Why the server ends a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndReason {
    /// The next firing takes its place.
    Replaced,
    /// The server ends.
    ShuttingDown,
}

/// What becomes of a firing.
#[derive(Debug, Clone)]
pub enum Decision {
    /// It runs now.
    Start(Order),
    /// It waits for its turn.
    Wait(Order),
    /// It does not run.
    Miss(Missed),
    /// Its run is to be ended.
    End(Order, EndReason),
    /// Its run failed and is repeated at that time.
    Retry(Order, Timestamp),
    /// Somebody is to hear of it.
    Tell(Order, Occasion, Option<Reason>),
}

/// A firing that did not run, or several in a row.
#[derive(Debug, Clone)]
pub struct Missed {
    /// The schedule.
    pub schedule: Arc<Schedule>,
    /// Its time; of several the last.
    pub at: Timestamp,
    /// When it was due.
    pub due: Timestamp,
    /// Why.
    pub reason: Reason,
    /// Why it would have run.
    pub cause: Cause,
    /// The first time, and how many there are, where the row stands for several.
    pub several: Option<(Timestamp, u64)>,
}

/// What is known of a schedule from before the server started.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Known {
    /// The timing for which `handled` counts.
    pub fingerprint: String,
    /// Firings up to here have their row.
    pub handled: Timestamp,
    /// `cumulua schedule pause` was said.
    pub paused: bool,
    /// The last run failed.
    pub failed: bool,
}

#[derive(Debug)]
struct Job {
    schedule: Arc<Schedule>,
    next: Option<Firing>,
    /// Attempts that run, and failed ones that will be repeated.
    active: Vec<Active>,
    waiting: VecDeque<Order>,
    paused: bool,
    failed: bool,
}

#[derive(Debug)]
struct Active {
    order: Order,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Running,
    Ending,
    Pausing(Timestamp),
}

/// What becomes of every firing.
#[derive(Debug, Default)]
pub struct Engine {
    jobs: HashMap<Arc<str>, Job>,
    /// Times at which something may be due. An entry that its job no longer knows is passed over.
    agenda: BinaryHeap<Reverse<(Timestamp, Arc<str>)>>,
    seen: Timestamp,
    is_ending: bool,
}

impl Engine {
    /// An engine that goes on where the one before it stopped; `known` is asked for each schedule. The first tick finds what was missed.
    pub fn new(file: &ScheduleFile, known: &HashMap<String, Known>, now: Timestamp) -> Self {
        let mut engine = Self { seen: now, ..Self::default() };
        for schedule in &file.schedules {
            let known = known.get(&*schedule.name);
            let same = known.filter(|known| known.fingerprint == schedule.timing.fingerprint());
            // What is handled in the future was handled by a clock that was wrong.
            let handled = same.map_or(now, |known| known.handled).min(now);
            let job = Job {
                next: schedule.timing.next(handled),
                schedule: Arc::clone(schedule),
                active: Vec::new(),
                waiting: VecDeque::new(),
                paused: known.is_some_and(|known| known.paused),
                failed: known.is_some_and(|known| known.failed),
            };
            engine.plan(&job);
            engine.jobs.insert(Arc::clone(&schedule.name), job);
        }
        engine
    }

    /// Takes over a run that a server before this one has started and that still goes on.
    pub fn adopt(&mut self, name: &str, at: Timestamp, attempt: u32) {
        let Some(job) = self.jobs.get_mut(name) else { return };
        let order = Order { schedule: Arc::clone(&job.schedule), at, due: at, cause: Cause::Schedule, attempt };
        // Only its end is heard of: it is no child of this process.
        job.active.push(Active { order, state: State::Ending });
    }

    /// Decides anew about a firing that waited when the server before this one ended.
    pub fn take_up(&mut self, name: &str, at: Timestamp, now: Timestamp) -> Vec<Decision> {
        let Some(job) = self.jobs.get_mut(name) else { return Vec::new() };
        let order = Order { schedule: Arc::clone(&job.schedule), at, due: at, cause: Cause::CatchUp, attempt: 1 };
        let within = SignedDuration::try_from(job.schedule.catch_up.within).unwrap_or(SignedDuration::MAX);
        let mut decisions = Vec::new();
        if now.duration_since(at) <= within.max(ON_TIME) && !job.is_paused() {
            job.admit(order, &mut decisions);
        } else {
            decisions.push(missed(&order, Reason::ServerGone));
        }
        decisions
    }

    /// When something may be due next.
    pub fn next_due(&self) -> Option<Timestamp> {
        self.agenda.peek().map(|Reverse((time, _))| *time)
    }

    /// How many runs go on, and how many firings wait.
    pub fn load(&self) -> (usize, usize) {
        self.jobs.values().fold((0, 0), |(running, waiting), job| {
            (running + job.active.iter().filter(|active| !matches!(active.state, State::Pausing(_))).count(), waiting + job.waiting.len())
        })
    }

    /// How many schedules there are.
    pub fn count(&self) -> usize {
        self.jobs.len()
    }

    /// Decides what has become due. `gap` is what the time of a firing passed for that was not seen in time.
    pub fn tick(&mut self, now: Timestamp, gap: Gap) -> Vec<Decision> {
        if now < self.seen && self.seen.duration_since(now) > CORRECTION {
            self.rewind(now);
        }
        self.seen = now;
        let mut decisions = Vec::new();
        while let Some(Reverse((time, _))) = self.agenda.peek()
            && *time <= now
        {
            let Some(Reverse((_, name))) = self.agenda.pop() else { break };
            let Some(mut job) = self.jobs.remove(&name) else { continue };
            job.due(now, gap, self.is_ending, &mut decisions);
            self.plan(&job);
            self.jobs.insert(name, job);
        }
        decisions
    }

    /// Hears that a run has ended.
    pub fn ended(&mut self, name: &str, at: Timestamp, outcome: Outcome, now: Timestamp) -> Vec<Decision> {
        let mut decisions = Vec::new();
        let Some(job) = self.jobs.get_mut(name) else { return decisions };
        let retry = job.ended(at, outcome, now, self.is_ending, &mut decisions);
        let is_gone = job.next.is_none() && job.active.is_empty() && job.is_removed();
        let name = Arc::clone(&job.schedule.name);
        if let Some(time) = retry {
            self.agenda.push(Reverse((time, Arc::clone(&name))));
        }
        if is_gone {
            self.jobs.remove(&name);
        }
        decisions
    }

    /// Runs a schedule now. The firing's time is `now`.
    pub fn trigger(&mut self, name: &str, now: Timestamp) -> Option<Vec<Decision>> {
        let job = self.jobs.get_mut(name)?;
        let order = Order { schedule: Arc::clone(&job.schedule), at: now, due: now, cause: Cause::Trigger, attempt: 1 };
        let mut decisions = Vec::new();
        if self.is_ending {
            decisions.push(missed(&order, Reason::ShuttingDown));
        } else {
            job.admit(order, &mut decisions);
        }
        Some(decisions)
    }

    /// Keeps a schedule from firing, or lets it fire again; whether there is one of that name.
    pub fn set_paused(&mut self, name: &str, paused: bool) -> bool {
        match self.jobs.get_mut(name) {
            Some(job) => {
                job.paused = paused;
                true
            }
            None => false,
        }
    }

    /// Takes a changed file over. What is due by now goes by the file before.
    pub fn reload(&mut self, file: &ScheduleFile, now: Timestamp) -> Vec<Decision> {
        let mut decisions = self.tick(now, Gap::Busy);
        let mut before = std::mem::take(&mut self.jobs);
        self.agenda.clear();
        for schedule in &file.schedules {
            let job = match before.remove(&schedule.name) {
                Some(job) => job.with(schedule, now),
                None => Job {
                    next: schedule.timing.next(now),
                    schedule: Arc::clone(schedule),
                    active: Vec::new(),
                    waiting: VecDeque::new(),
                    paused: false,
                    failed: false,
                },
            };
            self.plan(&job);
            self.jobs.insert(Arc::clone(&schedule.name), job);
        }
        for (name, mut job) in before {
            job.remove(&mut decisions);
            if !job.active.is_empty() {
                self.jobs.insert(name, job);
            }
        }
        decisions
    }

    /// Begins to end: nothing starts any more. What is missed from now on is left to the next server where `catch_up` lets it run then.
    pub fn end(&mut self) -> Vec<Decision> {
        self.is_ending = true;
        let mut decisions = Vec::new();
        for job in self.jobs.values_mut() {
            job.active.retain(|active| !matches!(active.state, State::Pausing(_)));
            decisions.extend(job.waiting.drain(..).map(|order| missed(&order, Reason::ShuttingDown)));
        }
        decisions
    }

    fn plan(&mut self, job: &Job) {
        let retries = job.active.iter().filter_map(|active| match active.state {
            State::Pausing(until) => Some(until),
            _ => None,
        });
        // While the server ends, what is left undecided must not be looked at again and again.
        let next = job.next.filter(|firing| !self.is_ending || firing.due > self.seen).map(|firing| firing.due);
        for time in next.into_iter().chain(retries) {
            self.agenda.push(Reverse((time, Arc::clone(&job.schedule.name))));
        }
    }

    /// The clock was far ahead and is set right: everything is planned anew from now.
    fn rewind(&mut self, now: Timestamp) {
        self.agenda.clear();
        let names: Vec<_> = self.jobs.keys().cloned().collect();
        for name in names {
            let Some(mut job) = self.jobs.remove(&name) else { continue };
            if !job.is_removed() {
                job.next = job.schedule.timing.next(now);
            }
            self.plan(&job);
            self.jobs.insert(name, job);
        }
    }
}

impl Job {
    /// The same job under a changed file.
    fn with(mut self, schedule: &Arc<Schedule>, now: Timestamp) -> Self {
        let is_same = !self.is_removed() && self.schedule.timing.fingerprint() == schedule.timing.fingerprint();
        self.next = match self.next {
            // The time stays; only how long after it the firing is due may have changed.
            Some(next) if is_same => schedule.timing.next(before(next.at)),
            None if is_same => None,
            _ => schedule.timing.next(now),
        };
        self.schedule = Arc::clone(schedule);
        self
    }

    /// The schedule is no longer in the file: runs go on, nothing else starts.
    fn remove(&mut self, decisions: &mut Vec<Decision>) {
        self.next = None;
        self.active.retain(|active| !matches!(active.state, State::Pausing(_)));
        decisions.extend(self.waiting.drain(..).map(|order| missed(&order, Reason::Removed)));
        let mut schedule = (*self.schedule).clone();
        schedule.timing.end = Some(Timestamp::MIN);
        self.schedule = Arc::new(schedule);
    }

    fn is_removed(&self) -> bool {
        self.schedule.timing.end == Some(Timestamp::MIN)
    }

    fn due(&mut self, now: Timestamp, gap: Gap, is_ending: bool, decisions: &mut Vec<Decision>) {
        for active in &mut self.active {
            if matches!(active.state, State::Pausing(until) if until <= now) && !is_ending {
                active.state = State::Running;
                active.order.attempt += 1;
                active.order.due = now;
                decisions.push(Decision::Start(active.order.clone()));
            }
        }
        let Some(next) = self.next.filter(|next| next.due <= now) else { return };
        if is_ending && self.schedule.catch_up != CatchUp::NONE && !self.is_paused() {
            // The next server finds it undecided, and may run it.
            return;
        }
        let schedule = Arc::clone(&self.schedule);
        let mut due = VecDeque::new();
        let mut older: Option<(Firing, Timestamp, u64)> = None;
        let mut firings = schedule.timing.firings(before(next.at));
        self.next = loop {
            match firings.next() {
                Some(firing) if firing.due <= now => due.push_back(firing),
                next => break next,
            }
            // One schedule of a second missed for a week is 600,000 firings.
            if due.len() > MISSED_ROWS && schedule.catch_up.runs == CaughtUp::Latest
                && let Some(firing) = due.pop_front()
            {
                older = Some(older.map_or((firing, firing.at, 1), |(_, first, count)| (firing, first, count + 1)));
            }
        };
        if let Some((last, first, count)) = older {
            let reason = if self.is_paused() { Reason::Paused } else { Reason::TooLate(gap) };
            let several = Some((first, count));
            decisions.push(Decision::Miss(Missed { schedule: Arc::clone(&schedule), at: last.at, due: last.due, reason, cause: Cause::Schedule, several }));
        }
        self.decide(&Vec::from(due), now, gap, is_ending, decisions);
    }

    fn decide(&mut self, due: &[Firing], now: Timestamp, gap: Gap, is_ending: bool, decisions: &mut Vec<Decision>) {
        let age = |firing: &Firing| now.duration_since(firing.due);
        let within = SignedDuration::try_from(self.schedule.catch_up.within).unwrap_or(SignedDuration::MAX);
        let may_run = |firing: &Firing| age(firing) <= ON_TIME.max(within);
        let latest = due.iter().rposition(|firing| age(firing) > ON_TIME && may_run(firing));
        let is_overtaken = due.last().is_some_and(|firing| age(firing) <= ON_TIME);
        for (index, firing) in due.iter().enumerate() {
            let is_late = age(firing) > ON_TIME;
            let cause = if is_late { Cause::CatchUp } else { Cause::Schedule };
            let order = Order { schedule: Arc::clone(&self.schedule), at: firing.at, due: firing.due, cause, attempt: 1 };
            let only_latest = self.schedule.catch_up.runs == CaughtUp::Latest;
            let reason = if self.is_paused() {
                Some(Reason::Paused)
            } else if is_ending {
                Some(Reason::ShuttingDown)
            } else if !may_run(firing) {
                Some(Reason::TooLate(gap))
            } else if is_late && only_latest && (latest != Some(index) || is_overtaken) {
                Some(Reason::Superseded)
            } else {
                None
            };
            match reason {
                Some(reason) => {
                    decisions.push(missed(&order, reason));
                    if matches!(reason, Reason::TooLate(_)) {
                        tell(&order, Occasion::Late, Some(reason), decisions);
                    }
                }
                None => {
                    let late_after = self.schedule.notify.as_ref().map(|notify| notify.late_after.0);
                    if late_after.is_some_and(|limit| age(firing) > SignedDuration::try_from(limit).unwrap_or(SignedDuration::MAX)) {
                        tell(&order, Occasion::Late, None, decisions);
                    }
                    self.admit(order, decisions);
                }
            }
        }
    }

    /// What overlapping with the runs that go on means.
    fn admit(&mut self, order: Order, decisions: &mut Vec<Decision>) {
        let is_free = self.active.is_empty() && self.waiting.is_empty();
        match self.schedule.overlap {
            _ if is_free => self.start(order, decisions),
            Overlap::Allow => self.start(order, decisions),
            Overlap::Skip => decisions.push(missed(&order, Reason::Overlap)),
            Overlap::Queue if self.waiting.len() >= LONGEST_QUEUE => decisions.push(missed(&order, Reason::QueueFull)),
            Overlap::Queue => {
                decisions.push(Decision::Wait(order.clone()));
                self.waiting.push_back(order);
            }
            Overlap::Cancel => {
                decisions.extend(self.waiting.drain(..).map(|order| missed(&order, Reason::Superseded)));
                self.active.retain(|active| !matches!(active.state, State::Pausing(_)));
                for active in self.active.iter_mut().filter(|active| active.state == State::Running) {
                    active.state = State::Ending;
                    decisions.push(Decision::End(active.order.clone(), EndReason::Replaced));
                }
                if self.active.is_empty() {
                    self.start(order, decisions);
                } else {
                    decisions.push(Decision::Wait(order.clone()));
                    self.waiting.push_back(order);
                }
            }
        }
    }

    fn start(&mut self, order: Order, decisions: &mut Vec<Decision>) {
        decisions.push(Decision::Start(order.clone()));
        self.active.push(Active { order, state: State::Running });
    }

    /// The time of the retry, where there is one.
    fn ended(
        &mut self,
        at: Timestamp,
        outcome: Outcome,
        now: Timestamp,
        is_ending: bool,
        decisions: &mut Vec<Decision>,
    ) -> Option<Timestamp> {
        let index = self.active.iter().position(|active| active.order.is(at) && !matches!(active.state, State::Pausing(_)))?;
        let mut active = self.active.swap_remove(index);
        let mut retry = None;
        match outcome {
            Outcome::Done => {
                if std::mem::take(&mut self.failed) {
                    tell(&active.order, Occasion::Recovery, None, decisions);
                }
            }
            Outcome::Failed => {
                let pause = self.schedule.retries.pause(active.order.attempt).filter(|_| {
                    !is_ending && active.state == State::Running && !self.is_removed()
                });
                match pause.and_then(|pause| now.checked_add(pause).ok()) {
                    Some(time) => {
                        decisions.push(Decision::Retry(active.order.clone(), time));
                        active.state = State::Pausing(time);
                        self.active.push(active);
                        retry = Some(time);
                    }
                    None => {
                        self.failed = true;
                        tell(&active.order, Occasion::Failure, None, decisions);
                    }
                }
            }
            Outcome::Ended => {}
        }
        if self.active.is_empty()
            && let Some(order) = self.waiting.pop_front()
        {
            if self.is_paused() && order.cause != Cause::Trigger {
                decisions.push(missed(&order, Reason::Paused));
                decisions.extend(self.waiting.drain(..).map(|order| missed(&order, Reason::Paused)));
            } else {
                self.start(order, decisions);
            }
        }
        retry
    }

    fn is_paused(&self) -> bool {
        self.paused || self.schedule.paused
    }
}

/// A search that begins here finds `time` itself.
fn before(time: Timestamp) -> Timestamp {
    time.checked_sub(SignedDuration::from_nanos(1)).unwrap_or(time)
}

fn missed(order: &Order, reason: Reason) -> Decision {
    let schedule = Arc::clone(&order.schedule);
    Decision::Miss(Missed { schedule, at: order.at, due: order.due, reason, cause: order.cause, several: None })
}

fn tell(order: &Order, occasion: Occasion, reason: Option<Reason>, decisions: &mut Vec<Decision>) {
    if order.schedule.notify.as_ref().is_some_and(|notify| notify.on.contains(&occasion)) {
        decisions.push(Decision::Tell(order.clone(), occasion, reason));
    }
}
