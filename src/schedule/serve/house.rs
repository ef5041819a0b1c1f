//! What is looked at once a second: requests, runs of a server before, the file, the grace; and the upkeep of history.

use super::carry::Consequences;
use super::serving::{Adopted, Serving, planned};
use super::words::{meant, milliseconds};
use crate::gate::Level;
use crate::run::store::{Prune, Request, RequestKind, RunEnd, RunOutcome, StoreError};
use crate::schedule::engine::{Decision, Outcome};
use crate::schedule::file::ScheduleFile;
use crate::schedule::value::Keep;
use cumulua_core::clock::{real_now, wall_now};
use jiff::SignedDuration;
use sd_notify::NotifyState;
use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

/// Whoever asked for a run longer ago has given up, and may not want it any more.
const OLDEST_TRIGGER: SignedDuration = SignedDuration::from_secs(30);

/// Schedules whose history is pruned in a row, so that no firing waits for it.
const PRUNED_AT_ONCE: usize = 20;

/// A time without firings in which the store can flush the disk.
const LULL: SignedDuration = SignedDuration::from_millis(200);

/// What tells that a file has changed.
pub(super) type Stamp = (SystemTime, u64);

impl Serving {
    /// Looks at everything once.
    pub(super) fn keep_house(&mut self) {
        let _ = sd_notify::notify(&[NotifyState::Watchdog]);
        self.catch_up_on_records();
        self.answer_requests();
        self.look_at_adopted();
        self.start_held_up();
        self.prune();
        self.tidy();
        let stamp = stamp(&self.server.file);
        // What is still being written, a look later, is not what it was.
        let is_at_rest = std::mem::replace(&mut self.stamp_seen, stamp) == stamp;
        if self.ending.is_none() && is_at_rest && stamp != self.stamp {
            self.reload();
        }
        if self.ending.is_some_and(|ending| real_now() >= ending) {
            for running in self.runs.values() {
                running.handle.end("ended by the server, which itself ended");
            }
        }
    }

    /// Does what people have asked for.
    pub(super) fn answer_requests(&mut self) {
        match self.server.store.requests() {
            Ok(requests) => requests.into_iter().for_each(|request| self.answer(&request)),
            Err(problem) => self.fault(&problem),
        }
    }

    /// Lets the store flush the disk, where no firing would wait for that.
    fn tidy(&self) {
        let now = wall_now();
        if self.engine.next_due().is_none_or(|due| due.duration_since(now) > LULL) {
            // A disk that is full is said by whatever is to be recorded next.
            let _ = self.server.store.tidy();
        }
    }

    fn look_at_adopted(&mut self) {
        let adopted = std::mem::take(&mut self.adopted);
        for run in adopted {
            let locks = self.server.store.locks();
            if run.run.as_ref().map_or_else(|| locks.is_schedule_running(&run.name), |id| locks.is_run_alive(id)) {
                self.adopted.push(run);
                continue;
            }
            match self.adopted_ended(&run) {
                Ok(consequences) => self.carry_out([consequences]),
                Err(problem) => {
                    // Whether it is to be repeated must not be guessed.
                    self.fault(&problem);
                    self.adopted.push(run);
                }
            }
        }
    }

    /// Hears that a run of a server before has ended.
    fn adopted_ended(&mut self, run: &Adopted) -> Result<Consequences, StoreError> {
        let now = wall_now();
        let Some(id) = &run.run else {
            return Ok(self.engine.ended(&run.name, run.at, Outcome::Ended, now).into());
        };
        let said = self.server.store.run(id)?.and_then(|row| row.end());
        let end = said.unwrap_or_else(|| {
            let error = Some("its process ended without a word after its server had".to_owned());
            RunEnd { id: id.clone(), ended: now, outcome: RunOutcome::Lost, status: None, error }
        });
        let decisions = self.engine.ended(&run.name, run.at, meant(end.outcome), now);
        Ok(Consequences { decisions, of: Some(Arc::new(end)) })
    }

    fn start_held_up(&mut self) {
        for (order, run) in std::mem::take(&mut self.held_up) {
            if self.server.store.locks().is_schedule_running(&order.schedule.name) {
                self.held_up.push((order, run));
            } else {
                let failed = self.start_now(order, run);
                self.carry_out(failed);
            }
        }
    }

