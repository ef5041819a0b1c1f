//! Processes: started by the system's shell, and ended with the run. While one is waited for, the
//! run's other tasks go on.

use super::admit::allow;
use super::base::Gate;
use super::cancel::StopReason;
use super::denied::Denied;
use super::effect::{Effect, Open};
use super::process_tree::{EndedProcess, RUN_VARIABLE, end_descendants};
use crate::effect_id::EffectId;
use crate::policy::Subject;
use std::cell::{Cell, OnceCell, RefCell};
use std::future::poll_fn;
use std::io;
use std::pin::pin;
use std::process::{ExitStatus, Stdio};
use std::thread;
use std::time::Duration;
use tokio::process::{Child, Command};

/// How often a running process is looked at where Lua cannot yield: at first, because most end at
/// once.
const FIRST_LOOK: Duration = Duration::from_millis(1);
/// And later: well below the time in which Ctrl-C must end it.
const LOOK: Duration = Duration::from_millis(20);

/// Why an effect on a process has no result.
#[derive(Debug)]
pub enum ProcessError {
    /// Scripts may start none.
    Denied(Denied),
    /// The system refuses.
    System(io::Error),
    /// The run was ended.
    Stopped(StopReason),
}

/// What a script's process reads and writes, where that is not what the run does.
#[derive(Debug, Default)]
pub struct Streams {
    /// Its standard input.
    pub input: Option<Stdio>,
    /// Its standard output.
    pub output: Option<Stdio>,
    /// Its standard error.
    pub error: Option<Stdio>,
}

/// Whether Lua can yield to the run's other tasks while a process is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Waiting {
    /// It can.
    Yields,
    /// It cannot: the whole run waits.
    Blocks,
}

impl Gate {
    /// Whether processes may be started.
    pub fn may_run(&self) -> Result<(), Denied> {
        allow(&Subject::Process {
            is_granted: self.parts.grants.allow_run,
        })
        .map_err(Denied::Policy)
    }

    /// Ends all that the run's processes have left behind; gives what that was.
    pub fn end_processes(&self) -> Vec<EndedProcess> {
        if self.parts.grants.allow_run {
            end_descendants(std::process::id())
        } else {
            Vec::new()
        }
    }

    /// Runs a command of the system's shell to its end; `attend` is given the process once it runs.
    pub async fn execute(
        &self,
        command: &str,
        streams: Streams,
        attend: impl FnOnce(&mut Child) -> io::Result<()>,
        waiting: Waiting,
        id: &EffectId,
    ) -> Result<ExitStatus, ProcessError> {
        let start = Start {
            command,
            streams: Cell::new(streams),
        };
        self.through(
            Execute {
                start,
                attend: Cell::new(Some(attend)),
                process: OnceCell::new(),
                waiting,
            },
            id,
        )
        .await
    }

    /// Starts a command of the system's shell.
    pub fn start(
        &self,
        command: &str,
        streams: Streams,
        id: &EffectId,
    ) -> Result<Child, ProcessError> {
        self.through_now(
            Start {
                command,
                streams: Cell::new(streams),
            },
            id,
        )
    }

    /// Waits until a process has ended; where the run is ended, so is the process.
    pub async fn wait_for(
        &self,
        process: Child,
        waiting: Waiting,
        id: &EffectId,
    ) -> Result<ExitStatus, ProcessError> {
        self.through(
            End {
                process: RefCell::new(process),
                waiting,
            },
            id,
        )
        .await
    }

    /// The same for a process whose handle is lost: the whole run waits, as C does.
    pub fn wait_out(&self, process: &mut Child) -> Result<ExitStatus, ProcessError> {
        let mut pause = FIRST_LOOK;
        loop {
            if let Some(stop) = self
                .cancel
                .reason()
                .filter(|stop| !matches!(stop, StopReason::Exit(_)))
            {
                kill(process, &stop);
                return Err(ProcessError::Stopped(stop));
            }
            if let Some(status) = process.try_wait().map_err(ProcessError::System)? {
                return Ok(status);
            }
            thread::sleep(pause);
            pause = (pause * 2).min(LOOK);
        }
    }
}

