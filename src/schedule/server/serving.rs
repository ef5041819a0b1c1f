//! The server at work: what each round of its loop does.

use super::adopted::{Adopted, read_schedule_states, take_over};
use super::backfill::backfill;
use super::clock_watch::ClockWatch;
use super::config_faults::watch_scripts;
use super::dispatch::Dispatch;
use super::ending::{EndSettings, Ending};
use super::error::ServeError;
use super::file_watch::FileWatch;
use super::format::{milliseconds, time};
use super::processes::Ended;
use super::pruning::Pruning;
use super::records::{HELD_UP, Records};
use super::reload::{log_zone, look_at_paused, name_pauses, planned, reload};
use super::requests::Asked;
use super::samples::Samples;
use super::signals::Signal;
use crate::gate::{Level, end_left_by};
use crate::history::{Dropped, Requester, UserRequest, Verb, WRONG_CLOCK, dropped_by};
use crate::run::control::{Reply, Request, forget_run};
use crate::run::given::GivenValue;
use crate::run::last_words;
use crate::schedule::engine::{Attempt, Decision, Engine, MissCause, Reason};
use crate::schedule::file::ScheduleFile;
use crate::schedule::params::Given;
use cumulua_core::clock::{real_now, wall_now};
use jiff::{SignedDuration, Timestamp};
use sd_notify::NotifyState;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The time that notifications on their way get at the server's end. One that does not arrive is sent
/// again by the next server, and a container is killed 10 s after it was asked to end.
pub(super) const LAST_NOTIFICATIONS: Duration = Duration::from_secs(3);

/// How often the store is told that the server is alive.
const SEEN: Duration = Duration::from_secs(10);

/// A time without firings in which the store can flush the disk.
const LULL: SignedDuration = SignedDuration::from_millis(200);

/// The server at work.
pub(super) struct Serving {
    pub(super) dispatch: Dispatch,
    adopted: Adopted,
    file_watch: FileWatch,
    pruning: Pruning,
    clock_watch: ClockWatch,
    began: Instant,
    settings: EndSettings,
    ending: Option<Ending>,
    /// Its number in the store.
    server: i64,
    /// When the store was told last that it is alive.
    seen: Instant,
}

/// An engine that goes on where the one before it stopped. Runs whose process is gone without a
/// word are lost from here on; those that no process has claimed are taken back.
pub(super) fn engine(file: &ScheduleFile, records: &Records) -> Result<Engine, ServeError> {
    let now = wall_now();
    let words = |run: &str| last_words::read(records.store.path(), run);
    let settled = records.store.settle_lost_runs(now, words)?;
    let taken_back = settled.taken_back.iter().map(|row| {
        let what = "is decided anew: the server before ended before its process had begun";
        (row, what.to_owned())
    });
    let lost = settled.lost.iter().map(|row| {
        let error = row.error.as_deref().unwrap_or_default();
        (row, format!("was lost: {error}"))
    });
    for row in &settled.lost {
        end_left_by(&row.run.id);
    }
    for (row, what) in taken_back.chain(lost) {
        forget_run(records.store.path(), &row.run.id);
        let (name, at) = (&row.run.name, time(row.run.due.unwrap_or(row.run.started)));
        records.log.line(
            Level::Warn,
            &format!("{name}: the run of {at} {what}"),
            &[("schedule", name), ("run", &row.run.id)],
        );
    }
    Ok(Engine::new(
        file,
        &read_schedule_states(&records.store, now)?,
        now,
    ))
}

impl Serving {
    /// Tells the store that the server is alive, or that it ends.
    pub(super) fn note_seen(&mut self, ends: bool) {
        let seen = self
            .dispatch
            .records
            .store
            .server_seen(self.server, wall_now(), ends);
        self.dispatch.records.note(seen);
    }

