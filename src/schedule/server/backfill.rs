//! Runs of a schedule for times that have passed.

use super::dispatch::Dispatch;
use super::format::{count, time};
use crate::history::Requester;
use crate::run::control::{BackfillSpan, Reply};
use crate::schedule::model::Schedule;
use crate::schedule::params::Given;
use cumulua_core::clock::wall_now;
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeSet;
use std::sync::Arc;

/// More are run only where that is confirmed.
const MANY: usize = 1_000;

/// Times of a span that are looked at.
const MOST: usize = 100_000;

/// Times that are named one by one.
const NAMED: usize = 20;

/// Runs a schedule for the times of a span that have passed and for which it did not run.
pub(super) fn backfill(
    dispatch: &mut Dispatch,
    span: &BackfillSpan,
    requester: Requester,
) -> Reply {
    let found = dispatch.file.find(&span.schedule).cloned();
    let found = found.and_then(|schedule| {
        let times = times(dispatch, &schedule, span)?;
        Ok((schedule, times))
    });
    let (schedule, times) = match found {
        Ok(found) => found,
        Err(problem) => return Reply::Refused(problem),
    };
    let number = count(times.len(), "firing");
    if times.is_empty() {
        return Reply::Done("nothing of that span is left to run".to_owned());
    }
    if span.dry_run {
        return Reply::Done(format!("{number} would run: {}", named(&times)));
    }
    if times.len() > MANY && !span.yes {
        return Reply::Refused(format!(
            "{number} would run; --yes runs more than {MANY}, --limit the earliest alone"
        ));
    }
    let given = Arc::new(Given {
        requester: Some(requester),
        ..Given::defaults(&schedule.params)
    });
    let Some(decisions) = dispatch.engine.backfill(&span.schedule, &given, &times) else {
        return Reply::Refused(format!("{} is no longer served", span.schedule));
    };
    dispatch.carry_out([decisions.into()]);
    let records = &mut dispatch.records;
    let read = records
        .metrics
        .schedules
        .read_one(&records.store, &schedule);
    records.note(read);
    Reply::Done(format!("{number} run or wait: {}", named(&times)))
}

/// The times of a span for which it is to run, the earliest first.
fn times(
    dispatch: &Dispatch,
    schedule: &Schedule,
    span: &BackfillSpan,
) -> Result<Vec<Timestamp>, String> {
    if !schedule.timing.after().is_empty() {
        return Err(format!(
            "{} follows others and has no times of its own",
            schedule.name
        ));
    }
    let moment = |millis| Timestamp::from_millisecond(millis).map_err(|error| error.to_string());
    let from = moment(span.from)?;
    let to = moment(span.to)?.min(wall_now());
    let just_before = from
        .checked_sub(SignedDuration::from_nanos(1))
        .unwrap_or(from);
    let firings = schedule.timing.firings(just_before);
    let all: Vec<Timestamp> = firings
        .map(|firing| firing.at)
        .take_while(|at| *at <= to)
        .take(MOST + 1)
        .collect();
    if all.len() > MOST {
        return Err(format!(
            "the span has more than {MOST} firings; give a shorter one"
        ));
    }
    let after = to.saturating_add(SignedDuration::from_millis(1));
    let known = dispatch.records.store.firings(
        Some(&schedule.name),
        Some(from),
        Some(after.unwrap_or(to)),
        false,
        None,
    );
    let known = known.map_err(|problem| problem.to_string())?;
    let taken: BTreeSet<i64> = known
        .iter()
        .filter(|row| row.run.is_some() || row.outcome == "queued")
        .map(|row| row.due.as_millisecond())
        .collect();
    let limit = span.limit.map_or(usize::MAX, |limit| limit as usize);
    Ok(all
        .into_iter()
        .filter(|at| !taken.contains(&at.as_millisecond()))
        .take(limit)
        .collect())
}

fn named(times: &[Timestamp]) -> String {
    let mut names: Vec<String> = times.iter().take(NAMED).map(|at| time(*at)).collect();
    if times.len() > NAMED {
        names.push(format!("and {} more", times.len() - NAMED));
    }
    names.join(", ")
}
