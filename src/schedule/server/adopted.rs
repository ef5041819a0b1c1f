//! What a server takes over from the one before it: runs that go on, retries that are to come,
//! firings that wait, and ends of runs that no server has taken note of.

use super::dispatch::{DecisionBatch, Dispatch};
use super::error::ServeError;
use super::format::time;
use super::notices::RunEnded;
use crate::gate::Level;
use crate::history::{
    AttemptKey, Filter, Firing, FiringOutcome, FiringRow, HistoryEntry, NewRun, Retry, RunOutcome,
    RunRow, Store, StoreError,
};
use crate::schedule::engine::{Cause, Outcome, PreviousAttempt, Reason, ScheduleState};
use crate::schedule::value::Overlap;
use cumulua_core::clock::wall_now;
use jiff::{SignedDuration, Timestamp};
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

/// A schedule whose run's end the history has already, and whose process still has to end.
struct Outgoing {
    name: String,
    at: Timestamp,
}

/// What processes of a server before this one keep for a moment.
#[derive(Default)]
pub(super) struct Adopted(Vec<Outgoing>);

impl Adopted {
    /// Finds what goes on, before anything is decided: runs become this server's own.
    pub(super) fn find(dispatch: &mut Dispatch, now: Timestamp) -> Result<Self, ServeError> {
        let Dispatch {
            engine,
            file,
            records,
            processes,
            ..
        } = dispatch;
        let mut known = BTreeSet::new();
        let going_on = records.store.runs(Filter {
            open: true,
            ..Filter::default()
        })?;
        for row in going_on
            .into_iter()
            .filter(|row| Cause::parse(&row.run.kind).is_some())
        {
            let run = &row.run;
            let at = run.due.unwrap_or(run.started);
            engine.adopt(&previous_attempt(run));
            let message = format!("{}: the run of {} still goes on", run.name, time(at));
            records.log.line(
                Level::Info,
                &message,
                &[("schedule", &run.name), ("run", &run.id)],
            );
            let schedule = file.find(&run.name).ok();
            let grace = schedule.and_then(|schedule| schedule.grace);
            processes.adopt(&row, grace, &records.store);
            records
                .metrics
                .schedules
                .adopted(&row.run.id, row.run.started);
            known.insert(row.run.name);
        }
        let mut outgoing = Vec::new();
        for schedule in file
            .schedules
            .iter()
            .filter(|schedule| schedule.overlap != Overlap::Allow)
        {
            let name = &*schedule.name;
            if !known.contains(name) && records.store.locks().is_schedule_running(name) {
                engine.adopt(&PreviousAttempt {
                    name,
                    at: now,
                    number: 1,
                    cause: Cause::Schedule,
                });
                outgoing.push(Outgoing {
                    name: name.to_owned(),
                    at: now,
                });
            }
        }
        Ok(Self(outgoing))
    }

    pub(super) fn count(&self) -> usize {
        self.0.len()
    }

    /// Looks which have ended.
    pub(super) fn look(&mut self, dispatch: &mut Dispatch) {
        for outgoing in std::mem::take(&mut self.0) {
            let Outgoing { name, at } = &outgoing;
            if dispatch.records.store.locks().is_schedule_running(name) {
                self.0.push(outgoing);
                continue;
            }
            let decisions = dispatch.engine.ended(name, *at, Outcome::Ended, wall_now());
            dispatch.carry_out([decisions.into()]);
        }
    }
}

/// Takes over what the server before this one has left undone, before anything new is decided.
pub(super) fn take_over(
    dispatch: &mut Dispatch,
    gone: SignedDuration,
    now: Timestamp,
) -> Result<(), ServeError> {
    let waiting = dispatch.records.store.queued_firings()?;
    take_over_retries(dispatch, now)?;
    settle_unheard_runs(dispatch, now)?;
    for firing in waiting {
        let previous = PreviousAttempt {
            name: &firing.schedule,
            at: firing.due,
            number: 1,
            cause: match firing.cause.as_deref().and_then(Cause::parse) {
                Some(cause) => cause,
                None => Cause::CatchUp,
            },
        };
        let taken_up = dispatch.engine.take_up(&previous, gone, now);
        if taken_up.is_none() {
            // Its schedule is no longer in the file.
            dispatch
                .records
                .store
                .decide_together(vec![HistoryEntry::Beside(
                    removed_firing(firing, now),
                    None,
                )])?;
        }
        dispatch.carry_out(taken_up.map(DecisionBatch::from));
    }
    Ok(())
}

