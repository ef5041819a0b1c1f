//! The server: gives the engine the time, carries its decisions out, and keeps them in the store before anything starts.

mod backlog;
mod carry;
mod child;
mod clockwatch;
mod house;
mod http;
mod launch;
mod lines;
mod log;
mod metrics;
mod notify;
mod once;
mod requests;
mod serving;
mod signals;
mod words;

pub use child::Listener;
pub use launch::{Launcher, Shared};
pub use log::Log;
pub use metrics::Metrics;
pub use notify::Post;
pub use once::{Once, run_once};
pub use words::counted;

use super::file::{FileError, ScheduleFile};
use crate::gate::Level;
use crate::history::{Store, StoreError, locks::Taken};
use cumulua_core::clock::real_now;
use requests::Requests;
use sd_notify::NotifyState;
use serving::Serving;
use signals::Signals;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::mpsc;

/// How often the file and adopted runs are looked at; also the longest sleep, so that a clock that is
/// set is noticed.
const HOUSEKEEPING: Duration = Duration::from_secs(1);

/// What notifications on their way get at the server's end.
const LAST_TELLS: Duration = Duration::from_secs(10);

/// How often history is pruned.
const PRUNING: Duration = Duration::from_mins(10);

/// Why a server cannot serve.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// Its file is faulty.
    #[error(transparent)]
    File(#[from] FileError),
    /// The store cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// There is another server.
    #[error("{holder} already serves the store {}; end it first, or give this one a store of its own with --store", .store.display())]
    Taken {
        /// Who holds the store.
        holder: String,
        /// The store.
        store: PathBuf,
    },
    /// The system refuses something.
    #[error("{what}: {reason}")]
    System {
        /// What.
        what: String,
        /// What the system says.
        reason: io::Error,
    },
}

impl ServeError {
    fn system(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let what = what.into();
        |reason| Self::System { what, reason }
    }
}

/// What a server is made of.
pub struct Server {
    /// The schedule file.
    pub file: PathBuf,
    /// The run store.
    pub store: Store,
    /// How runs are started.
    pub launcher: Launcher,
    /// How webhooks are called.
    pub post: Post,
    /// Where `/health` and `/metrics` listen.
    pub http: Option<SocketAddr>,
    /// In place of the file's grace.
    pub grace: Option<Duration>,
    /// Who hears what the server says.
    pub log: Arc<dyn Log>,
}

impl Server {
    /// Serves until it is told to end.
    pub async fn serve(self) -> Result<(), ServeError> {
        let file = ScheduleFile::read(&self.file)?;
        let locked = self.store.locks().server().map_err(ServeError::system("the server's lock cannot be taken"))?;
        let _lock = match locked {
            Taken::Held(lock) => lock,
            Taken::By(holder) => {
                return Err(ServeError::Taken { holder, store: self.store.path().to_owned() });
            }
        };
        // From here on: a signal that came before would end the server without a word.
        let mut signals = Signals::listen().map_err(ServeError::system("signals cannot be heard"))?;
        let began = real_now();
        let metrics = Arc::new(Metrics::default());
        if let Some(address) = self.http {
            let listener = TcpListener::bind(address).await.map_err(ServeError::system(format!("cannot listen on {address}")))?;
            let address = listener.local_addr().map_err(ServeError::system("the address of --http"))?;
            self.log.line(Level::Info, &format!("health and metrics on http://{address}"), &[("address", &address.to_string())]);
            tokio::spawn(http::serve(listener, Arc::clone(&metrics), began));
        }
        let (report, mut ends) = mpsc::unbounded_channel();
        let mut serving = Serving::begin(self, file, metrics, began, report)?;
        let (mut requests, problem) = Requests::listen(serving.server.store.path());
        if let Some(problem) = problem {
            let message = format!(
                "`schedule trigger`, `pause`, `resume` and `reload` are not heard, because the server's socket cannot be made: {problem}"
            );
            serving.server.log.line(Level::Warn, &message, &[]);
        }
        let _ = sd_notify::notify(&[NotifyState::Ready]);
        let mut next_housekeeping = real_now();
        let mut next_pruning = real_now() + PRUNING / 10;
        let mut ended = Vec::new();
        loop {
            serving.step(std::mem::take(&mut ended));
            if real_now() >= next_housekeeping {
                serving.keep_house();
                next_housekeeping = real_now() + HOUSEKEEPING;
            }
            if real_now() >= next_pruning {
                serving.plan_pruning();
                next_pruning = real_now() + PRUNING;
            }
            if serving.is_over() {
                break;
            }
            tokio::select! {
                biased;
                _ = ends.recv_many(&mut ended, usize::MAX) => {}
                signal = signals.next() => serving.hear(signal),
                asked = requests.next() => serving.answer(asked),
                () = tokio::time::sleep(serving.pause(next_housekeeping)) => {}
            }
        }
        let told = async { while serving.tells.join_next().await.is_some() {} };
        let _ = tokio::time::timeout(LAST_TELLS, told).await;
        serving.catch_up_on_records();
        serving.server.log.line(Level::Info, "ended", &[]);
        let _ = serving.server.store.flush(Duration::from_secs(5));
        Ok(())
    }
}
