//! What the server counts of events and notifications.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What the server counts of events and notifications.
#[derive(Debug, Default)]
pub(super) struct NotificationMetrics {
    counts: Mutex<Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    events: BTreeMap<(Arc<str>, &'static str), u64>,
    waiting: usize,
    undelivered: u64,
    delivered: u64,
    failed: u64,
}

impl NotificationMetrics {
    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Something happened to a schedule.
    pub(super) fn event(&self, schedule: &Arc<str>, event: &'static str) {
        let key = (Arc::clone(schedule), event);
        *self.counts().events.entry(key).or_default() += 1;
    }

    /// So many wait.
    pub(super) fn waiting(&self, waiting: usize) {
        self.counts().waiting = waiting;
    }

    /// So many more were not delivered within a day.
    pub(super) fn undelivered(&self, more: u64) {
        self.counts().undelivered += more;
    }

    /// An attempt has ended.
    pub(super) fn attempted(&self, is_delivered: bool) {
        let mut counts = self.counts();
        counts.delivered += u64::from(is_delivered);
        counts.failed += u64::from(!is_delivered);
    }

    /// Prometheus's text form. Names of schedules have no characters that it would escape.
    pub(super) fn text(&self) -> String {
        let counts = self.counts();
        let mut text = "# HELP cumulua_events_total Events of schedules, notified or not.\n\
             # TYPE cumulua_events_total counter\n"
            .to_owned();
        for ((schedule, event), count) in &counts.events {
            let _ = writeln!(
                text,
                "cumulua_events_total{{schedule=\"{schedule}\",event=\"{event}\"}} {count}"
            );
        }
        let _ = write!(
            text,
            "# HELP cumulua_notifications Notifications that have not arrived: still tried, or given up after a day.\n\
             # TYPE cumulua_notifications gauge\n\
             cumulua_notifications{{state=\"waiting\"}} {}\n\
             cumulua_notifications{{state=\"undelivered\"}} {}\n\
             # HELP cumulua_notifications_delivered_total Notifications that have arrived.\n\
             # TYPE cumulua_notifications_delivered_total counter\n\
             cumulua_notifications_delivered_total {}\n\
             # HELP cumulua_notification_failures_total Attempts to deliver one that failed.\n\
             # TYPE cumulua_notification_failures_total counter\n\
             cumulua_notification_failures_total {}\n",
            counts.waiting, counts.undelivered, counts.delivered, counts.failed
        );
        text
    }
}
