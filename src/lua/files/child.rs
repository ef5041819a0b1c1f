//! A shell's process, of which a script has one end of a pipe.

use super::no_result::Refused;
use super::parent_file::IntoParentFile;
use super::pass_on::{pass_on, wait_for_output};
use super::shared::Shared;
use super::stream::{Access, Buffering, Stream};
use crate::effect_id::EffectId;
use crate::gate::{Gate, ProcessError, Streams, Waiting, end_process};
use std::io;
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver};
use tokio::process::Child;

/// A process that reads from a script, or writes to it.
pub(in crate::lua) struct Piped {
    /// None once the script's end is closed.
    stream: Option<Shared>,
    /// None once it has ended.
    child: Option<Child>,
    /// Closed once what it wrote is passed on.
    output_end: Receiver<()>,
    gate: Arc<Gate>,
}

impl Piped {
    /// Starts a command whose output is read, or whose input is written.
    pub(in crate::lua) fn start(
        gate: &Arc<Gate>,
        command: &str,
        is_read: bool,
        id: &EffectId,
    ) -> Result<Self, ProcessError> {
        let mut streams = Streams::default();
        let piped = if is_read {
            &mut streams.output
        } else {
            &mut streams.input
        };
        *piped = Some(Stdio::piped());
        if gate.captures_processes() {
            // What the script does not read is what the run writes.
            streams.error = Some(Stdio::piped());
            if !is_read {
                streams.output = Some(Stdio::piped());
            }
        }
        let mut child = gate.start(command, streams, id)?;
        let stdout = is_read.then(|| child.stdout.take()).flatten();
        let (ended, output_end) = mpsc::channel();
        pass_on(gate, &mut child, &ended).map_err(ProcessError::System)?;
        let output = stdout.map(IntoParentFile::into_parent_file);
        let end = output
            .or_else(|| child.stdin.take().map(IntoParentFile::into_parent_file))
            .transpose()
            .map_err(ProcessError::System)?;
        let access = if is_read { Access::READ } else { Access::WRITE };
        let stream = end.map(|end| {
            let stream = Stream::new(end, access, Buffering::Full);
            Shared::new(stream.ended_by(gate.shared_token()))
        });
        Ok(Self {
            stream,
            child: Some(child),
            output_end,
            gate: Arc::clone(gate),
        })
    }

    /// The script's end of the pipe.
    pub(super) fn stream(&self) -> Option<&Shared> {
        self.stream.as_ref()
    }

    /// Ends the process.
    pub(super) fn end(&mut self) {
        if let Some(child) = &mut self.child {
            end_process(child);
        }
    }

    /// Closes the script's end and waits for the process; how that ended.
    pub(in crate::lua) async fn close(
        mut self,
        waiting: Waiting,
        id: &EffectId,
    ) -> Result<ExitStatus, Refused> {
        self.stream = None;
        match self.child.take() {
            Some(child) => {
                let gate = Arc::clone(&self.gate);
                let status = gate.wait_for(child, waiting, id).await?;
                let (_, none) = mpsc::channel();
                let output_end = std::mem::replace(&mut self.output_end, none);
                if gate.captures_processes() {
                    wait_for_output(&gate, output_end, waiting).await;
                }
                Ok(status)
            }
            None => Err(io::Error::from(io::ErrorKind::NotFound).into()),
        }
    }
}

/// C waits for the process of a handle that is lost, too.
impl Drop for Piped {
    fn drop(&mut self) {
        self.stream = None;
        if let Some(child) = &mut self.child {
            let _ = self.gate.wait_out(child);
        }
    }
}

/// How a process ended, as Lua words it.
pub(in crate::lua) type Outcome = (Option<bool>, &'static str, i32);

/// How a process ended, as Lua words it.
pub(in crate::lua) fn outcome(status: ExitStatus) -> Outcome {
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
