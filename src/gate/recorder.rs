//! Recording: what a run does goes to a [`RunRecorder`], which keeps it beyond the run.

use super::audit::AuditLine;
use super::events::Level;
use crate::client::transport::BoxFuture;
use std::time::Duration;

/// The outcome of asking for a lock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asked {
    /// The run holds it, until the run ends.
    Granted,
    /// Another run holds it; how it describes itself.
    HeldBy(String),
}

/// A standard stream that a script writes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutputStream {
    /// Standard output.
    Out,
    /// Standard error.
    Err,
}

/// Something that keeps what a run does, and the locks that runs share.
pub trait RunRecorder: Send + Sync {
    /// The run's id.
    fn run(&self) -> &str;
    /// Keeps how a call ended, redacted; it is on its way when this returns. The error is why it
    /// cannot be kept, which stops nothing.
    fn call(&self, line: &AuditLine) -> Result<(), String>;
    /// Keeps that a change is about to leave; ends when that is kept. The error is why it cannot be
    /// kept, which stops nothing.
    fn intent<'a>(&'a self, line: &'a AuditLine) -> BoxFuture<'a, Result<(), String>>;
    /// Keeps that a wait has begun, `elapsed` ago. The error is why it cannot be kept, which stops
    /// nothing.
    fn wait_began(&self, number: u64, what: &str, elapsed: Duration) -> Result<(), String>;
    /// Keeps how a wait ended, in a few words without secrets, and whether well.
    fn wait_ended(&self, number: u64, outcome: &str, done: bool) -> Result<(), String>;
    /// Keeps a line that the script or the runtime about it has logged, without secrets.
    fn logged(&self, level: Level, message: &str);
    /// Whether output is recorded at all.
    fn wants_output(&self) -> bool;
    /// Whether what the script's processes write reaches a record, so that it must go through the
    /// run.
    fn captures_processes(&self) -> bool {
        false
    }
    /// Receives what the script writes to a standard stream; gives what is to be written in its
    /// place, if that is something else.
    fn output(&self, stream: OutputStream, text: &[u8]) -> Option<String>;
    /// Receives what a process of the script writes to a standard stream, without secrets; gives what
    /// is to be written in its place.
    fn process_output(&self, _stream: OutputStream, text: String) -> String {
        text
    }
    /// What was given nothing for so far, because a secret may go on in what follows; asked for at
    /// the end.
    fn rest_of_output(&self, _stream: OutputStream) -> String {
        String::new()
    }
    /// Asks for one of the locks that runs share.
    fn lock(&self, name: &str) -> Result<Asked, String>;
}
