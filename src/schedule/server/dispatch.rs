//! Carries the engine's decisions out: into the history first, then into processes and
//! notifications.

use super::format::{length, time};
use super::launch::new_run;
use super::notices::{Addressed, RunEnded, ended, entry, notifications, started, withdrawal};
use super::outbox::Outbox;
use super::processes::{Ended, Processes, Running};
use super::records::Records;
use super::scripts::{ScriptFault, ScriptWatch};
use super::verdict::judge;
use crate::gate::{Level, Random};
use crate::history::{
    AttemptKey, Firing, FiringOutcome, HistoryEntry, Of, Retry, RunEnd, RunOutcome, UserRequest,
    Verb,
};
use crate::run::control::forget_run;
use crate::schedule::engine::{Attempt, Cause, Decision, Engine, Missed, Notice, Outcome, Reason};
use crate::schedule::file::ScheduleFile;
use crate::schedule::notify::{Notify, NotifyEvent};
use crate::schedule::params::Given;
use crate::schedule::value::Overlap;
use cumulua_core::clock::wall_now;
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// Missed firings of one schedule that are logged one by one; the history has the others too.
const MISSED_LOGGED: usize = 10;

/// A store that takes longer has kept firings from beginning at their time.
const PROMPT: SignedDuration = SignedDuration::from_secs(1);

/// Decisions, and what they follow from.
pub(super) struct DecisionBatch {
    pub(super) decisions: Vec<Decision>,
    /// The end of a run, where it is one.
    pub(super) of: Option<RunEnded>,
}

impl From<Vec<Decision>> for DecisionBatch {
    /// Decisions that follow from the time, or from a request.
    fn from(decisions: Vec<Decision>) -> Self {
        Self {
            decisions,
            of: None,
        }
    }
}

/// What is left to do for a decision that is in the store.
enum Command {
    Start(NewStart),
    End(Attempt),
    Deliver(Addressed),
}

/// A run that is started, if its decision was new.
struct NewStart {
    attempt: Attempt,
    run: String,
    /// When it was decided.
    now: Timestamp,
    /// The decision's index in the record.
    index: usize,
    signal: Option<Addressed>,
}

/// The engine, and what its decisions are carried out with.
pub(super) struct Dispatch {
    pub(super) engine: Engine,
    pub(super) file: ScheduleFile,
    pub(super) records: Records,
    pub(super) processes: Processes,
    pub(super) outbox: Outbox,
    /// What is wrong with a script.
    pub(super) script_fault: ScriptFault,
    /// What was wrong with scripts when they were looked at last.
    pub(super) script_faults: Vec<String>,
    pub(super) script_watch: ScriptWatch,
    pub(super) random: Random,
    /// Runs that the history has, and whose schedule's lock a process of a server before still
    /// holds.
    held_up: Vec<(Attempt, String)>,
    /// Until when the store kept runs from beginning, the last time that it did.
    held_up_until: Option<Timestamp>,
    /// Runs whose process is gone, and of which the store could not be asked how they ended.
    unjudged: Vec<Ended>,
    /// Whether what follows from the end of a run is left to the next server.
    is_ending: bool,
}

impl Dispatch {
    pub(super) fn new(
        engine: Engine,
        file: ScheduleFile,
        records: Records,
        processes: Processes,
        outbox: Outbox,
        script_fault: ScriptFault,
    ) -> Self {
        Self {
            engine,
            file,
            records,
            processes,
            outbox,
            script_fault,
            script_faults: Vec::new(),
            script_watch: ScriptWatch::new(),
            random: Random::system(),
            held_up: Vec::new(),
            held_up_until: None,
            unjudged: Vec::new(),
            is_ending: false,
        }
    }

    /// Carries decisions out.
    pub(super) fn carry_out(&mut self, batches: impl IntoIterator<Item = DecisionBatch>) {
        let mut open: Vec<_> = batches.into_iter().collect();
        // What cannot be started leads to decisions of its own.
        while !open.is_empty() {
            let mut record = Vec::new();
            let mut commands = Vec::new();
            let mut missed = Vec::new();
            for batch in std::mem::take(&mut open) {
                self.prepare(batch, &mut record, &mut commands, &mut missed);
            }
            let asked = wall_now();
            // One step for all: were a later decision of a schedule there without an earlier one, a
            // kill in between would lose that.
            let new = if record.is_empty() {
                Some(Vec::new())
            } else {
                self.records.record(record)
            };
            let answered = wall_now();
            if answered.duration_since(asked) > PROMPT {
                self.held_up_until = Some(answered);
            }
            self.log_missed(&missed, new.is_some());
            for command in commands {
                match command {
                    Command::End(attempt) => self
                        .processes
                        .cancel(&attempt, "ended by the server for the next firing"),
                    // Also where the store has refused it: a full disk is worth a message.
                    Command::Deliver(addressed) => self.outbox.add_all([addressed]),
                    Command::Start(start) => {
                        let is_new = new.as_ref().map(|new| new.get(start.index) == Some(&true));
                        open.extend(self.begin(start, is_new, answered));
                    }
                }
            }
        }
    }