    fn answer(&mut self, request: &Request) {
        let now = wall_now();
        let name = &request.schedule;
        let unknown = || format!("error: {}", self.file.find(name).err().unwrap_or_default());
        let answer = match request.kind {
            RequestKind::Pause | RequestKind::Resume => {
                let paused = request.kind == RequestKind::Pause;
                if self.engine.set_paused(name, paused) { if paused { "paused" } else { "resumed" }.to_owned() } else { unknown() }
            }
            RequestKind::Trigger if now.duration_since(request.asked) > OLDEST_TRIGGER => {
                format!("error: {name} was not started: that was asked too long ago")
            }
            // The answer may be lost with the server; then the store still tells whether it ran.
            RequestKind::Trigger => match self.engine.trigger(name, milliseconds(now)) {
                None => unknown(),
                Some(decisions) => {
                    let answer = match decisions.last() {
                        Some(Decision::Start(_)) => "started".to_owned(),
                        Some(Decision::Wait(_)) => "waits for the run that goes on".to_owned(),
                        Some(Decision::Miss(miss)) => format!("error: {name} was not started: {}", miss.reason),
                        _ => "heard".to_owned(),
                    };
                    self.carry_out([decisions.into()]);
                    answer
                }
            },
        };
        self.server.log.line(
            Level::Info,
            &format!("{name}: asked to {:?}: {answer}", request.kind).to_lowercase(),
            &[("schedule", name)],
        );
        let written = self.server.store.answer(request.id, answer, now);
        self.note(written);
    }

    /// Takes the file over as it is now, where nothing is wrong with it.
    pub(super) fn reload(&mut self) {
        let monotonic = NotifyState::monotonic_usec_now();
        let _ = sd_notify::notify(&match monotonic {
            Ok(monotonic) => vec![NotifyState::Reloading, monotonic],
            Err(_) => vec![NotifyState::Reloading],
        });
        self.stamp = stamp(&self.server.file);
        match ScheduleFile::read(&self.server.file) {
            Ok(file) => {
                let now = wall_now();
                let decisions = self.engine.reload(&file, now);
                self.carry_out([decisions.into()]);
                self.pause_again();
                self.file = file;
                let written = self.server.store.plan(planned(&self.file), now);
                self.note(written);
                self.metrics.reload(false);
                self.say_zone();
            }
            Err(problem) => {
                self.metrics.reload(true);
                let message = format!("the changed file is refused, and the one before it stays: {problem}");
                self.server.log.line(Level::Error, &message, &[]);
            }
        }
        let _ = sd_notify::notify(&[NotifyState::Ready]);
    }

    /// A schedule that comes back into the file is paused as it was left.
    fn pause_again(&mut self) {
        match self.server.store.schedule_states() {
            Ok(states) => {
                for (name, _) in states.iter().filter(|(_, state)| state.paused.is_some()) {
                    self.engine.set_paused(name, true);
                }
            }
            Err(problem) => self.fault(&problem),
        }
    }

    /// Plans to forget what the schedules' `keep` does not keep.
    pub(super) fn plan_pruning(&mut self) {
        let kept = self.file.schedules.iter().filter_map(|schedule| Some((Arc::clone(&schedule.name), schedule.keep?)));
        self.to_prune = kept.collect();
    }

    /// Forgets some of it.
    fn prune(&mut self) {
        let now = wall_now();
        for (name, keep) in self.to_prune.split_off(self.to_prune.len().saturating_sub(PRUNED_AT_ONCE)) {
            let name = Some(name.to_string());
            let prune = match keep {
                Keep::Runs(number) => Prune { name, keep: Some(number), before: None },
                Keep::For(length) => {
                    let before = SignedDuration::try_from(length).ok().and_then(|length| now.checked_sub(length).ok());
                    Prune { name, keep: None, before }
                }
            };
            if prune.keep.is_some() || prune.before.is_some() {
                let written = self.server.store.prune(prune);
                self.note(written);
            }
        }
    }
}

/// What tells that the file has changed.
pub(super) fn stamp(file: &Path) -> Option<Stamp> {
    let data = std::fs::metadata(file).ok()?;
    Some((data.modified().ok()?, data.len()))
}
