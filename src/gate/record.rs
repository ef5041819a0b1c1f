//! Recording: what a run does is told to a [`Recorder`], which keeps it beyond the run.

use super::Gate;
use super::audit::Recorded;
use super::observer::Level;
use std::sync::atomic::Ordering;

/// What came of asking for a lock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asked {
    /// The run holds it, until the run ends.
    Granted,
    /// Another run holds it; what it says of itself.
    HeldBy(String),
}

/// Something that keeps what a run does, and the locks that runs share.
pub trait Recorder: Send + Sync {
    /// The run's id.
    fn run(&self) -> &str;
    /// Keeps a call, redacted; of a mutating one it comes back when that is kept. Why it cannot be kept stops nothing.
    fn call(&self, recorded: &Recorded) -> Result<(), String>;
    /// Whether output is to be told at all.
    fn wants_output(&self) -> bool;
    /// Whether what the script's processes write reaches a record, so that it must go through the run.
    fn hears_processes(&self) -> bool {
        false
    }
    /// Hears what the script writes to standard output; gives what is to be written in its place.
    fn output(&self, text: String) -> String;
    /// Asks for one of the locks that runs share.
    fn lock(&self, name: &str) -> Result<Asked, String>;
}

impl Gate {
    /// Whether somebody wants to hear what the script writes to standard output.
    pub fn wants_output(&self) -> bool {
        self.recorder.as_ref().is_some_and(|recorder| recorder.wants_output())
    }

    /// Whether what the script's processes write must go through the run.
    pub fn hears_processes(&self) -> bool {
        self.recorder.as_ref().is_some_and(|recorder| recorder.hears_processes())
    }

    /// What the script writes to standard output; gives what is to be written in its place.
    pub fn output(&self, text: String) -> String {
        match &self.recorder {
            Some(recorder) => recorder.output(text),
            None => text,
        }
    }

    /// Tells the recorder of a call; that it cannot be kept is said once.
    pub(super) fn keep(&self, recorded: &Recorded) {
        let Some(recorder) = &self.recorder else { return };
        if let Err(problem) = recorder.call(recorded)
            && !self.record_failed.swap(true, Ordering::Relaxed)
        {
            self.log(Level::Warn, &format!("this run is not recorded: {problem}"));
        }
    }
}