    /// Starts a run whose decision was new; none where the store has refused it. What follows where
    /// it does not start.
    fn begin(
        &mut self,
        start: NewStart,
        is_new: Option<bool>,
        answered: Timestamp,
    ) -> Option<DecisionBatch> {
        let NewStart {
            attempt,
            run,
            now,
            signal,
            ..
        } = start;
        let name = Arc::clone(&attempt.schedule.name);
        let outcome = match is_new {
            Some(true) => {
                if attempt.is_on_time() {
                    let lateness = answered.duration_since(attempt.due);
                    let lateness = Duration::try_from(lateness).unwrap_or_default();
                    self.records.metrics.decided(lateness);
                }
                self.records.metrics.schedules.began(&attempt, &run, now);
                self.outbox.add_all(signal);
                return self.start(attempt, run);
            }
            Some(false) => {
                if let Some(signal) = &signal {
                    self.records.record_later(withdrawal(signal));
                }
                Outcome::Ended
            }
            None => Outcome::Unrecorded,
        };
        let decisions = self.engine.ended(&name, attempt.at, outcome, wall_now());
        Some(decisions.into())
    }

    /// Adds what goes into the store, and what follows once it is there.
    fn prepare(
        &mut self,
        batch: DecisionBatch,
        record: &mut Vec<HistoryEntry>,
        commands: &mut Vec<Command>,
        missed: &mut Vec<Missed>,
    ) {
        let DecisionBatch { decisions, of } = batch;
        if let Some(ended) = &of {
            // A run's own process has recorded that it is done; that the server has taken note of
            // it may wait for the next record.
            let end = RunEnd::clone(&ended.end);
            let signal = self.signal_of(ended, &decisions);
            if decisions.is_empty() && signal.is_none() && end.outcome == RunOutcome::Done {
                self.records.record_later(HistoryEntry::End(end));
            } else {
                record.push(HistoryEntry::End(end));
            }
            Self::send(signal, record, commands);
        }
        let now = wall_now();
        for decision in decisions {
            match decision {
                Decision::Start(attempt) => {
                    let run = self.random.uuid();
                    let signal = started(&attempt, &run, &self.random);
                    record.extend(given_entry(&attempt));
                    record.extend(requested_entry(&attempt, now));
                    let index = record.len();
                    record.push(started_entry(&attempt, run.clone(), now));
                    record.extend(signal.as_ref().map(entry));
                    commands.push(Command::Start(NewStart {
                        attempt,
                        run,
                        now,
                        index,
                        signal,
                    }));
                }
                Decision::Wait(attempt, why) => {
                    let name = &attempt.schedule.name;
                    let message =
                        format!("{name}: the firing of {} waits: {why}", time(attempt.at));
                    self.records.log_line(Level::Info, name, &message);
                    let why = Some(why.to_string());
                    record.extend(given_entry(&attempt));
                    record.extend(requested_entry(&attempt, now));
                    record.push(firing_entry(
                        attempt.cause,
                        attempt.is_repeated,
                        firing(&attempt, FiringOutcome::Queued, why, now),
                    ));
                }
                Decision::Miss(mut miss) => {
                    // What it would overlap with had not begun at its time: the store had not let
                    // it.
                    let waited = self.held_up_until.is_some_and(|until| miss.at <= until);
                    if matches!(miss.reason, Reason::Overlap(_)) && waited {
                        miss.reason = Reason::Unrecorded;
                    }
                    record.push(missed_entry(&miss, now));
                    missed.push(miss);
                }
                Decision::End(attempt) => commands.push(Command::End(attempt)),
                Decision::Retry(attempt, at) => {
                    let message = format!(
                        "{}: attempt {} failed; the next is at {}",
                        attempt.schedule.name,
                        attempt.number,
                        time(at)
                    );
                    self.records
                        .log_line(Level::Warn, &attempt.schedule.name, &message);
                    record.push(HistoryEntry::Retry(attempt_key(&attempt), Retry::At(at)));
                }
                Decision::GiveUp(attempt, reason) => {
                    let name = &attempt.schedule.name;
                    let message = format!(
                        "{name}: attempt {} failed and is not repeated: {reason}",
                        attempt.number
                    );
                    self.records.log_line(Level::Warn, name, &message);
                    record.push(HistoryEntry::Retry(
                        attempt_key(&attempt),
                        Retry::GivenUp(reason.to_string()),
                    ));
                }
                Decision::Notify(notice) => {
                    let name = &notice.attempt.schedule.name;
                    let metrics = &self.records.metrics.notifications;
                    metrics.event(name, notice.event.as_str());
                    let made = notifications(&notice, of.as_ref(), &self.random);
                    Self::send(made, record, commands);
                }
            }
        }
    }