/// Takes over the retries that the server before this one has left.
fn take_over_retries(dispatch: &mut Dispatch, now: Timestamp) -> Result<(), ServeError> {
    let to_repeat = dispatch.records.store.runs(Filter {
        to_repeat: true,
        ..Filter::default()
    })?;
    for RunRow { run, retry_at, .. } in to_repeat {
        let Some(time) = retry_at else { continue };
        if let Some(decisions) = dispatch
            .engine
            .take_over_retry(&previous_attempt(&run), time, now)
        {
            dispatch.carry_out([decisions.into()]);
        } else {
            let attempt = AttemptKey {
                schedule: run.name,
                due: run.due.unwrap_or(run.started),
                number: run.attempt,
            };
            dispatch.records.record(vec![HistoryEntry::Retry(
                attempt,
                Retry::GivenUp(Reason::Removed.to_string()),
            )]);
        }
    }
    Ok(())
}

/// Decides what follows from runs that have ended, or were lost, since the server before this one
/// did.
fn settle_unheard_runs(dispatch: &mut Dispatch, now: Timestamp) -> Result<(), ServeError> {
    for row in dispatch.records.store.unheard_runs()? {
        // One that has ended since it was taken over is decided about like any other.
        let Some(end) = row.end().filter(|end| !dispatch.processes.has(&end.id)) else {
            continue;
        };
        let decisions = dispatch.engine.ended_before(
            &previous_attempt(&row.run),
            end.outcome.into(),
            end.ended,
            now,
        );
        dispatch.carry_out([DecisionBatch {
            decisions,
            of: Some(RunEnded {
                schedule: row.run.name.as_str().into(),
                end: Arc::new(end),
            }),
        }]);
    }
    Ok(())
}

/// A run of a server before this one, as the engine takes it over.
fn previous_attempt(run: &NewRun) -> PreviousAttempt<'_> {
    let cause = Cause::parse(&run.kind).unwrap_or(Cause::Schedule);
    PreviousAttempt {
        name: &run.name,
        at: run.due.unwrap_or(run.started),
        number: run.attempt,
        cause,
    }
}

/// What the store knows of every schedule.
pub(super) fn read_schedule_states(
    store: &Store,
    now: Timestamp,
) -> Result<HashMap<String, ScheduleState>, StoreError> {
    let mut ahead = store.last_firings_after(now)?;
    let times = store.planned_times()?;
    let outcomes = store.last_outcomes()?;
    let last_runs = store.last_successes()?;
    let states = store.schedule_states()?.into_iter().map(|(name, state)| {
        let known = ScheduleState {
            fingerprint: times.get(&name).cloned().unwrap_or_default(),
            handled: state.decided_upto.unwrap_or(Timestamp::MIN),
            ahead: ahead.remove(&name),
            paused: state.paused.is_some(),
            paused_until: state.paused_until,
            last_success: last_runs.get(&name).and_then(|last| last.success),
            last_fired: last_runs.get(&name).and_then(|last| last.began),
            failed: outcomes.get(&name).is_some_and(|outcome| {
                !matches!(outcome, RunOutcome::Done | RunOutcome::Cancelled)
            }),
        };
        (name, known)
    });
    Ok(states.collect())
}

fn removed_firing(row: FiringRow, now: Timestamp) -> Firing {
    let detail = Some(Reason::Removed.to_string());
    Firing {
        schedule: row.schedule,
        due: row.due,
        decided: now,
        outcome: FiringOutcome::NotStarted,
        detail,
    }
}
