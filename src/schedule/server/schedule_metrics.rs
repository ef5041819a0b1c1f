//! What the server knows of each schedule beside what is to come: read from the store where the
//! server begins and where its file changes, and kept up as runs begin and end. To ask the store at
//! each scrape would let firings wait.

use super::samples::{Sample, Samples};
use crate::history::{FiringOutcome, RunEnd, RunOutcome, Standing, Store, StoreError};
use crate::schedule::engine::{Attempt, Outlook};
use crate::schedule::model::Schedule;
use jiff::{SignedDuration, Timestamp};
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What has happened to one schedule.
#[derive(Debug, Default)]
struct Past {
    last_success: Option<Timestamp>,
    last_run: Option<LastRun>,
    lateness: Option<SignedDuration>,
    missed: BTreeMap<&'static str, u64>,
    undelivered: u64,
}

/// The last run that has ended.
#[derive(Debug)]
struct LastRun {
    began: Timestamp,
    took: SignedDuration,
    outcome: &'static str,
}

#[derive(Debug, Default)]
struct Pasts {
    by_schedule: HashMap<Arc<str>, Past>,
    /// When the runs began that go on, by their ids.
    began: HashMap<String, Timestamp>,
}

/// What the server knows of each schedule.
#[derive(Debug, Default)]
pub(super) struct ScheduleMetrics {
    pasts: Mutex<Pasts>,
}

impl Past {
    fn new(schedule: &Schedule, standing: &Standing) -> Self {
        let last_run = standing.last.as_ref().and_then(|last| {
            Some(LastRun {
                began: last.started,
                took: length(last.started, last.ended?),
                outcome: last.state.as_str(),
            })
        });
        let outcomes = FiringOutcome::all();
        let missed = outcomes.iter().filter_map(|outcome| {
            let number = standing.missed.get(outcome.as_str())?;
            Some((outcome.as_str(), *number))
        });
        Self {
            last_success: standing.successes.first().map(|(ended, _)| *ended),
            last_run,
            lateness: standing
                .last_start
                .and_then(|(at, began)| lateness(schedule, at, began)),
            missed: missed.collect(),
            undelivered: standing.undelivered_notifications,
        }
    }
}

impl ScheduleMetrics {
    fn pasts(&self) -> MutexGuard<'_, Pasts> {
        self.pasts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads what the store has of the schedules of a file.
    pub(super) fn read(&self, store: &Store, file: &[Arc<Schedule>]) -> Result<(), StoreError> {
        let pasts = read(store, file)?;
        self.pasts().by_schedule = pasts.collect();
        Ok(())
    }

    /// Reads again what the store has of one schedule, where rows were replaced.
    pub(super) fn read_one(
        &self,
        store: &Store,
        schedule: &Arc<Schedule>,
    ) -> Result<(), StoreError> {
        let pasts = read(store, std::slice::from_ref(schedule))?;
        self.pasts().by_schedule.extend(pasts);
        Ok(())
    }

    /// A run goes on that the server before has started.
    pub(super) fn adopted(&self, run: &str, began: Timestamp) {
        self.pasts().began.insert(run.to_owned(), began);
    }

    /// A run has begun.
    pub(super) fn began(&self, attempt: &Attempt, run: &str, now: Timestamp) {
        let mut pasts = self.pasts();
        pasts.began.insert(run.to_owned(), now);
        if attempt.number == 1 && !attempt.cause.is_asked_for() {
            let late = lateness(&attempt.schedule, attempt.at, now);
            pasts.of(&attempt.schedule.name).lateness = late;
        }
    }

    /// A run has ended.
    pub(super) fn ended(&self, schedule: &Arc<str>, end: &RunEnd) {
        let mut pasts = self.pasts();
        let began = pasts.began.remove(&end.id).unwrap_or(end.ended);
        let past = pasts.of(schedule);
        if end.outcome == RunOutcome::Done {
            past.last_success = past.last_success.max(Some(end.ended));
            past.missed.clear();
        }
        if past
            .last_run
            .as_ref()
            .is_none_or(|last| last.began <= began)
        {
            past.last_run = Some(LastRun {
                began,
                took: length(began, end.ended),
                outcome: end.outcome.as_str(),
            });
        }
    }

    /// A firing has not run.
    pub(super) fn missed(&self, schedule: &Arc<str>, at: Timestamp, outcome: &FiringOutcome) {
        let mut pasts = self.pasts();
        let past = pasts.of(schedule);
        if outcome.is_missed() && past.last_success.is_none_or(|success| at >= success) {
            *past.missed.entry(outcome.as_str()).or_default() += 1;
        }
    }

    /// A notification about it was given up.
    pub(super) fn undelivered(&self, schedule: &Arc<str>) {
        self.pasts().of(schedule).undelivered += 1;
    }

    /// What is known of the schedules of the file now.
    pub(super) fn samples(
        &self,
        outlooks: Vec<Outlook>,
        waiting: &HashMap<Arc<str>, u64>,
    ) -> Samples {
        let pasts = self.pasts();
        let none = Past::default();
        let samples = outlooks.into_iter().map(|outlook| {
            let schedule = Arc::clone(&outlook.schedule.name);
            let past = pasts.by_schedule.get(&schedule).unwrap_or(&none);
            let last_run = past.last_run.as_ref();
            let waiting = waiting.get(&schedule).copied().unwrap_or_default();
            Sample {
                schedule,
                state: outlook.state,
                running: outlook.running,
                queued: outlook.queued,
                next: outlook.next,
                last_success: past.last_success,
                last_run: last_run.map(|last| (last.took, last.outcome)),
                lateness: past.lateness,
                missed: past
                    .missed
                    .iter()
                    .map(|(word, number)| (*word, *number))
                    .collect(),
                waiting,
                undelivered: past.undelivered,
            }
        });
        Samples(samples.collect())
    }
}

impl Pasts {
    fn of(&mut self, schedule: &Arc<str>) -> &mut Past {
        self.by_schedule.entry(Arc::clone(schedule)).or_default()
    }
}

fn read(
    store: &Store,
    file: &[Arc<Schedule>],
) -> Result<impl Iterator<Item = (Arc<str>, Past)>, StoreError> {
    let names: Vec<&str> = file.iter().map(|schedule| &*schedule.name).collect();
    let mut standings = store.standings(&names, 1)?;
    Ok(file.iter().filter_map(move |schedule| {
        let standing = standings.remove(&*schedule.name)?;
        Some((Arc::clone(&schedule.name), Past::new(schedule, &standing)))
    }))
}

/// How long after its time a run began; a schedule that follows others has no times.
fn lateness(schedule: &Schedule, at: Timestamp, began: Timestamp) -> Option<SignedDuration> {
    let jitter = SignedDuration::try_from(schedule.timing.shift).ok()?;
    let has_times = schedule.timing.after().is_empty();
    has_times.then(|| (length(at, began) - jitter).max(SignedDuration::ZERO))
}

/// In milliseconds, as the store has it.
fn length(from: Timestamp, to: Timestamp) -> SignedDuration {
    SignedDuration::from_millis(to.as_millisecond() - from.as_millisecond())
}