    /// Logs and counts firings that did not run. Where that could not be recorded, nothing that they
    /// would have overlapped with has begun.
    fn log_missed(&self, missed: &[Missed], is_recorded: bool) {
        let mut counts: BTreeMap<&Arc<str>, usize> = BTreeMap::new();
        for miss in missed {
            let name = &miss.schedule.name;
            let reason = match &miss.reason {
                Reason::Overlap(_) if !is_recorded => &Reason::Unrecorded,
                reason => reason,
            };
            let outcome = FiringOutcome::from(reason);
            self.records
                .metrics
                .firing(outcome.as_str(), miss.several.map_or(1, |(_, count)| count));
            self.records
                .metrics
                .schedules
                .missed(name, miss.at, &outcome);
            let count = counts.entry(name).or_default();
            *count += 1;
            if *count <= MISSED_LOGGED {
                let message = format!(
                    "{name}: {} did not run: {}",
                    time(miss.at),
                    detail(miss, reason)
                );
                self.records.log.line(
                    Level::Warn,
                    &message,
                    &[("schedule", name), ("reason", outcome.as_str())],
                );
            }
        }
        for (name, count) in counts {
            if count > MISSED_LOGGED {
                let message = format!(
                    "{name}: {} more did not run; `cumulua runs list --name {name}` shows them",
                    count - MISSED_LOGGED
                );
                self.records.log_line(Level::Warn, name, &message);
            }
        }
    }

    /// Starts a run that the store has; what follows where it cannot be started.
    fn start(&mut self, attempt: Attempt, run: String) -> Option<DecisionBatch> {
        self.records
            .metrics
            .firing("ran", u64::from(attempt.number == 1));
        let name = &attempt.schedule.name;
        if attempt.schedule.overlap != Overlap::Allow
            && self.records.store.locks().is_schedule_running(name)
        {
            // A run of a server before this one, whose end the history may have already, still has
            // to end.
            self.held_up.push((attempt, run));
            return None;
        }
        self.start_now(&attempt, run)
    }

    /// Starts a run regardless of others.
    fn start_now(&mut self, attempt: &Attempt, run: String) -> Option<DecisionBatch> {
        let name = Arc::clone(&attempt.schedule.name);
        let Attempt { at, due, cause, .. } = *attempt;
        let is_first = attempt.is_on_time();
        if let Err(problem) =
            self.processes
                .start(attempt, &run, &self.file.folder, &self.records.store)
        {
            forget_run(self.records.store.path(), &run);
            let end = RunEnd {
                id: run,
                ended: wall_now(),
                outcome: RunOutcome::Failed,
                status: None,
                error: Some(format!("its process cannot be started: {problem}")),
            };
            return self.finish(&name, at, end);
        }
        // Whether a firing is late shows only once its process has begun.
        let mut late = None;
        if is_first {
            let lateness = wall_now().duration_since(due);
            let lateness = Duration::try_from(lateness).unwrap_or(Duration::ZERO);
            self.records.metrics.lateness(lateness);
            late = late_notice(attempt, lateness);
        }
        let fields = [
            ("schedule", &*name),
            ("run", &*run),
            ("cause", cause.as_str()),
        ];
        self.records.log.line(
            Level::Info,
            &format!("{name}: started for {}", time(at)),
            &fields,
        );
        late.map(|notice| vec![Decision::Notify(notice)].into())
    }

