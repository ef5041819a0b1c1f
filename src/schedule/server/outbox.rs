//! Notifications on their way: each stands in the store from the decision that it follows from, is
//! tried until it has arrived, and goes on under the next server.

use super::delivery::{deliver, log_for};
use super::format::length;
use super::launch::Launcher;
use super::notices::Addressed;
use super::records::Records;
use crate::gate::Level;
use crate::history::{
    DeliveryNote, HistoryEntry, NewNotification, NotificationRow, NotificationState, StoreError,
};
use crate::schedule::file::ScheduleFile;
use crate::schedule::model::Schedule;
use crate::schedule::notify::{Failure, Message, OpenOutlet, Queue, Queued, Settled};
use cumulua_core::clock::{real_now, wall_now};
use jiff::{SignedDuration, Timestamp};
use std::collections::HashMap;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher as _};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

/// So many of those that wait are kept in memory; the store has the others.
const MOST: u32 = 10_000;

/// A notification that waits, and whom it was for when it was made.
struct Waiting {
    schedule: Arc<str>,
    kind: String,
    content: String,
    made_for: Option<Arc<Schedule>>,
}

/// An attempt that has ended.
type Attempted = (String, Result<(), Failure>);

/// Notifications on their way.
pub(super) struct Outbox {
    launcher: Launcher,
    open: OpenOutlet,
    queue: Queue<Waiting>,
    attempts: JoinSet<Attempted>,
    ended: Vec<Attempted>,
    began: Instant,
    /// Whether the store has waiting ones that are not in memory.
    has_more: bool,
}

impl Outbox {
    pub(super) fn new(launcher: Launcher, open: OpenOutlet) -> Self {
        Self {
            launcher,
            open,
            queue: Queue::default(),
            attempts: JoinSet::new(),
            ended: Vec::new(),
            began: real_now(),
            has_more: false,
        }
    }

    fn now(&self) -> Duration {
        real_now() - self.began
    }

    /// Takes up what the server before this one has not delivered.
    pub(super) fn take_up(
        &mut self,
        file: &ScheduleFile,
        records: &mut Records,
    ) -> Result<(), StoreError> {
        let rows = records.store.waiting_notifications(MOST)?;
        self.has_more = rows.len() >= MOST as usize;
        let now = wall_now();
        for row in rows {
            if !self.queue.has(&row.id) {
                self.add_row(row, file, now);
            }
        }
        records.metrics.notifications.waiting(self.queue.len());
        Ok(())
    }

    fn add_row(&mut self, row: NotificationRow, file: &ScheduleFile, now: Timestamp) {
        let between = |from: Timestamp, to: Timestamp| {
            Duration::try_from(to.duration_since(from)).unwrap_or(Duration::ZERO)
        };
        let kind = row.receiver.unwrap_or_default();
        let schedule = file.find(&row.schedule).ok();
        let receiver = schedule.and_then(|schedule| schedule.receiver(&kind));
        // A clock that was set back must not keep it for longer than a pause can be.
        let after = row.next.map_or(Duration::ZERO, |next| between(now, next));
        let queued = Queued {
            age: between(row.made, now),
            attempts: row.attempts,
            after: after.min(Duration::from_hours(1)),
            destination: hash(&receiver),
            interval: receiver.map_or(Duration::ZERO, |receiver| receiver.interval()),
            item: Waiting {
                schedule: row.schedule.into(),
                kind,
                content: row.content,
                made_for: None,
            },
            id: row.id,
        };
        let now = self.now();
        self.queue.add(queued, now);
    }

    /// Takes notifications that are in the store, or on their way into it.
    pub(super) fn add_all(&mut self, made: impl IntoIterator<Item = Addressed>) {
        for (new, schedule) in made {
            self.add(&new, &schedule);
        }
    }

    fn add(&mut self, new: &NewNotification, schedule: &Arc<Schedule>) {
        let Some(kind) = new.receiver else { return };
        if new.replaces {
            self.queue
                .remove(|waiting| waiting.kind == kind && *waiting.schedule == *new.schedule);
        }
        if self.queue.len() >= MOST as usize {
            self.has_more = true;
            return;
        }
        let receiver = schedule.receiver(kind);
        let queued = Queued {
            id: new.id.clone(),
            age: Duration::ZERO,
            attempts: 0,
            after: Duration::ZERO,
            destination: hash(&receiver),
            interval: receiver.map_or(Duration::ZERO, |receiver| receiver.interval()),
            item: Waiting {
                schedule: Arc::clone(&schedule.name),
                kind: kind.to_owned(),
                content: new.content.clone(),
                made_for: Some(Arc::clone(schedule)),
            },
        };
        let now = self.now();
        self.queue.add(queued, now);
    }

    /// How many wait, by schedule.
    pub(super) fn waiting(&self) -> HashMap<Arc<str>, u64> {
        let mut waiting = HashMap::new();
        for queued in self.queue.iter() {
            *waiting
                .entry(Arc::clone(&queued.item.schedule))
                .or_default() += 1;
        }
        waiting
    }

