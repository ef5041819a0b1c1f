//! What the engine knows of each schedule at a moment.

use super::deciding::Engine;
use super::job::{Job, State};
use crate::schedule::model::Schedule;
use crate::schedule::standing::{Facts, Pause, QueuedFiring, Situation};
use jiff::Timestamp;
use std::sync::Arc;

/// A schedule at a moment.
#[derive(Debug, Clone)]
pub struct Outlook {
    /// The schedule.
    pub schedule: Arc<Schedule>,
    /// When it fires next by its own times.
    pub next: Option<Timestamp>,
    /// Runs that go on.
    pub running: usize,
    /// Firings that wait.
    pub queued: usize,
    /// The word for where it stands.
    pub state: &'static str,
}

impl Engine {
    /// How many runs go on, and how many firings wait.
    pub fn load(&self) -> (usize, usize) {
        let loads = self.jobs().map(Job::load);
        loads.fold((0, 0), |(running, queued), load| {
            (running + load.0, queued + load.1)
        })
    }

    /// What is known of each schedule of the file now, in the order of their names.
    pub fn outlooks(&self, now: Timestamp) -> Vec<Outlook> {
        let jobs = self.jobs().filter(|job| !job.is_removed());
        let mut outlooks: Vec<_> = jobs.map(|job| job.outlook(now)).collect();
        outlooks.sort_by(|a, b| a.schedule.name.cmp(&b.schedule.name));
        outlooks
    }
}

impl Job {
    /// How many of its runs go on, and how many of its firings wait.
    pub(super) fn load(&self) -> (usize, usize) {
        let mut running = 0;
        let mut queued = self.waiting.len()
            + usize::from(self.held.is_some())
            + usize::from(self.chain.opened.is_some());
        for active in &self.active {
            match active.state {
                State::Running | State::Ending => running += 1,
                State::Waiting => queued += 1,
                State::Pausing(_) => {}
            }
        }
        (running, queued)
    }

    fn outlook(&self, now: Timestamp) -> Outlook {
        let (running, queued) = self.load();
        let next = self.next.map(|firing| firing.due);
        let repeats = self.active.iter().find_map(|active| match active.state {
            State::Pausing(until) => Some((until, active.attempt.number > 0)),
            _ => None,
        });
        // What could not be recorded waits for the store.
        let unrecorded = repeats.filter(|(_, has_begun)| !has_begun);
        let first = self.active.first().map(|active| active.attempt.at);
        let since = first.unwrap_or(now);
        let waits = queued > 0 || unrecorded.is_some();
        let facts = Facts {
            running: (running > 0).then_some(since),
            pause: self.paused.then(|| Pause {
                until: self.paused_until,
                ..Pause::default()
            }),
            queued: waits.then_some(QueuedFiring {
                due: since,
                why: None,
            }),
            repeats_at: repeats.map(|(until, _)| until),
            next,
        };
        Outlook {
            schedule: Arc::clone(&self.schedule),
            next,
            running,
            queued,
            state: Situation::judge(&self.schedule, facts, now).as_str(),
        }
    }
}
