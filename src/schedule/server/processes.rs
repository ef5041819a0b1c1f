//! The processes of runs that go on.

use super::child::{self, Exit, Handle, Process, TimeLimits};
use super::launch::Launcher;
use crate::history::Store;
use crate::schedule::engine::Attempt;
use std::collections::HashMap;
use std::io;
use std::path::Path;
use tokio::sync::mpsc;

/// A run's id, and how its process ended.
pub(super) type Ended = (String, Exit);

/// A run that goes on.
struct Running {
    attempt: Attempt,
    handle: Handle,
}

/// The processes of runs that go on.
pub(super) struct Processes {
    launcher: Launcher,
    running: HashMap<String, Running>,
    ended: mpsc::UnboundedSender<Ended>,
}

impl Processes {
    /// None yet; `ended` receives each that ends.
    pub(super) fn new(launcher: Launcher, ended: mpsc::UnboundedSender<Ended>) -> Self {
        Self {
            launcher,
            running: HashMap::new(),
            ended,
        }
    }

    pub(super) fn count(&self) -> usize {
        self.running.len()
    }

    /// Starts a run's process, whose output goes into the store.
    pub(super) fn start(
        &mut self,
        attempt: Attempt,
        run: String,
        folder: &Path,
        store: &Store,
    ) -> Result<(), (Attempt, io::Error)> {
        let command = self.launcher.run(&attempt, &run, folder);
        let (handle, process) = match Process::start(command, TimeLimits::of(&attempt.schedule)) {
            Ok(started) => started,
            Err(problem) => return Err((attempt, problem)),
        };
        let (ended, id) = (self.ended.clone(), run.clone());
        let listener = child::keep(store, &run);
        tokio::spawn(async move {
            let exit = process.supervise(listener).await;
            let _ = ended.send((id, exit));
        });
        self.running.insert(run, Running { attempt, handle });
        Ok(())
    }

    /// Forgets a process that has ended; gives what it was for.
    pub(super) fn forget(&mut self, run: &str) -> Option<Attempt> {
        self.running.remove(run).map(|running| running.attempt)
    }

    /// Asks the run of a firing to end.
    pub(super) fn end(&self, attempt: &Attempt, reason: &str) {
        let is_meant = |other: &Attempt| {
            other.schedule.name == attempt.schedule.name && other.at == attempt.at
        };
        self.running
            .values()
            .filter(|running| is_meant(&running.attempt))
            .for_each(|running| running.handle.end(reason));
    }

    /// Asks all to end.
    pub(super) fn end_all(&self, reason: &str) {
        self.running
            .values()
            .for_each(|running| running.handle.end(reason));
    }
}
