//! A run that goes on, whichever server has started it: waits for the end of its process, and asks it
//! to end where that is wanted.

use super::priority::end_group;
use crate::gate::end_left_by;
use crate::history::Store;
use crate::run::{CancelError, RunProcess, cancel_run};
use cumulua_core::clock::real_now;
use std::process::ExitStatus;
use std::time::Duration;
use tokio::process::Child;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, sleep_until};

/// How often it is looked whether a run goes on whose process cannot be waited for.
const LOOK: Duration = Duration::from_millis(250);

/// What is asked of a run.
#[derive(Debug)]
pub(super) enum RunRequest {
    /// To end, for this reason, and to be done with.
    Cancel(String),
    /// To end as if it were killed, but for what it deferred.
    Terminate,
}

/// A run that goes on.
pub(super) struct Supervised {
    pub(super) id: String,
    /// Its process, where this server has started it.
    pub(super) child: Option<Child>,
    /// Its process as the system has it, where the system has such a thing.
    pub(super) process: Option<RunProcess>,
    pub(super) store: Store,
    /// How long it may take to end once it was asked to.
    pub(super) patience: Duration,
}

impl Supervised {
    /// Waits until it has ended; its exit status, where it was a child of this server.
    pub(super) async fn supervise(
        mut self,
        mut requests: mpsc::UnboundedReceiver<RunRequest>,
    ) -> Option<ExitStatus> {
        let mut kill_at = None;
        loop {
            let deadline = async {
                match kill_at {
                    Some(at) => sleep_until(at).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                // A server that was held up sees an end and a deadline at once.
                biased;
                status = self.ended() => {
                    self.end_what_is_left(status).await;
                    return status;
                }
                Some(request) = requests.recv() => {
                    self.ask(request).await;
                    kill_at.get_or_insert(Instant::from_std(real_now()) + self.patience);
                }
                () = deadline => {
                    kill_at = None;
                    self.kill();
                }
            }
        }
    }

    async fn ended(&mut self) -> Option<ExitStatus> {
        match (&self.process, &mut self.child) {
            (Some(process), child) => {
                process.ended().await;
                let child = child.as_mut()?;
                // A script's processes end with it, which one that was killed could not see to.
                end_group(child.id());
                child.wait().await.ok()
            }
            (None, Some(child)) => child.wait().await.ok(),
            (None, None) => {
                while self.store.locks().is_run_alive(&self.id) {
                    sleep(LOOK).await;
                }
                None
            }
        }
    }

    /// Ends what the run's script had started, unless the run has ended by itself and so has seen to
    /// that.
    async fn end_what_is_left(&self, status: Option<ExitStatus>) {
        if status.is_none_or(|status| status.code().is_none()) {
            let run = self.id.clone();
            // What cannot be ended is not waited for.
            let _ = tokio::task::spawn_blocking(move || end_left_by(&run)).await;
        }
    }

    async fn ask(&self, request: RunRequest) {
        let reason = match request {
            RunRequest::Cancel(reason) => reason,
            RunRequest::Terminate if self.terminate() => return,
            // It has no other way to be reached than its socket.
            RunRequest::Terminate => "ended by the server, which itself ended".to_owned(),
        };
        let give_up_at = real_now() + self.patience;
        loop {
            let (store, id, reason) = (self.store.clone(), self.id.clone(), reason.clone());
            let cancelled = move || cancel_run(&store, &id, &reason, None);
            match tokio::task::spawn_blocking(cancelled).await {
                Ok(Ok(_)) => return,
                // It may not have begun, which only the store shows. A signal would let it be lost.
                Ok(Err(CancelError::Store(_))) if real_now() < give_up_at => sleep(LOOK).await,
                _ => break,
            }
        }
        self.terminate();
    }

    /// Whether it could be sent.
    fn terminate(&self) -> bool {
        if let Some(process) = &self.process {
            process.terminate();
            return true;
        }
        #[cfg(unix)]
        {
            use rustix::process::{Pid, Signal, kill_process};
            let id = self.child.as_ref().and_then(Child::id);
            let id = id.and_then(|id| i32::try_from(id).ok());
            // It has not been waited for, so that its id is its own.
            id.and_then(Pid::from_raw)
                .is_some_and(|id| kill_process(id, Signal::TERM).is_ok())
        }
        #[cfg(not(unix))]
        false
    }

    fn kill(&mut self) {
        if let Some(process) = &self.process {
            process.kill();
        } else if let Some(child) = &mut self.child {
            let _ = child.start_kill();
        }
    }
}
