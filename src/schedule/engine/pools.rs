//! How many runs go on at once: places of pools, and of the server.

use super::decision::Attempt;
use crate::schedule::model::RunLimits;
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

/// The places, who has them, and who waits for one.
#[derive(Debug, Default)]
pub(super) struct Pools {
    limits: RunLimits,
    running: BTreeMap<Run, Option<Arc<str>>>,
    by_pool: HashMap<Arc<str>, BTreeSet<Run>>,
    /// In the order in which they get places: by when they were due, then by name.
    waiting: BTreeSet<(Timestamp, Run)>,
}

/// A run of a schedule: its name and its time.
type Run = (Arc<str>, Timestamp);

/// Who has places, as many as a person is told.
const MOST_TAKERS: usize = 3;

fn run(attempt: &Attempt) -> Run {
    (Arc::clone(&attempt.schedule.name), attempt.at)
}

impl Pools {
    pub(super) fn set_limits(&mut self, limits: &RunLimits) {
        self.limits = limits.clone();
    }

    /// Whether no run may begin at all.
    pub(super) fn is_full(&self) -> bool {
        let most = self.limits.max_running;
        most.is_some_and(|most| self.running.len() >= most as usize)
    }

    /// Takes a place; otherwise why there is none, and it waits for one.
    pub(super) fn take(&mut self, attempt: &Attempt) -> Result<(), Arc<str>> {
        let waiting = (attempt.due, run(attempt));
        if let Some(lack) = self.lack(attempt) {
            self.waiting.insert(waiting);
            return Err(lack.into());
        }
        self.waiting.remove(&waiting);
        self.take_anyway(attempt);
        Ok(())
    }

    /// Takes one, also where there is none: what goes on goes on.
    pub(super) fn take_anyway(&mut self, attempt: &Attempt) {
        let pool = attempt.schedule.pool.clone();
        if let Some(pool) = &pool {
            let runs = self.by_pool.entry(Arc::clone(pool)).or_default();
            runs.insert(run(attempt));
        }
        self.running.insert(run(attempt), pool);
    }

    /// Gives a run's place back; whether it had one.
    pub(super) fn release(&mut self, name: &Arc<str>, at: Timestamp) -> bool {
        let run = (Arc::clone(name), at);
        let Some(pool) = self.running.remove(&run) else {
            return false;
        };
        if let Some(runs) = pool.and_then(|pool| self.by_pool.get_mut(&pool)) {
            runs.remove(&run);
        }
        true
    }

    /// What waits, in its order.
    pub(super) fn waiting(&self) -> Vec<(Timestamp, Run)> {
        self.waiting.iter().cloned().collect()
    }

    pub(super) fn forget(&mut self, waiting: &(Timestamp, Run)) {
        self.waiting.remove(waiting);
    }

    fn lack(&self, attempt: &Attempt) -> Option<String> {
        let zone = &attempt.schedule.timing.zone;
        let full = |place: String, size: u32, takers: &mut dyn Iterator<Item = &Run>| {
            let takers: Vec<_> = takers
                .map(|(name, at)| format!("{name} ({})", zone.format(*at)))
                .collect();
            let some = takers[..takers.len().min(MOST_TAKERS)].join(", ");
            let more = match takers.len().saturating_sub(MOST_TAKERS) {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            format!(
                "waiting for {place}: {} of {size} taken by {some}{more}",
                takers.len()
            )
        };
        if let Some(most) = self.limits.max_running.filter(|_| self.is_full()) {
            let place = "a place of the server (max_running)".to_owned();
            return Some(full(place, most, &mut self.running.keys()));
        }
        let pool = attempt.schedule.pool.as_ref()?;
        let size = *self.limits.pools.get(pool)?;
        let runs = self.by_pool.get(pool)?;
        let is_full = runs.len() >= size as usize;
        is_full.then(|| full(format!("the pool {pool}"), size, &mut runs.iter()))
    }
}
