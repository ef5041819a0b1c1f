//! The server's loop: gives the engine the time, carries its decisions out, and keeps them in the
//! history before anything starts.

use super::config_faults::check_scripts;
use super::dispatch::Dispatch;
use super::ending::EndSettings;
use super::error::ServeError;
use super::http;
use super::launch::Launcher;
use super::log::Log;
use super::metrics::Metrics;
use super::outbox::Outbox;
use super::processes::Processes;
use super::records::Records;
use super::requests::Requests;
use super::scripts::ScriptFault;
use super::serving::{LAST_NOTIFICATIONS, Serving, engine};
use super::signals::Signals;
use crate::gate::Level;
use crate::history::{Store, locks::Taken};
use crate::schedule::file::ScheduleFile;
use crate::schedule::notify::OpenOutlet;
use crate::schedule::value::StopPolicy;
use cumulua_core::clock::real_now;
use sd_notify::NotifyState;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;

/// How often the file and adopted runs are looked at; also the longest sleep, so that a clock that
/// is set is noticed.
const HOUSEKEEPING: Duration = Duration::from_secs(1);

/// How often history is pruned.
const PRUNING: Duration = Duration::from_mins(10);

/// What a server is made of.
pub struct Server {
    /// The schedule file.
    pub file: PathBuf,
    /// The run store.
    pub store: Store,
    /// How runs are started.
    pub launcher: Launcher,
    /// How notifications leave.
    pub outlet: OpenOutlet,
    /// What is wrong with a script.
    pub script_fault: ScriptFault,
    /// Where `/health` and `/metrics` listen.
    pub http: Option<std::net::TcpListener>,
    /// In place of the file's grace.
    pub grace: Option<Duration>,
    /// In place of what the schedules say about the server's end.
    pub stop: Option<StopPolicy>,
    /// Where the server logs.
    pub log: Arc<dyn Log>,
}

impl Server {
    /// Serves until a signal ends it.
    pub async fn serve(self) -> Result<(), ServeError> {
        let file = ScheduleFile::read(&self.file)?;
        let locked = self
            .store
            .locks()
            .server()
            .map_err(ServeError::system("the server's lock cannot be taken"))?;
        let _lock = match locked {
            Taken::Held(lock) => lock,
            Taken::By(holder) => {
                return Err(ServeError::Taken {
                    holder,
                    store: self.store.path().to_owned(),
                });
            }
        };
        // From here on: a signal that came before would end the server without a line in the log.
        let mut signals =
            Signals::listen().map_err(ServeError::system("signals cannot be handled"))?;
        let began = real_now();
        let metrics = Arc::new(Metrics::default());
        let (scrapes, mut scraped) = mpsc::unbounded_channel::<http::Scrape>();
        if let Some(listener) = self.http {
            let address = listener
                .local_addr()
                .map_err(ServeError::system("the address of --http"))?;
            self.log.line(
                Level::Info,
                &format!("health and metrics on http://{address}"),
                &[("address", &address.to_string())],
            );
            let metrics = Arc::clone(&metrics);
            http::serve_beside(listener, metrics, scrapes.clone(), began)
                .map_err(ServeError::system("health and metrics cannot be served"))?;
        }
        let (report, mut ends) = mpsc::unbounded_channel();
        let (mut requests, problem) = Requests::listen(self.store.path());
        if let Some(problem) = problem {
            let message = format!(
                "the server's socket cannot be made, so that no command reaches it: {problem}"
            );
            self.log.line(Level::Warn, &message, &[]);
        }
        let records = Records::new(self.store, Arc::clone(&self.log), metrics);
        let processes = Processes::new(self.launcher.clone(), report);
        let outbox = Outbox::new(self.launcher, self.outlet);
        let engine = engine(&file, &records)?;
        let checked = self.script_fault;
        let dispatch = Dispatch::new(engine, file, records, processes, outbox, checked);
        let settings = EndSettings {
            stop: self.stop,
            grace: self.grace,
            is_first_process: std::process::id() == 1,
        };
        let mut serving = Serving::begin(dispatch, self.file, settings, began)?;
        let _ = sd_notify::notify(&[NotifyState::Ready]);
        check_scripts(&mut serving.dispatch);
        let mut next_housekeeping = real_now();
        let mut next_pruning = real_now() + PRUNING / 10;
        let mut ended = Vec::new();
        loop {
            serving.step(std::mem::take(&mut ended));
            if real_now() >= next_housekeeping {
                serving.do_housekeeping();
                next_housekeeping = real_now() + HOUSEKEEPING;
            }
            if real_now() >= next_pruning {
                serving.plan_pruning();
                next_pruning = real_now() + PRUNING;
            }
            serving.go_on_ending();
            if serving.is_over() {
                break;
            }
            let pause = serving.pause(next_housekeeping);
            tokio::select! {
                biased;
                _ = ends.recv_many(&mut ended, usize::MAX) => {}
                signal = signals.next() => serving.handle_signal(signal),
                asked = requests.next() => serving.answer(asked),
                // A client that is gone needs no answer.
                Some(scrape) = scraped.recv() => drop(scrape.send(serving.samples())),
                () = serving.dispatch.outbox.attempted() => {}
                () = tokio::time::sleep(pause) => {}
            }
        }
        drop(scraped);
        let dispatch = &mut serving.dispatch;
        dispatch.outbox.finish(LAST_NOTIFICATIONS).await;
        dispatch
            .outbox
            .settle(&dispatch.file, &mut dispatch.records);
        serving.note_seen(true);
        let records = &mut serving.dispatch.records;
        records.catch_up();
        records.log.line(Level::Info, "ended", &[]);
        let _ = records.store.flush(Duration::from_secs(5));
        Ok(())
    }
}