    /// Takes up where the server before this one stopped.
    pub(super) fn begin(
        mut dispatch: Dispatch,
        path: PathBuf,
        settings: EndSettings,
        began: Instant,
    ) -> Result<Self, ServeError> {
        let now = wall_now();
        let clock_watch = ClockWatch::new(now, Duration::ZERO);
        let file_watch = FileWatch::new(path, dispatch.file.calendar_files.clone());
        let adopted = Adopted::find(&mut dispatch, now)?;
        log_zone(&dispatch);
        let version = env!("CARGO_PKG_VERSION");
        let (server, before) = dispatch
            .records
            .store
            .server_began(process::id(), version, now)?;
        let gone = before.map_or(SignedDuration::MAX, |before| {
            now.duration_since(before.seen)
        });
        let states = dispatch.records.store.schedule_states()?;
        name_pauses(&mut dispatch, &states, now)?;
        let undelivered = dispatch.records.store.undelivered_notifications()?;
        let metrics = &dispatch.records.metrics.notifications;
        metrics.undelivered(undelivered);
        let (metrics, schedules) = (&dispatch.records.metrics, &dispatch.file.schedules);
        metrics.schedules.read(&dispatch.records.store, schedules)?;
        let Dispatch {
            outbox,
            file,
            records,
            ..
        } = &mut dispatch;
        outbox.take_up(file, records)?;
        take_over(&mut dispatch, gone, now)?;
        let missed = dispatch.engine.tick(now, MissCause::NotRunning);
        dispatch.carry_out([missed.into()]);
        // Only now: a firing that was missed must not count as decided before it has its row.
        dispatch.records.store.plan(planned(&dispatch.file), now)?;
        Ok(Self {
            dispatch,
            adopted,
            file_watch,
            pruning: Pruning::default(),
            clock_watch,
            began,
            settings,
            ending: None,
            server,
            seen: began,
        })
    }

    /// Takes in what has ended, and does what is due.
    pub(super) fn step(&mut self, ends: Vec<Ended>) {
        let dispatch = &mut self.dispatch;
        let mut batches = dispatch.ended(ends);
        let now = wall_now();
        let miss_cause = match self.clock_watch.jump(now, real_now() - self.began) {
            None => MissCause::Busy,
            Some(jump) => {
                dispatch.records.metrics.clock_jump();
                let seconds = jump.abs().as_secs_f64();
                let message = if jump.is_negative() {
                    let which = if jump.abs() > WRONG_CLOCK {
                        "it was wrong, and all schedules fire again at its times"
                    } else {
                        "intervals, and expressions with * in minute or hour, follow it and fire again"
                    };
                    format!("the clock was set back by {seconds:.0} s; {which}")
                } else {
                    format!(
                        "the clock went ahead by {seconds:.0} s, or the machine slept; what was missed goes by catch_up"
                    )
                };
                dispatch.records.log.line(Level::Warn, &message, &[]);
                MissCause::ClockJump
            }
        };
        batches.push(dispatch.engine.tick(now, miss_cause).into());
        dispatch.carry_out(batches);
        dispatch.deliver();
        let (running, waiting) = (
            dispatch.processes.count() + self.adopted.count(),
            dispatch.engine.load().1,
        );
        dispatch.records.metrics.load(
            dispatch.engine.count(),
            running,
            waiting,
            real_now() - self.began,
        );
    }

    /// Looks at everything once: what could not be done before, the file, the upkeep of history.
    pub(super) fn do_housekeeping(&mut self) {
        let _ = sd_notify::notify(&[NotifyState::Watchdog]);
        if real_now() - self.seen >= SEEN {
            self.seen = real_now();
            self.note_seen(false);
            self.dispatch.records.take_up_what_runs_left();
        }
        watch_scripts(&mut self.dispatch);
        self.dispatch.records.catch_up();
        self.dispatch.judge_again();
        self.adopted.look(&mut self.dispatch);
        self.dispatch.start_held_up();
        self.pruning.go_on(&mut self.dispatch.records);
        self.tidy();
        if self.file_watch.has_changed() && self.ending.is_none() {
            reload(&mut self.dispatch, &mut self.file_watch);
        }
    }

    /// Ends the runs that are to end with the server, once that is due.
    pub(super) fn go_on_ending(&mut self) {
        if let Some(ending) = &mut self.ending {
            ending.go_on(&self.dispatch.processes);
        }
    }

