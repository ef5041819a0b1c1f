//! Takes over a changed schedule file, and which of its schedules are paused.

use super::config_faults::{check_scripts, refused};
use super::dispatch::Dispatch;
use super::file_watch::FileWatch;
use super::format::count;
use crate::gate::Level;
use crate::history::{Of, Planned, ScheduleRow, StoreError, Verb};
use crate::run::control::Reply;
use crate::schedule::file::ScheduleFile;
use crate::schedule::model::Schedule;
use crate::schedule::standing::{Pause, Situation};
use cumulua_core::clock::wall_now;
use jiff::Timestamp;
use sd_notify::NotifyState;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Takes the file over as it is now, where nothing is wrong with it.
pub(super) fn reload(dispatch: &mut Dispatch, watch: &mut FileWatch) -> Reply {
    let monotonic = NotifyState::monotonic_usec_now();
    let _ = sd_notify::notify(&match monotonic {
        Ok(monotonic) => vec![NotifyState::Reloading, monotonic],
        Err(_) => vec![NotifyState::Reloading],
    });
    // What changes while it is read is seen at the next look.
    watch.reads(watch.calendars());
    let reply = match ScheduleFile::read(&watch.path) {
        Ok(file) => {
            watch.reads(file.calendar_files.clone());
            let now = wall_now();
            let decisions = dispatch.engine.reload(&file, now);
            dispatch.carry_out([decisions.into()]);
            dispatch.file = file;
            // A schedule that comes back into the file is paused as it was left.
            look_at_paused(dispatch);
            let written = dispatch.records.store.plan(planned(&dispatch.file), now);
            dispatch.records.note(written);
            let records = &mut dispatch.records;
            let read = records
                .metrics
                .schedules
                .read(&records.store, &dispatch.file.schedules);
            records.note(read);
            records.metrics.reload(None);
            check_scripts(dispatch);
            log_zone(dispatch);
            let served = count(dispatch.file.schedules.len(), "schedule");
            let faults = &dispatch.script_faults;
            Reply::Done(match faults.first() {
                None => format!("{served} served"),
                Some(first) => {
                    let number = count(faults.len(), "fault");
                    format!("{served} served, where {number} would end a run at once: {first}")
                }
            })
        }
        Err(problem) => {
            let message =
                format!("the changed file is refused, and the one before it stays: {problem}");
            dispatch.records.metrics.reload(Some(message.clone()));
            dispatch.records.log.line(Level::Error, &message, &[]);
            refused(dispatch, &message);
            Reply::Refused(message)
        }
    };
    let _ = sd_notify::notify(&[NotifyState::Ready]);
    reply
}

/// Pauses and resumes schedules as recorded in the history.
pub(super) fn look_at_paused(dispatch: &mut Dispatch) -> Reply {
    let now = wall_now();
    let states = dispatch.records.store.schedule_states();
    match states.and_then(|states| name_pauses(dispatch, &states, now).map(|()| states)) {
        Ok(states) => {
            for schedule in &dispatch.file.schedules {
                let name = &*schedule.name;
                let state = states.get(name).copied().unwrap_or_default();
                let is_paused = state.is_paused(now);
                if dispatch.engine.set_paused(name, is_paused) {
                    let (word, verb) = if is_paused {
                        ("paused", Verb::Pause)
                    } else {
                        ("resumed", Verb::Resume)
                    };
                    let by = dispatch.records.requested(Of::Pauses(name), verb);
                    dispatch.records.log_requested(
                        Level::Info,
                        &format!("{name}: {word}"),
                        &[("schedule", name)],
                        by,
                    );
                }
                let until = state.paused_until.filter(|_| is_paused);
                dispatch.engine.set_pause_end(name, until);
            }
            Reply::Done("done".to_owned())
        }
        Err(problem) => {
            dispatch.records.fault(&problem);
            Reply::Refused(problem.to_string())
        }
    }
}

/// Lets the engine know who has paused what, since when and why.
pub(super) fn name_pauses(
    dispatch: &mut Dispatch,
    states: &BTreeMap<String, ScheduleRow>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let is_paused = |name: &str| {
        states
            .get(name)
            .filter(|state| state.is_paused(now))
            .copied()
    };
    let schedules = dispatch.file.schedules.iter();
    let paused: Vec<_> = schedules
        .filter_map(|schedule| Some((schedule, is_paused(&schedule.name)?)))
        .collect();
    if paused.is_empty() {
        return Ok(());
    }
    let names: Vec<&str> = paused.iter().map(|(schedule, _)| &*schedule.name).collect();
    let asked = dispatch.records.store.pauses(&names, 1)?;
    for (schedule, state) in paused {
        let asked = asked.get(&*schedule.name).and_then(|asked| asked.first());
        let situation = Situation::Paused(Pause::new(state, asked));
        let reason = situation.reason(schedule).into();
        dispatch
            .engine
            .set_pause_reason(&schedule.name, Some(reason));
    }
    Ok(())
}

/// Logs what is served, and on which clock where the file does not set one.
pub(super) fn log_zone(dispatch: &Dispatch) {
    let file = &dispatch.file;
    let (count, path) = (count(file.schedules.len(), "schedule"), file.path.display());
    let unzoned = file
        .schedules
        .iter()
        .filter(|schedule| schedule.zone_is_default)
        .count();
    let zone = if unzoned > 0 {
        format!("; {unzoned} without a timezone go by UTC")
    } else {
        String::new()
    };
    dispatch.records.log.line(
        Level::Info,
        &format!("serving {count} of {path}{zone}"),
        &[("file", &path.to_string())],
    );
}

/// The schedules as the store keeps them.
pub(super) fn planned(file: &ScheduleFile) -> Vec<Planned> {
    let planned = |schedule: &Arc<Schedule>| Planned {
        name: schedule.name.to_string(),
        times: schedule.timing.fingerprint(),
    };
    file.schedules.iter().map(planned).collect()
}
