//! `cumulua` on a terminal: the prompt.

use super::modes::Modes;
use super::options::{GlobalOptions, GrantOptions};
use super::progress::Progress;
use super::screen::Screen;
use super::simulation::Simulation;
use super::{context, leaving, report, status};
use crate::config::FILE_NAME;
use crate::gate::audit::Audit;
use crate::gate::{Event, Gate, GateParts, Level, Observer, adopt_orphans};
use crate::repl::{self, Interrupts, Running, Ui};
use clap::Args;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::mpsc;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

#[derive(Debug, Default, Args)]
#[command(
    after_help = "Examples:\n  cumulua --sim\n  cumulua --profile staging\n  cumulua repl --allow-run"
)]
pub(super) struct Repl {
    #[command(flatten)]
    grants: GrantOptions,
}

impl Repl {
    /// Runs until the person leaves.
    pub(super) fn run(self, options: &GlobalOptions, simulation: &Simulation) -> ExitCode {
        let modes = Modes::now();
        let status = context::block_on(options, simulation, async {
            self.talk(options, simulation, &modes).await
        });
        modes.restore();
        status
    }

    async fn talk(
        self,
        options: &GlobalOptions,
        simulation: &Simulation,
        modes: &Modes,
    ) -> ExitCode {
        let progress = Arc::new(Progress::new(options.log_format, options.verbose));
        let parts = context::gate_parts(
            options,
            simulation,
            Path::new("."),
            self.grants.grants(options),
        );
        let redactor = Arc::clone(&parts.redactor);
        let ui = Ui::new(Arc::new(Screen {
            progress: Arc::clone(&progress),
            redactor: Arc::clone(&redactor),
        }));
        let lines = Arc::clone(&ui);
        progress.print_with(move |text| lines.note_styled(text));
        let gate = Arc::new(Gate::new(GateParts {
            observer: Arc::new(SessionObserver {
                progress,
                ui: Arc::clone(&ui),
            }),
            audit: Some(Audit::keeping(context::audit_path(options))),
            confirm: Some(ui.clone()),
            ..parts
        }));
        let interrupts = Interrupts::new(Arc::clone(&gate), Arc::clone(&ui), {
            let (gate, simulates) = (Arc::clone(&gate), options.sim);
            let modes = Mutex::new(modes.clone());
            Box::new(move |ending| {
                let modes = modes.lock().unwrap_or_else(PoisonError::into_inner);
                leaving::leave_session(&gate, ending, &modes, simulates);
            })
        });
        listen_for_signals(Arc::clone(&interrupts));
        report::note(concat!(
            "cumulua ",
            env!("CARGO_PKG_VERSION"),
            ": help, Tab, Ctrl-D leaves"
        ));
        let session = repl::Options {
            limits: self.grants.limits(),
            folder: PathBuf::from("."),
            history: repl::history_path(project(options).as_deref()),
            interrupts,
            redactor,
        };
        if self.grants.allow_run {
            adopt_orphans();
        }
        let interrupts = Arc::clone(&session.interrupts);
        let outcome = repl::run(ui, Arc::clone(&gate), session).await;
        interrupts.close();
        report::ended_processes(&gate.end_processes());
        gate.flush_audit();
        match outcome {
            Ok(status) => ExitCode::from(status),
            Err(problem) => {
                report::error(&problem);
                status::SCRIPT.into()
            }
        }
    }
}

/// The folder of the project's configuration, where there is one.
fn project(options: &GlobalOptions) -> Option<PathBuf> {
    if let Some(file) = &options.config {
        return file.canonicalize().ok()?.parent().map(Path::to_owned);
    }
    let here = std::env::current_dir().ok()?;
    here.ancestors()
        .find(|folder| folder.join(FILE_NAME).is_file())
        .map(Path::to_owned)
}

/// Shows what happens in the foreground, and of jobs only what may need a person.
struct SessionObserver {
    progress: Arc<Progress>,
    ui: Arc<Ui>,
}

impl Observer for SessionObserver {
    fn event(&self, event: Event) {
        match (self.ui.running(), event) {
            (
                Running::Job(job),
                Event::Log {
                    level: Level::Warn | Level::Error,
                    message,
                },
            ) => {
                self.ui.note(&format!("[{job}] {message}"));
            }
            (Running::Job(_), _) => {}
            (Running::Foreground | Running::Nothing, event) => self.progress.event(event),
        }
    }
}

/// Listens for Ctrl-C and signals that ask to end, on a thread of its own: the session's may be
/// busy with Lua. It listens once this comes back, because a Ctrl-C before that would end the
/// process.
fn listen_for_signals(interrupts: Arc<Interrupts>) {
    let (listens, is_listening) = mpsc::channel();
    let listen = move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        runtime.block_on(async {
            let mut signals = Signals::new()?;
            // Nothing waits for it any more where the session has ended meanwhile.
            let _ = listens.send(());
            loop {
                let signal = signals.next().await;
                if interrupts.is_closed() {
                    std::process::exit(i32::from(status::INTERRUPTED.0));
                }
                match signal {
                    Signal::CtrlC => interrupts.interrupt(),
                    Signal::End => interrupts.end(),
                }
            }
        })
    };
    thread::spawn(move || {
        let listened: std::io::Result<()> = listen();
        // Without the handlers Ctrl-C ends the process, which is what remains.
        if let Err(failure) = listened {
            report::error(&format!("Ctrl-C cannot be handled: {failure}"));
        }
    });
    // Without handlers the channel is closed.
    let _ = is_listening.recv();
}

enum Signal {
    CtrlC,
    End,
}

#[cfg(unix)]
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
    hang_up: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn new() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hang_up: signal(SignalKind::hangup())?,
        })
    }

    async fn next(&mut self) -> Signal {
        tokio::select! {
            _ = self.interrupt.recv() => Signal::CtrlC,
            _ = self.terminate.recv() => Signal::End,
            _ = self.hang_up.recv() => Signal::End,
        }
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn new() -> std::io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) -> Signal {
        match tokio::signal::ctrl_c().await {
            Ok(()) => Signal::CtrlC,
            Err(_) => Signal::End,
        }
    }
}
