//! `cumulua schedule test-notify`: one message to every receiver of a schedule, at once and past the
//! store.

use super::delivery::deliver;
use super::launch::Launcher;
use crate::gate::Random;
use crate::schedule::model::Schedule;
use crate::schedule::notify::{Message, NotifyEvent, OpenOutlet};
use cumulua_core::clock::wall_now;
use std::path::Path;

/// Sends one to each; what each answered, where that was no success.
pub async fn test_notify(
    schedule: &Schedule,
    event: NotifyEvent,
    launcher: &Launcher,
    open: &OpenOutlet,
    folder: &Path,
) -> Vec<(&'static str, Result<(), String>)> {
    let zone = &schedule.timing.zone;
    let at = wall_now().to_zoned(zone.0.clone());
    let random = Random::system();
    let mut answers = Vec::new();
    for receiver in schedule.notify.iter().flat_map(|notify| notify.receivers()) {
        let id = random.uuid();
        let content = serde_json::json!({
            "id": id,
            "test": true,
            "event": event.as_str(),
            "schedule": &*schedule.name,
            "at": at.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string(),
            "zone": zone.name(),
            "attempt": 1,
            "firings": 1,
            "reason": "a test, as `cumulua schedule test-notify` sends it",
        });
        let message = Message { id, content };
        let outlet = open(schedule.profile.as_deref());
        let sent = deliver(&receiver, &message, outlet, launcher, folder, None).await;
        answers.push((receiver.kind(), sent.map_err(|failure| failure.reason)));
    }
    answers
}
