//! A shell's process, of which a script has one end of a pipe.

use super::refused::Refused;
use super::shared::Shared;
use super::stream::{Access, Buffering, Stream};
use crate::gate::{Gate, Stop};
use std::fs::File;
use std::io;
#[cfg(unix)]
use std::os::fd::OwnedFd as Descriptor;
#[cfg(windows)]
use std::os::windows::io::OwnedHandle as Descriptor;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

/// How often a running child is looked at, at first, because most end at once.
const FIRST_LOOK: Duration = Duration::from_millis(1);
/// And later: well below the time in which Ctrl-C must end it.
const LOOK: Duration = Duration::from_millis(20);

/// A process that reads from a script, or writes to it.
pub(in crate::lua) struct Piped {
    /// None once the script's end is closed.
    stream: Option<Shared>,
    /// None once it has ended.
    child: Option<Child>,
    gate: Arc<Gate>,
}

impl Piped {
    /// Starts a command whose output is read, or whose input is written.
    pub(in crate::lua) fn start(gate: &Arc<Gate>, command: &str, is_read: bool) -> io::Result<Self> {
        let mut shell = shell(command);
        if is_read {
            shell.stdout(Stdio::piped())
        } else {
            shell.stdin(Stdio::piped())
        };
        let mut child = shell.spawn()?;
        let output = child.stdout.take().map(Descriptor::from);
        let end = output.or_else(|| child.stdin.take().map(Descriptor::from));
        let access = if is_read { Access::READ } else { Access::WRITE };
        let stream = end.map(|end| Shared::new(Stream::new(File::from(end), access, Buffering::Full)));
        Ok(Self { stream, child: Some(child), gate: Arc::clone(gate) })
    }

    /// The script's end of the pipe.
    pub(super) fn stream(&self) -> Option<&Shared> {
        self.stream.as_ref()
    }

    /// Closes the script's end and waits for the process; how that ended.
    pub(in crate::lua) fn close(mut self) -> Result<ExitStatus, Refused> {
        self.end().unwrap_or_else(|| Err(io::Error::from(io::ErrorKind::NotFound).into()))
    }

    fn end(&mut self) -> Option<Result<ExitStatus, Refused>> {
        self.stream = None;
        Some(wait(&self.gate, &mut self.child.take()?))
    }
}

/// C waits for the process of a handle that is lost, too.
impl Drop for Piped {
    fn drop(&mut self) {
        let _ = self.end();
    }
}

/// The system's shell, which runs a command.
pub(in crate::lua) fn shell(command: &str) -> Command {
    let (shell, flag) = if cfg!(windows) { ("cmd", "/C") } else { ("sh", "-c") };
    let mut command_line = Command::new(shell);
    command_line.args([flag, command]);
    command_line
}

/// Waits for a child; ends it where the run is ended.
pub(in crate::lua) fn wait(gate: &Gate, child: &mut Child) -> Result<ExitStatus, Refused> {
    let mut pause = FIRST_LOOK;
    loop {
        // A script that ends itself does not end what it started.
        if let Some(stop) = gate.interrupt().reason().filter(|stop| !matches!(stop, Stop::Exit(_))) {
            // A child that has ended by itself meanwhile needs no signal.
            let _ = child.kill();
            let _ = child.wait();
            return Err(stop.into());
        }
        if let Some(status) = child.try_wait()? {
            return Ok(status);
        }
        thread::sleep(pause);
        pause = (pause * 2).min(LOOK);
    }
}

/// How a process ended, as Lua words it.
pub(in crate::lua) fn outcome(status: ExitStatus) -> (Option<bool>, &'static str, i32) {
    let (how, code) = match status.code() {
        Some(code) => ("exit", code),
        None => ("signal", signal(status)),
    };
    (status.success().then_some(true), how, code)
}

#[cfg(unix)]
fn signal(status: ExitStatus) -> i32 {
    use std::os::unix::process::ExitStatusExt as _;
    status.signal().unwrap_or(0)
}

#[cfg(not(unix))]
fn signal(_: ExitStatus) -> i32 {
    0
}