/// Ends a process with its effect, and what it has started. Where a script ends itself, that is
/// left to the end of the run.
fn kill(process: &mut Child, stop: &StopReason) {
    if !matches!(stop, StopReason::Exit(_)) {
        end_process(process);
    }
}

/// Ends a process and what it has started.
pub fn end_process(process: &mut Child) {
    if let Some(id) = process.id() {
        end_descendants(id);
    }
    // One that has ended by itself meanwhile needs no signal.
    let _ = process.start_kill();
}

/// Waits for a process. It is borrowed for a moment each time, so that what ends it meanwhile can
/// have it.
async fn until_it_ends(
    open: &Open<'_>,
    waiting: Waiting,
    process: &RefCell<Child>,
) -> Result<ExitStatus, ProcessError> {
    if waiting == Waiting::Blocks {
        return open.gate.wait_out(&mut process.borrow_mut());
    }
    let ended = poll_fn(|context| pin!(process.borrow_mut().wait()).poll(context));
    open.gate
        .clock()
        .real(ended)
        .await
        .map_err(ProcessError::System)
}

struct Start<'a> {
    command: &'a str,
    streams: Cell<Streams>,
}

impl Effect for Start<'_> {
    type Outcome = Result<Child, ProcessError>;

    async fn perform(&self, open: &Open<'_>) -> Self::Outcome {
        open.gate.may_run().map_err(ProcessError::Denied)?;
        let (shell, flag) = if cfg!(windows) {
            ("cmd", "/C")
        } else {
            ("sh", "-c")
        };
        let Streams {
            input,
            output,
            error,
        } = self.streams.take();
        let mut command = Command::new(shell);
        command.args([flag, self.command]);
        for name in open.gate.secret_variables() {
            command.env_remove(name);
        }
        command.env(RUN_VARIABLE, &*open.gate.run);
        input.map(|stream| command.stdin(stream));
        output.map(|stream| command.stdout(stream));
        error.map(|stream| command.stderr(stream));
        command.spawn().map_err(ProcessError::System)
    }

    fn stopped(&self, _: &Open<'_>, stop: StopReason) -> Self::Outcome {
        Err(ProcessError::Stopped(stop))
    }
}

struct End {
    process: RefCell<Child>,
    waiting: Waiting,
}

impl Effect for End {
    type Outcome = Result<ExitStatus, ProcessError>;

    async fn perform(&self, open: &Open<'_>) -> Self::Outcome {
        until_it_ends(open, self.waiting, &self.process).await
    }

    fn stopped(&self, _: &Open<'_>, stop: StopReason) -> Self::Outcome {
        kill(&mut self.process.borrow_mut(), &stop);
        Err(ProcessError::Stopped(stop))
    }
}

struct Execute<'a, F> {
    start: Start<'a>,
    attend: Cell<Option<F>>,
    /// Once it runs.
    process: OnceCell<RefCell<Child>>,
    waiting: Waiting,
}

impl<F: FnOnce(&mut Child) -> io::Result<()>> Effect for Execute<'_, F> {
    type Outcome = Result<ExitStatus, ProcessError>;

    async fn perform(&self, open: &Open<'_>) -> Self::Outcome {
        let mut process = self.start.perform(open).await?;
        if let Some(attend) = self.attend.take() {
            attend(&mut process).map_err(ProcessError::System)?;
        }
        until_it_ends(
            open,
            self.waiting,
            self.process.get_or_init(|| RefCell::new(process)),
        )
        .await
    }

    fn stopped(&self, _: &Open<'_>, stop: StopReason) -> Self::Outcome {
        if let Some(process) = self.process.get() {
            kill(&mut process.borrow_mut(), &stop);
        }
        Err(ProcessError::Stopped(stop))
    }
}