    /// Starts the runs that were held up and no longer are.
    pub(super) fn start_held_up(&mut self) {
        for (attempt, run) in std::mem::take(&mut self.held_up) {
            if self
                .records
                .store
                .locks()
                .is_schedule_running(&attempt.schedule.name)
            {
                self.held_up.push((attempt, run));
            } else {
                let failed = self.start_now(&attempt, run);
                self.carry_out(failed);
            }
        }
    }

    /// Begins to end: nothing starts any more, and nothing is decided.
    pub(super) fn begin_to_end(&mut self) {
        self.engine.end();
        self.held_up.clear();
        self.is_ending = true;
    }

    /// Decides what follows from the ends of runs' processes.
    pub(super) fn ended(&mut self, ended: Vec<Ended>) -> Vec<DecisionBatch> {
        let ends = match judge(&self.records.store, &ended) {
            Ok(ends) => ends,
            Err(problem) => {
                // Whether they are to be repeated must not be guessed.
                self.records.fault(&problem);
                self.unjudged.extend(ended);
                return Vec::new();
            }
        };
        let mut batches = Vec::new();
        for end in ends {
            if let Some(Running { name, at, .. }) = self.processes.forget(&end.id) {
                forget_run(self.records.store.path(), &end.id);
                batches.extend(self.finish(&name, at, end));
            }
        }
        batches
    }

    /// Judges what could not be judged before.
    pub(super) fn judge_again(&mut self) {
        let ended = std::mem::take(&mut self.unjudged);
        let batches = self.ended(ended);
        self.carry_out(batches);
    }

    /// Asks the engine what follows from a run's end.
    pub(super) fn decide_after(
        &mut self,
        schedule: &str,
        at: Timestamp,
        end: RunEnd,
    ) -> DecisionBatch {
        let decisions = self
            .engine
            .ended(schedule, at, Outcome::from(end.outcome), wall_now());
        DecisionBatch {
            decisions,
            of: Some(RunEnded {
                schedule: schedule.into(),
                end: Arc::new(end),
            }),
        }
    }

    /// Logs how a run ended, and asks the engine what follows.
    fn finish(&mut self, name: &Arc<str>, at: Timestamp, end: RunEnd) -> Option<DecisionBatch> {
        let RunEnd {
            id,
            outcome,
            status,
            ..
        } = &end;
        self.records.metrics.run(outcome.as_str());
        self.records.metrics.schedules.ended(name, &end);
        let level = if *outcome == RunOutcome::Done {
            Level::Info
        } else {
            Level::Warn
        };
        let text = status.map(|status| status.to_string()).unwrap_or_default();
        let with = if text.is_empty() {
            String::new()
        } else {
            format!(", status {text}")
        };
        let fields = [
            ("schedule", &**name),
            ("run", &**id),
            ("outcome", outcome.as_str()),
            ("status", &*text),
        ];
        let by = (*outcome == RunOutcome::Cancelled)
            .then(|| self.records.requested(Of::Run(id, None), Verb::Cancel))
            .flatten();
        let message = format!("{name}: {}{with}", outcome.as_str());
        self.records.log_requested(level, &message, &fields, by);
        // The next server finds it in the store, with no note that anything was decided.
        (!self.is_ending).then(|| self.decide_after(name, at, end))
    }

    /// Notifications go into the store together with what they follow from, and then on their way.
    fn send(
        made: impl IntoIterator<Item = Addressed>,
        record: &mut Vec<HistoryEntry>,
        commands: &mut Vec<Command>,
    ) {
        for addressed in made {
            record.push(entry(&addressed));
            commands.push(Command::Deliver(addressed));
        }
    }

    /// The signal of a run's end; none where it is to be repeated.
    fn signal_of(&self, ended_run: &RunEnded, decisions: &[Decision]) -> Option<Addressed> {
        let schedule = self.file.find(&ended_run.schedule).ok()?;
        let is_repeated = |decision: &Decision| match decision {
            Decision::Retry(attempt, _) => attempt.schedule.name == ended_run.schedule,
            _ => false,
        };
        if decisions.iter().any(is_repeated) {
            return None;
        }
        ended(schedule, &ended_run.end, &self.random)
    }

    /// Notifies of what no decision is about.
    pub(super) fn notify_beside(&mut self, made: Vec<Addressed>) {
        if made.is_empty() {
            return;
        }
        let _ = self.records.record(made.iter().map(entry).collect());
        self.outbox.add_all(made);
    }

    /// Notes how attempts to deliver notifications went, and makes those that are due.
    pub(super) fn deliver(&mut self) {
        self.outbox.settle(&self.file, &mut self.records);
        self.outbox.send_due(&self.file, &mut self.records);
    }
}

