//! Lines in the background: each a coroutine that goes on where the VM is free.

use super::running::Running;
use super::ui::Ui;
use crate::lua::ScriptError;
use crate::lua::judge::Form;
use crate::lua::session::{Input, Session, Values};
use cumulua_core::clock::real_now;
use futures_util::future::{AbortHandle, Abortable};
use futures_util::stream::{FuturesUnordered, StreamExt as _};
use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How a job's line ended; none where it was stopped.
pub(super) type Outcome = Option<Result<Values, ScriptError>>;

/// A job that ended: its number, what was known of it, and how.
pub(super) type Ended = (u64, Option<Job>, Outcome);

type JobFuture = Pin<Box<dyn Future<Output = (u64, Outcome)>>>;

/// A line in the background.
pub(super) struct Job {
    pub(super) line: String,
    pub(super) form: Form,
    /// The number of its input.
    pub(super) input: usize,
    started: Instant,
    abort: AbortHandle,
}

impl Job {
    pub(super) fn elapsed(&self) -> Duration {
        real_now() - self.started
    }
}

/// Lines in the background.
#[derive(Default)]
pub(super) struct Jobs {
    running: FuturesUnordered<JobFuture>,
    known: BTreeMap<u64, Job>,
    started: u64,
}

impl Jobs {
    /// Starts a job; gives its number.
    pub(super) fn start(
        &mut self,
        session: &Rc<Session>,
        ui: &Arc<Ui>,
        line: &str,
        number: usize,
        input: Input,
    ) -> u64 {
        self.started += 1;
        let job = self.started;
        let (abort, registration) = AbortHandle::new_pair();
        let known = Job {
            line: line.to_owned(),
            form: input.form(),
            input: number,
            started: real_now(),
            abort,
        };
        self.known.insert(job, known);
        let line = Abortable::new(Rc::clone(session).run(input, false), registration);
        let ui = Arc::clone(ui);
        self.running.push(Box::pin(async move {
            (
                job,
                ui.now_running.during(Running::Job(job), line).await.ok(),
            )
        }));
        job
    }

    /// The next job that ends. Never ends where none runs.
    pub(super) async fn next(&mut self) -> Ended {
        match self.running.next().await {
            Some((number, outcome)) => (number, self.known.remove(&number), outcome),
            None => std::future::pending().await,
        }
    }

    /// Stops a job; false where there is none of that number.
    pub(super) fn stop(&self, number: u64) -> bool {
        self.known
            .get(&number)
            .map(|job| job.abort.abort())
            .is_some()
    }

    /// Leaves all jobs where they are; how many there were.
    pub(super) fn drop_all(&mut self) -> usize {
        self.running = FuturesUnordered::new();
        std::mem::take(&mut self.known).len()
    }

    /// The running jobs by number.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&u64, &Job)> {
        self.known.iter()
    }
}
