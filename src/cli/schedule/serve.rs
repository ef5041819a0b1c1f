//! `cumulua schedule serve`: the server.

use super::super::options::{GlobalOptions, duration};
use super::super::simulation::Simulation;
use super::super::{context, report, status};
use super::check::run_fault;
use super::common::{FileArgument, refuse, shared_options, store_path};
use super::log_lines::LogLines;
use super::outlet::outlet;
use crate::history::Store;
use crate::schedule::server::{Launcher, ServeError, Server};
use crate::schedule::value::StopPolicy;
use clap::Args;
#[cfg(unix)]
use listenfd::ListenFd;
use std::net::{SocketAddr, TcpListener};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

/// Runs each script at its times until it is ended
///
/// SIGTERM or Ctrl-C: nothing starts any more, and runs go on without a server, or end with it, as
/// `stop` of their schedule says; a second signal ends them all. SIGHUP or a changed file: the file
/// is read again; a faulty one is refused, and the one before it stays. One server serves one run
/// store.
#[derive(Debug, Args)]
pub(super) struct Serve {
    #[command(flatten)]
    file: FileArgument,
    /// Serves /health and /metrics on this address of this machine; port 0 takes a free one.
    /// Without it, a socket that systemd gives is used
    #[arg(long, value_name = "ADDR")]
    http: Option<SocketAddr>,
    /// Lets --http listen beyond this machine: all who reach it can read the metrics
    #[arg(long, requires = "http")]
    http_public: bool,
    /// What becomes of runs at the server's end, in place of what their schedules say: leave lets
    /// them go on, end ends them, with what follows as after a kill
    #[arg(long, value_name = "leave|end", value_parser = StopPolicy::parse)]
    stop: Option<StopPolicy>,
    /// The time that runs which end with the server get, in place of the file's grace
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    grace: Option<Duration>,
}

impl Serve {
    /// Serves.
    pub(super) fn run(self, options: &GlobalOptions) -> ExitCode {
        if self.http.is_some_and(|address| !address.ip().is_loopback()) && !self.http_public {
            report::error(
                "--http takes an address of this machine, as 127.0.0.1:9188; --http-public lets it listen beyond",
            );
            return status::USAGE.into();
        }
        let http = match self.listener() {
            Ok(listener) => listener,
            Err(problem) => {
                report::error(&problem);
                return status::SCRIPT.into();
            }
        };
        let store = match store_path(options) {
            Ok(path) => Store::open_serving(path),
            Err(status) => return status,
        };
        let launcher = match launcher(options, &store) {
            Ok(launcher) => launcher,
            Err(status) => return status,
        };
        let outlet = outlet(options, &self.file.file);
        raise_descriptor_limit();
        let log = LogLines::start(options.log_format, options.verbose > 0);
        let written = Arc::clone(&log);
        let checked = options.clone();
        let server = Server {
            file: self.file.file,
            store,
            launcher,
            outlet,
            script_fault: Arc::new(move |script| run_fault(&checked, script)),
            http,
            grace: self.grace,
            stop: self.stop,
            log,
        };
        // The schedule's clock is real, also where its runs are simulated.
        let options = GlobalOptions {
            sim: false,
            ..options.clone()
        };
        context::block_on(&options, &Simulation::default(), async {
            let served = server.serve().await;
            written.finish();
            match served {
                Ok(()) => status::DONE.into(),
                Err(ServeError::File(problem)) => {
                    refuse(&problem);
                    status::SCRIPT.into()
                }
                Err(problem) => {
                    report::error(&problem.to_string());
                    status::SCRIPT.into()
                }
            }
        })
    }
}

impl Serve {
    /// Where health and metrics are served: at the address, or at a socket that systemd gives.
    fn listener(&self) -> Result<Option<TcpListener>, String> {
        match self.http {
            Some(address) => TcpListener::bind(address)
                .map(Some)
                .map_err(|problem| format!("cannot listen on {address}: {problem}")),
            None => given_listener(),
        }
    }
}

#[cfg(unix)]
fn given_listener() -> Result<Option<TcpListener>, String> {
    // Runs do not inherit it.
    let given = sd_notify::listen_fds().and_then(|_| ListenFd::from_env().take_tcp_listener(0));
    given.map_err(|problem| format!("the socket that systemd gives cannot be used: {problem}"))
}

#[cfg(not(unix))]
fn given_listener() -> Result<Option<TcpListener>, String> {
    Ok(None)
}

/// Takes as many descriptors as the system gives: each run has some, and the usual limit is for
/// programs that hold few.
fn raise_descriptor_limit() {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
        let limit = getrlimit(Resource::Nofile);
        // Where that is refused, the usual one remains.
        let _ = setrlimit(
            Resource::Nofile,
            Rlimit {
                current: limit.maximum,
                maximum: limit.maximum,
            },
        );
    }
}

/// What starts runs.
pub(super) fn launcher(options: &GlobalOptions, store: &Store) -> Result<Launcher, ExitCode> {
    let path = std::path::absolute(store.path()).unwrap_or_else(|_| store.path().to_owned());
    Launcher::new(shared_options(options), path).map_err(|problem| {
        report::error(&format!("this program cannot be found again: {problem}"));
        status::SCRIPT.into()
    })
}
