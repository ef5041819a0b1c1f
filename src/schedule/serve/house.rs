//! What is looked at once a second: runs of a server before, the file, the grace; and the upkeep of history.

use super::carry::Consequences;
use super::requests::Asked;
use super::serving::{Adopted, Serving, planned};
use super::words::{counted, meant, milliseconds};
use crate::gate::Level;
use crate::history::{Prune, RunEnd, RunOutcome, StoreError};
use crate::run::control::{Reply, Request};
use crate::schedule::engine::{Decision, Outcome};
use crate::schedule::file::ScheduleFile;
use crate::schedule::value::Keep;
use cumulua_core::clock::{real_now, wall_now};
use jiff::SignedDuration;
use sd_notify::NotifyState;
use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

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

    /// Does what somebody has asked for, who waits for the answer.
    pub(super) fn answer(&mut self, asked: Asked) {
        if !asked.take() {
            return;
        }
        let (about, reply) = match &asked.request {
            Request::Trigger { schedule } => (Some(schedule), self.trigger(schedule)),
            Request::Look => (None, self.look()),
            Request::Reload if self.ending.is_some() => (None, Reply::Refused("the server is ending".to_owned())),
            Request::Reload => (None, self.reload()),
            other @ Request::Cancel { .. } => (None, Reply::unknown("server", other.verb())),
        };
        let (Reply::Done(text) | Reply::Refused(text)) = &reply;
        let name = about.map(|name| format!("{name}: ")).unwrap_or_default();
        let fields: Vec<_> = about.map(|name| ("schedule", name.as_str())).into_iter().collect();
        self.server.log.line(Level::Info, &format!("{name}asked to {}: {text}", asked.request.verb()), &fields);
        asked.answer(reply);
    }

    /// Runs a schedule now. The answer may be lost with the server; then the store still tells whether it ran.
    fn trigger(&mut self, name: &str) -> Reply {
        let Some(decisions) = self.engine.trigger(name, milliseconds(wall_now())) else {
            return Reply::Refused(self.file.find(name).err().unwrap_or_default());
        };
        let reply = match decisions.last() {
            Some(Decision::Start(_)) => Reply::Done("started".to_owned()),
            Some(Decision::Wait(_)) => Reply::Done("waits for the run that goes on".to_owned()),
            Some(Decision::Miss(miss)) => Reply::Refused(format!("{name} was not started: {}", miss.reason)),
            _ => Reply::Done("heard".to_owned()),
        };
        self.carry_out([decisions.into()]);
        reply
    }

    /// Pauses and resumes schedules as the history says.
    fn look(&mut self) -> Reply {
        match self.server.store.schedule_states() {
            Ok(states) => {
                for schedule in &self.file.schedules {
                    let is_paused = states.get(&*schedule.name).is_some_and(|state| state.paused.is_some());
                    if self.engine.set_paused(&schedule.name, is_paused) {
                        let (name, word) = (&*schedule.name, if is_paused { "paused" } else { "resumed" });
                        self.server.log.line(Level::Info, &format!("{name}: {word}"), &[("schedule", name)]);
                    }
                }
                Reply::Done("done".to_owned())
            }
            Err(problem) => {
                self.fault(&problem);
                Reply::Refused(problem.to_string())
            }
        }
    }

    /// Takes the file over as it is now, where nothing is wrong with it.
    pub(super) fn reload(&mut self) -> Reply {
        let monotonic = NotifyState::monotonic_usec_now();
        let _ = sd_notify::notify(&match monotonic {
            Ok(monotonic) => vec![NotifyState::Reloading, monotonic],
            Err(_) => vec![NotifyState::Reloading],
        });
        self.stamp = stamp(&self.server.file);
        let reply = match ScheduleFile::read(&self.server.file) {
            Ok(file) => {
                let now = wall_now();
                let decisions = self.engine.reload(&file, now);
                self.carry_out([decisions.into()]);
                self.file = file;
                // A schedule that comes back into the file is paused as it was left.
                self.look();
                let written = self.server.store.plan(planned(&self.file), now);
                self.note(written);
                self.metrics.reload(false);
                self.say_zone();
                Reply::Done(format!("{} served", counted(self.file.schedules.len(), "schedule")))
            }
            Err(problem) => {
                self.metrics.reload(true);
                let message = format!("the changed file is refused, and the one before it stays: {problem}");
                self.server.log.line(Level::Error, &message, &[]);
                Reply::Refused(message)
            }
        };
        let _ = sd_notify::notify(&[NotifyState::Ready]);
        reply
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