/// The event of a firing whose process has begun too late.
fn late_notice(attempt: &Attempt, lateness: Duration) -> Option<Notice> {
    let notify = attempt.schedule.notify.as_ref();
    let limit = notify.map_or(Notify::LATE_AFTER, |notify| notify.late_after);
    (lateness > limit.0).then(|| Notice {
        attempt: attempt.clone(),
        event: NotifyEvent::Late,
        reason: None,
        firings: 1,
    })
}

fn missed_entry(miss: &Missed, now: Timestamp) -> HistoryEntry {
    firing_entry(
        miss.cause,
        miss.is_repeated,
        Firing {
            schedule: miss.schedule.name.to_string(),
            due: miss.at,
            decided: now,
            outcome: FiringOutcome::from(&miss.reason),
            detail: Some(detail(miss, &miss.reason)),
        },
    )
}

/// Why a firing, or several, did not run.
fn detail(miss: &Missed, reason: &Reason) -> String {
    match miss.several {
        None => reason.to_string(),
        Some((first, count)) => format!(
            "{reason}; this row stands for {count} firings from {} on",
            time(first)
        ),
    }
}

fn firing(
    attempt: &Attempt,
    outcome: FiringOutcome,
    detail: Option<String>,
    now: Timestamp,
) -> Firing {
    Firing {
        schedule: attempt.schedule.name.to_string(),
        due: attempt.at,
        decided: now,
        outcome,
        detail,
    }
}

/// What the script of a firing is given; nothing of one that a server before this one was asked for,
/// which has recorded it.
fn given_entry(attempt: &Attempt) -> Option<HistoryEntry> {
    let given = match &attempt.given {
        Some(given) => Given::clone(given),
        None if attempt.cause == Cause::Trigger => return None,
        None => Given::defaults(&attempt.schedule.params),
    };
    (attempt.number == 1 && !given.is_empty()).then(|| {
        HistoryEntry::Given(
            attempt.schedule.name.to_string(),
            attempt.at,
            given.to_keep(),
        )
    })
}

/// Who has asked for a firing.
fn requested_entry(attempt: &Attempt, now: Timestamp) -> Option<HistoryEntry> {
    let requester = attempt.given.as_ref()?.requester.clone()?;
    let verb = match attempt.cause {
        Cause::Backfill => Verb::Backfill,
        _ => Verb::Trigger,
    };
    let request = UserRequest {
        schedule: Some(attempt.schedule.name.to_string()),
        due: Some(attempt.at),
        ..UserRequest::new(verb, requester, now)
    };
    (attempt.number == 1).then_some(HistoryEntry::Requested(request))
}

fn attempt_key(attempt: &Attempt) -> AttemptKey {
    AttemptKey {
        schedule: attempt.schedule.name.to_string(),
        due: attempt.at,
        number: attempt.number,
    }
}

/// A firing that a person has triggered is none of the schedule's own.
fn firing_entry(cause: Cause, is_repeated: bool, firing: Firing) -> HistoryEntry {
    match cause {
        Cause::Trigger => HistoryEntry::Beside(firing, None),
        Cause::Backfill => HistoryEntry::Over(firing, None),
        Cause::Schedule | Cause::CatchUp if is_repeated => HistoryEntry::Again(firing, None),
        Cause::Schedule | Cause::CatchUp => HistoryEntry::Firing(firing, None),
    }
}

fn started_entry(attempt: &Attempt, run: String, now: Timestamp) -> HistoryEntry {
    let new = new_run(attempt, run.clone(), now);
    if attempt.number > 1 {
        return HistoryEntry::Run(new);
    }
    let mut detail = (attempt.cause == Cause::CatchUp)
        .then(|| format!("caught up {} late", length(now.duration_since(attempt.due))));
    if attempt.cause == Cause::Backfill {
        detail = Some("backfilled".to_owned());
    } else if attempt.is_repeated {
        detail = Some("again, because the clock was set back".to_owned());
    }
    let firing = firing(attempt, FiringOutcome::Ran { run }, detail, now);
    match attempt.cause {
        Cause::Trigger => HistoryEntry::Beside(firing, Some(new)),
        Cause::Backfill => HistoryEntry::Over(firing, Some(new)),
        _ if attempt.is_repeated => HistoryEntry::Again(firing, Some(new)),
        _ => HistoryEntry::Firing(firing, Some(new)),
    }
}
