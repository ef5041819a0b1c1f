//! Makes notifications of what the engine has decided, and signals of a run's beginning and end.

use super::format::{local, milliseconds};
use crate::gate::Random;
use crate::history::{
    DeliveryNote, HistoryEntry, NewNotification, NotificationState, RunEnd, RunOutcome,
};
use crate::schedule::engine::{Attempt, Notice};
use crate::schedule::model::Schedule;
use crate::schedule::notify::{NotifyEvent, Signal};
use cumulua_core::clock::wall_now;
use serde_json::{Value, json};
use std::sync::Arc;

/// The end of a run.
#[derive(Clone)]
pub(super) struct RunEnded {
    pub(super) schedule: Arc<str>,
    pub(super) end: Arc<RunEnd>,
}

/// A notification and the schedule that it is about.
pub(super) type Addressed = (NewNotification, Arc<Schedule>);

/// The notifications of a decision, one for each receiver; one for none where the schedule has none.
pub(super) fn notifications(
    notice: &Notice,
    ended: Option<&RunEnded>,
    random: &Random,
) -> Vec<Addressed> {
    let Notice {
        attempt,
        event,
        reason,
        firings,
    } = notice;
    let end = ended.map(|ended| &*ended.end);
    let content = json!({
        "event": event.as_str(),
        "schedule": &*attempt.schedule.name,
        "at": local(attempt.at, attempt),
        "zone": attempt.schedule.timing.zone.name(),
        "attempt": attempt.number,
        "run": end.map(|end| &end.id),
        "outcome": end.map(|end| end.outcome.as_str()),
        "status": end.and_then(|end| end.status),
        "error": end.and_then(|end| end.error.as_ref()),
        "reason": reason.as_ref().map(ToString::to_string),
        "firings": firings,
        "late_seconds": (*event == NotifyEvent::Late).then(|| wall_now().duration_since(attempt.due).as_secs()),
    });
    address(&attempt.schedule, *event, end, &content, random)
}

/// A notification for each receiver that a schedule has for an event.
pub(super) fn address(
    schedule: &Arc<Schedule>,
    event: NotifyEvent,
    end: Option<&RunEnd>,
    content: &Value,
    random: &Random,
) -> Vec<Addressed> {
    let kinds: Vec<Option<&'static str>> = match &schedule.notify {
        Some(notify) if notify.on.contains(&event) => {
            let receivers = notify.receivers();
            receivers.iter().map(|to| Some(to.kind())).collect()
        }
        Some(_) => Vec::new(),
        None => vec![None],
    };
    let new = |receiver| {
        let id = random.uuid();
        let mut content = content.clone();
        content["id"] = id.clone().into();
        let new = NewNotification {
            id,
            schedule: schedule.name.to_string(),
            event: event.as_str().to_owned(),
            receiver,
            run: end.map(|end| end.id.clone()),
            content: content.to_string(),
            made: milliseconds(wall_now()),
            replaces: false,
        };
        (new, Arc::clone(schedule))
    };
    kinds.into_iter().map(new).collect()
}

/// The signal of a run that begins, where its schedule sends any.
pub(super) fn started(attempt: &Attempt, run: &str, random: &Random) -> Option<Addressed> {
    signal(&attempt.schedule, Signal::Start, run, random)
}

/// The signal of a run that has ended.
pub(super) fn ended(schedule: &Arc<Schedule>, end: &RunEnd, random: &Random) -> Option<Addressed> {
    let how = match end.outcome {
        RunOutcome::Done => Signal::Success,
        _ => Signal::Failure(end.status),
    };
    signal(schedule, how, &end.id, random)
}

/// The latest signal of a schedule takes the place of those before: they say nothing more then.
fn signal(
    schedule: &Arc<Schedule>,
    signal: Signal,
    run: &str,
    random: &Random,
) -> Option<Addressed> {
    schedule.heartbeat.as_ref()?;
    let id = random.uuid();
    let content = json!({
        "id": id,
        "schedule": &*schedule.name,
        "run": run,
        "signal": signal.path(),
    });
    let new = NewNotification {
        id,
        schedule: schedule.name.to_string(),
        event: "heartbeat".to_owned(),
        receiver: Some("heartbeat"),
        run: Some(run.to_owned()),
        content: content.to_string(),
        made: milliseconds(wall_now()),
        replaces: true,
    };
    Some((new, Arc::clone(schedule)))
}

/// What goes into the store of it.
pub(super) fn entry(addressed: &Addressed) -> HistoryEntry {
    HistoryEntry::Notification(addressed.0.clone())
}

/// What goes into the store of a signal whose run does not begin after all.
pub(super) fn withdrawal(addressed: &Addressed) -> HistoryEntry {
    HistoryEntry::Delivery(DeliveryNote {
        id: addressed.0.id.clone(),
        state: NotificationState::Undelivered,
        attempts: 0,
        next: None,
        at: wall_now(),
        error: Some("its run did not begin: the firing had been decided before".to_owned()),
    })
}