    /// Lets the store flush the disk, where no firing would wait for that.
    fn tidy(&self) {
        let now = wall_now();
        if self
            .dispatch
            .engine
            .next_due()
            .is_none_or(|due| due.duration_since(now) > LULL)
        {
            // A full disk is reported by whatever is to be recorded next.
            let _ = self.dispatch.records.store.tidy();
        }
    }

    /// Plans to forget what schedules do not keep.
    pub(super) fn plan_pruning(&mut self) {
        self.pruning.plan(&self.dispatch.file);
    }

    /// How long nothing is to be done.
    pub(super) fn pause(&self, housekeeping: Instant) -> Duration {
        let ending = self.ending.as_ref().map(Ending::next);
        let next = ending.map_or(housekeeping, |ending| ending.min(housekeeping));
        let until_house = next.saturating_duration_since(real_now());
        let Some(due) = self.dispatch.engine.next_due() else {
            return until_house;
        };
        let until_due = due.duration_since(wall_now());
        // A timer that rings early would only ring again.
        until_house.min(Duration::try_from(until_due).unwrap_or(Duration::ZERO))
    }

    /// What is known of each schedule now.
    pub(super) fn samples(&self) -> Samples {
        let outlooks = self.dispatch.engine.outlooks(wall_now());
        let metrics = &self.dispatch.records.metrics;
        let waiting = self.dispatch.outbox.waiting();
        metrics.schedules.samples(outlooks, &waiting)
    }

    /// Does what a command asks for, which waits for the answer.
    pub(super) fn answer(&mut self, asked: Asked) {
        if !asked.take() {
            return;
        }
        let requester = asked.requester();
        let (about, reply) = match &asked.request {
            Request::Trigger {
                schedule,
                params,
                args,
                ..
            } => {
                let by = requester.clone();
                let reply = self.trigger(schedule, params.clone(), args.clone(), by);
                (Some(schedule), reply)
            }
            Request::Backfill(span) => {
                let reply = match self.ending {
                    Some(_) => Reply::Refused("the server is ending".to_owned()),
                    None => backfill(&mut self.dispatch, span, requester.clone()),
                };
                (Some(&span.schedule), reply)
            }
            Request::Drop { schedule, .. } => (
                Some(schedule),
                self.drop_waiting(schedule, requester.clone()),
            ),
            Request::Look => (None, look_at_paused(&mut self.dispatch)),
            Request::Reload if self.ending.is_some() => {
                (None, Reply::Refused("the server is ending".to_owned()))
            }
            Request::Reload => (None, reload(&mut self.dispatch, &mut self.file_watch)),
            other @ Request::Cancel { .. } => (None, Reply::unknown("server", other.verb())),
        };
        let (Reply::Done(text) | Reply::Refused(text) | Reply::Fired { answer: text, .. }) = &reply;
        let name = about.map(|name| format!("{name}: ")).unwrap_or_default();
        let by = requester.to_string();
        let fields = about.map(|name| ("schedule", name.as_str()));
        let fields: Vec<_> = fields.into_iter().chain([("by", &*by)]).collect();
        self.dispatch.records.log.line(
            Level::Info,
            &format!("{name}asked to {}: {text}; by {by}", asked.request.verb()),
            &fields,
        );
        asked.answer(reply);
    }