    /// Sends what is due.
    pub(super) fn send_due(&mut self, file: &ScheduleFile, records: &mut Records) {
        for id in self.queue.take_due(self.now()) {
            let Some(queued) = self.queue.get(&id) else {
                continue;
            };
            let Waiting {
                schedule: name,
                kind,
                content,
                made_for,
            } = &queued.item;
            // What the file says now counts, so that a wrong URL can be corrected.
            let present = file.find(name).ok().cloned();
            let found = [present, made_for.clone()]
                .into_iter()
                .flatten()
                .find_map(|schedule| Some((schedule.receiver(kind)?, schedule)));
            let Some((receiver, schedule)) = found else {
                let reason = format!("{name} has no receiver {kind} in the schedule file any more");
                let note = DeliveryNote {
                    id: id.clone(),
                    state: NotificationState::Undelivered,
                    attempts: queued.attempts,
                    next: None,
                    at: wall_now(),
                    error: Some(reason.clone()),
                };
                records.log_line(
                    Level::Error,
                    name,
                    &format!("{name}: not notified: {reason}"),
                );
                records.record_later(HistoryEntry::Delivery(note));
                records.metrics.notifications.undelivered(1);
                records.metrics.schedules.undelivered(name);
                self.queue.give_up(&id);
                continue;
            };
            let message = Message {
                id: id.clone(),
                content: serde_json::from_str(content).unwrap_or_default(),
            };
            let store = records.store.clone();
            let outlet = (self.open)(schedule.profile.as_deref());
            let (launcher, folder) = (self.launcher.clone(), file.folder.clone());
            self.attempts.spawn_local(async move {
                let log = log_for(&receiver, &message, store).await;
                let outcome = deliver(&receiver, &message, outlet, &launcher, &folder, log).await;
                (id, outcome)
            });
        }
        records.metrics.notifications.waiting(self.queue.len());
    }

    /// Waits until an attempt has ended.
    pub(super) async fn attempted(&mut self) {
        match self.attempts.join_next().await {
            Some(Ok(attempted)) => self.ended.push(attempted),
            Some(Err(_)) => {}
            None => std::future::pending().await,
        }
    }

    /// Records how attempts went.
    pub(super) fn settle(&mut self, file: &ScheduleFile, records: &mut Records) {
        while let Some(attempted) = self.attempts.try_join_next() {
            self.ended.extend(attempted);
        }
        for (id, outcome) in std::mem::take(&mut self.ended) {
            self.settle_one(&id, outcome, records);
        }
        if self.has_more && self.queue.len() < MOST as usize / 2 {
            let taken = self.take_up(file, records);
            records.note(taken);
        }
        records.metrics.notifications.waiting(self.queue.len());
    }

    fn settle_one(&mut self, id: &str, outcome: Result<(), Failure>, records: &mut Records) {
        let Some(queued) = self.queue.get(id) else {
            return;
        };
        let (name, kind) = (Arc::clone(&queued.item.schedule), queued.item.kind.clone());
        let Some((settled, attempts)) = self.queue.settle(id, &outcome, self.now()) else {
            return;
        };
        let (at, is_replaced) = (wall_now(), settled == Settled::Replaced);
        let (state, next, what) = match settled {
            Settled::Delivered => (NotificationState::Delivered, None, String::new()),
            Settled::Again(pause) => {
                let pause = SignedDuration::try_from(pause).unwrap_or(SignedDuration::ZERO);
                let next = at.saturating_add(pause).unwrap_or(at);
                let what = format!("tried again in {}", length(pause));
                (NotificationState::Waiting, Some(next), what)
            }
            Settled::Undelivered => {
                let what = "given up after a day".to_owned();
                (NotificationState::Undelivered, None, what)
            }
            Settled::Replaced => {
                let what = "a later one has taken its place".to_owned();
                (NotificationState::Undelivered, None, what)
            }
        };
        let error = outcome.err().map(|failure| failure.reason);
        if let Some(problem) = &error {
            let message = format!("{name}: not notified by {kind}: {problem}; {what}");
            records.log_line(Level::Error, &name, &message);
        }
        records
            .metrics
            .notifications
            .attempted(state == NotificationState::Delivered);
        // The store has forgotten it.
        if is_replaced {
            return;
        }
        if state == NotificationState::Undelivered {
            records.metrics.notifications.undelivered(1);
            records.metrics.schedules.undelivered(&name);
        }
        records.record_later(HistoryEntry::Delivery(DeliveryNote {
            id: id.to_owned(),
            state,
            attempts,
            next,
            at,
            error,
        }));
    }

    /// Waits for attempts under way, so long at most; what has not arrived is the next server's.
    pub(super) async fn finish(&mut self, limit: Duration) {
        let attempts = async {
            while let Some(attempted) = self.attempts.join_next().await {
                self.ended.extend(attempted);
            }
        };
        let _ = tokio::time::timeout(limit, attempts).await;
    }
}

fn hash<T: Hash>(value: &T) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}
