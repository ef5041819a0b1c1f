//! What is wrong with the configuration of a server that serves: a changed file that was refused, or
//! scripts that cannot run.

use super::dispatch::Dispatch;
use super::notices::address;
use super::scripts::{ScriptFaults, ScriptWatch, script_faults};
use crate::gate::Level;
use crate::schedule::model::Schedule;
use crate::schedule::notify::{Notify, NotifyEvent};
use cumulua_core::clock::wall_now;
use std::fmt::Write as _;
use std::sync::Arc;

/// So many faults are named in one notification.
const NAMED: usize = 10;

/// Faults of schedules that notify alike.
struct Group(Option<Arc<Notify>>, ScriptFaults);

/// Looks at the scripts of the file that is served; what was not wrong before is logged and
/// notified.
pub(super) fn check_scripts(dispatch: &mut Dispatch) {
    // What is still looked at is the file before.
    dispatch.script_watch = ScriptWatch::new();
    let file = &dispatch.file;
    let faults = script_faults(&file.schedules, &file.folder, &*dispatch.script_fault);
    note(dispatch, faults);
}

/// The same every minute, beside the server's work.
pub(super) fn watch_scripts(dispatch: &mut Dispatch) {
    let file = &dispatch.file;
    if let Some(faults) = dispatch.script_watch.look(file, &dispatch.script_fault) {
        note(dispatch, faults);
    }
}

fn note(dispatch: &mut Dispatch, faults: ScriptFaults) {
    let lines: Vec<String> = faults.iter().map(|(_, line)| line.clone()).collect();
    let reason = summary(&lines);
    dispatch.records.metrics.script_fault(reason);
    let before = std::mem::replace(&mut dispatch.script_faults, lines);
    let mut by_receivers: Vec<Group> = Vec::new();
    for (schedule, line) in faults {
        if before.contains(&line) {
            continue;
        }
        dispatch
            .records
            .log_line(Level::Error, &schedule.name, &line);
        let notify = schedule.notify.clone();
        match by_receivers.iter_mut().find(|group| group.0 == notify) {
            Some(group) => group.1.push((schedule, line)),
            None => by_receivers.push(Group(notify, vec![(schedule, line)])),
        }
    }
    for Group(_, faults) in by_receivers {
        let lines: Vec<String> = faults.iter().map(|(_, line)| line.clone()).collect();
        notify(dispatch, &faults[0].0.clone(), &summary(&lines));
    }
}

/// Notifies all who receive notifications of a schedule that the changed file is refused.
pub(super) fn refused(dispatch: &mut Dispatch, problem: &str) {
    let mut told: Vec<Option<Arc<Notify>>> = Vec::new();
    for schedule in dispatch.file.schedules.clone() {
        // A file without receivers leaves one row, and not one for each schedule.
        if !told.contains(&schedule.notify) {
            told.push(schedule.notify.clone());
            notify(dispatch, &schedule, problem);
        }
    }
}

fn notify(dispatch: &mut Dispatch, schedule: &Arc<Schedule>, problem: &str) {
    let event = NotifyEvent::Config;
    let zone = &schedule.timing.zone;
    let at = wall_now().to_zoned(zone.0.clone());
    let content = serde_json::json!({
        "event": event.as_str(),
        "schedule": &*schedule.name,
        "at": at.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string(),
        "zone": zone.name(),
        "error": problem,
        "firings": 0,
    });
    let metrics = &dispatch.records.metrics.notifications;
    metrics.event(&schedule.name, event.as_str());
    let addressed = address(schedule, event, None, &content, &dispatch.random);
    dispatch.notify_beside(addressed);
}

/// Faults in a text that names some of them; nothing where there are none.
fn summary(lines: &[String]) -> String {
    let mut text = lines[..lines.len().min(NAMED)].join("\n");
    if lines.len() > NAMED {
        let _ = write!(text, "\nand {} more", lines.len() - NAMED);
    }
    text
}