    /// Runs a schedule now. The answer may be lost with the server; then the store still shows
    /// whether it ran.
    fn trigger(
        &mut self,
        name: &str,
        params: BTreeMap<String, GivenValue>,
        args: Option<Vec<String>>,
        requester: Requester,
    ) -> Reply {
        let found = self.dispatch.file.find(name).cloned();
        let given = found.and_then(|schedule| Given::read(&schedule.params, params, args));
        let given = match given {
            Ok(given) => Arc::new(Given {
                requester: Some(requester.clone()),
                ..given
            }),
            Err(problem) => return Reply::Refused(problem),
        };
        let now = milliseconds(wall_now());
        let Some(decisions) = self.dispatch.engine.trigger(name, given, now) else {
            return Reply::Refused(format!("{name} is no longer served"));
        };
        let fired = |attempt: &Attempt, answer: String| Reply::Fired {
            answer,
            due: attempt.at.as_millisecond(),
        };
        // Events follow the decision.
        let is_decided = |decision: &&Decision| !matches!(decision, Decision::Notify(_));
        let reply = match decisions.iter().rfind(is_decided) {
            Some(Decision::Start(attempt)) => fired(attempt, "started".to_owned()),
            Some(Decision::Wait(attempt, why)) => fired(attempt, format!("waits: {why}")),
            Some(Decision::Miss(miss)) => {
                let request = UserRequest {
                    schedule: Some(name.to_owned()),
                    due: Some(miss.at),
                    ..UserRequest::new(Verb::Trigger, requester, now)
                };
                let kept = self.dispatch.records.store.post_user_request(request);
                self.dispatch.records.note(kept);
                Reply::Refused(format!("{name} was not started: {}", miss.reason))
            }
            _ => Reply::Done("received".to_owned()),
        };
        self.dispatch.carry_out([decisions.into()]);
        match reply {
            Reply::Fired { due, .. } if self.is_held_up(name, due) => Reply::Fired {
                answer: HELD_UP.to_owned(),
                due,
            },
            other => other,
        }
    }

    fn is_held_up(&self, name: &str, due: i64) -> bool {
        let due = Timestamp::from_millisecond(due);
        due.is_ok_and(|due| self.dispatch.records.holds_up(name, due))
    }

    /// Gives up what waits of a schedule.
    fn drop_waiting(&mut self, name: &str, requester: Requester) -> Reply {
        let now = milliseconds(wall_now());
        let reason = Reason::Dropped(dropped_by(&requester).into());
        let Some(decisions) = self.dispatch.engine.drop_waiting(name, &reason) else {
            return Reply::Refused(format!("{name} is no longer served"));
        };
        let count = |is_counted: fn(&Decision) -> bool| {
            decisions
                .iter()
                .filter(|decision| is_counted(decision))
                .count()
        };
        let dropped = Dropped {
            firings: count(|decision| matches!(decision, Decision::Miss(_))),
            repetitions: count(|decision| matches!(decision, Decision::GiveUp(..))),
        };
        let request = UserRequest {
            schedule: Some(name.to_owned()),
            ..UserRequest::new(Verb::Drop, requester, now)
        };
        let kept = self.dispatch.records.store.post_user_request(request);
        self.dispatch.records.note(kept);
        self.dispatch.carry_out([decisions.into()]);
        Reply::Done(dropped.to_string())
    }

    /// Does what the system asks.
    pub(super) fn handle_signal(&mut self, signal: Signal) {
        match (signal, &mut self.ending) {
            (Signal::Reload, None) => drop(reload(&mut self.dispatch, &mut self.file_watch)),
            (Signal::Reload, Some(_)) => {}
            (Signal::End, None) => {
                let Dispatch {
                    file,
                    processes,
                    records,
                    ..
                } = &self.dispatch;
                let (ending, lines) = Ending::begin(&self.settings, processes, file);
                // Otherwise systemd's own limit cuts a longer grace short.
                let most = ending.longest + LAST_NOTIFICATIONS;
                let wanted = u32::try_from(most.as_micros()).unwrap_or(u32::MAX);
                let _ = sd_notify::notify(&[
                    NotifyState::Stopping,
                    NotifyState::ExtendTimeoutUsec(wanted),
                ]);
                records.metrics.ending();
                for line in lines {
                    records.log.line(Level::Info, &line, &[]);
                }
                self.ending = Some(ending);
                self.dispatch.begin_to_end();
            }
            // A second signal means that the person does not want to wait, or to leave anything.
            (Signal::End, Some(ending)) => {
                ending.hurry(&self.dispatch.processes, &self.dispatch.file);
            }
        }
    }

    /// Whether the server may end.
    pub(super) fn is_over(&self) -> bool {
        let processes = &self.dispatch.processes;
        self.ending
            .as_ref()
            .is_some_and(|ending| ending.is_over(processes))
    }
}
