//! The runs that go on, those of a server before this one among them.

use super::launch::Launcher;
use super::priority::give_way;
use super::supervised::{RunRequest, Supervised};
use crate::gate::GRACE;
use crate::history::{RunRow, Store};
use crate::run::RunProcess;
use crate::schedule::engine::{Attempt, Cause};
use crate::schedule::params::Given;
use jiff::Timestamp;
use std::collections::HashMap;
use std::io;
use std::path::Path;
use std::process::ExitStatus;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;

/// A run that was asked to end has its deferred functions to run, and then this much more.
const PATIENCE: Duration = Duration::from_secs(5);

/// A run's id, and the exit status of its process where that was this server's.
pub(super) type Ended = (String, Option<ExitStatus>);

/// A run that goes on.
pub(super) struct Running {
    /// Its schedule.
    pub(super) name: Arc<str>,
    /// The time of its firing.
    pub(super) at: Timestamp,
    requests: mpsc::UnboundedSender<RunRequest>,
}

/// The runs that go on.
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

    /// The runs, by their ids.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &Running)> {
        self.running.iter().map(|(id, running)| (&**id, running))
    }

    /// Whether a run goes on, as far as is known.
    pub(super) fn has(&self, run: &str) -> bool {
        self.running.contains_key(run)
    }

    /// Starts a run's process, which writes its own record.
    pub(super) fn start(
        &mut self,
        attempt: &Attempt,
        run: &str,
        folder: &Path,
        store: &Store,
    ) -> io::Result<()> {
        let given = given_to(attempt, store).map_err(io::Error::other)?;
        let mut command = self.launcher.detached_run(attempt, run, folder, &given)?;
        let child = command.kill_on_drop(false).spawn()?;
        give_way(child.id());
        let schedule = &attempt.schedule;
        let supervised = Supervised {
            id: run.to_owned(),
            process: child.id().and_then(|id| RunProcess::of_child(id).ok()),
            child: Some(child),
            store: store.clone(),
            patience: schedule.grace.unwrap_or(GRACE) + PATIENCE,
        };
        self.watch(supervised, Arc::clone(&schedule.name), attempt.at);
        Ok(())
    }

    /// Takes over a run of a server before this one, with the grace of its schedule.
    pub(super) fn adopt(&mut self, row: &RunRow, grace: Option<Duration>, store: &Store) {
        let known = row.run.pid.zip(row.process_started.as_deref());
        let supervised = Supervised {
            id: row.run.id.clone(),
            child: None,
            process: known.and_then(|(id, started)| RunProcess::find(id, started)),
            store: store.clone(),
            patience: grace.unwrap_or(GRACE) + PATIENCE,
        };
        let at = row.run.due.unwrap_or(row.run.started);
        self.watch(supervised, row.run.name.as_str().into(), at);
    }

    fn watch(&mut self, supervised: Supervised, name: Arc<str>, at: Timestamp) {
        let (requests, received) = mpsc::unbounded_channel();
        let (ended, id) = (self.ended.clone(), supervised.id.clone());
        self.running
            .insert(id.clone(), Running { name, at, requests });
        tokio::spawn(async move {
            let status = supervised.supervise(received).await;
            let _ = ended.send((id, status));
        });
    }

    /// Forgets a run that has ended; gives what was known of it.
    pub(super) fn forget(&mut self, run: &str) -> Option<Running> {
        self.running.remove(run)
    }

    /// Cancels the run of a firing.
    pub(super) fn cancel(&self, attempt: &Attempt, reason: &str) {
        let is_meant =
            |other: &&Running| other.name == attempt.schedule.name && other.at == attempt.at;
        for running in self.running.values().filter(is_meant) {
            running.ask(RunRequest::Cancel(reason.to_owned()));
        }
    }
}

/// What a firing's script is given, in place of its schedule's own; the error is what of it is gone.
fn given_to(attempt: &Attempt, store: &Store) -> Result<Arc<Given>, String> {
    if let Some(given) = &attempt.given {
        return Ok(Arc::clone(given));
    }
    if attempt.cause != Cause::Trigger {
        return Ok(Arc::default());
    }
    // A server before this one was asked for it.
    let kept = store.given(&attempt.schedule.name, attempt.at);
    let kept = kept.map_err(|problem| problem.to_string())?;
    kept.map(Given::from_kept)
        .transpose()
        .map(|given| Arc::new(given.unwrap_or_default()))
}

impl Running {
    /// Ends it as if it were killed, but for what it deferred.
    pub(super) fn terminate(&self) {
        self.ask(RunRequest::Terminate);
    }

    fn ask(&self, request: RunRequest) {
        // One that has ended meanwhile needs none.
        let _ = self.requests.send(request);
    }
}
