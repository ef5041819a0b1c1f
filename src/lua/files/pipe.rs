//! Pipes, terminals and whatever else can make a script wait: it waits a moment at a time, so that
//! the end of its run ends that too.

use crate::gate::{CancelToken, StopReason};
use std::fs::File;
use std::io::{self, Write as _};
use std::sync::Arc;

/// How often it is looked whether the run is ended.
#[cfg(unix)]
const LOOK: rustix::event::Timespec = rustix::event::Timespec {
    tv_sec: 0,
    tv_nsec: 20_000_000,
};

/// What a pipe that can be written at all takes without making anybody wait.
const PART: usize = 4096;

/// A file that can make a script wait, and what ends that.
#[derive(Debug, Clone)]
pub(super) struct Pipe {
    token: Arc<CancelToken>,
}

/// What is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Until {
    Readable,
    Writable,
}

impl Pipe {
    /// How a file makes a script wait, where it is one that can.
    pub(super) fn of(file: &File, token: Arc<CancelToken>) -> Option<Self> {
        let can_wait = file.metadata().is_ok_and(|about| !about.is_file());
        can_wait.then_some(Self { token })
    }

    /// Writes some of these bytes, once that waits for nobody.
    pub(super) fn write(&self, file: &mut File, bytes: &[u8]) -> io::Result<usize> {
        self.until(file, Until::Writable)?;
        file.write(&bytes[..bytes.len().min(PART)])
    }

    /// Waits until there is something to be read, or its end.
    pub(super) fn until_readable(&self, file: &File) -> io::Result<()> {
        self.until(file, Until::Readable)
    }

    #[cfg(unix)]
    fn until(&self, file: &File, until: Until) -> io::Result<()> {
        use rustix::event::{PollFd, PollFlags, Timespec, poll};
        let wanted = match until {
            Until::Readable => PollFlags::IN,
            Until::Writable => PollFlags::OUT,
        };
        loop {
            let is_ended = self.is_ended();
            let limit = if is_ended { Timespec::default() } else { LOOK };
            match poll(&mut [PollFd::new(file, wanted)], Some(&limit)) {
                Ok(0) | Err(rustix::io::Errno::INTR) => {}
                // What cannot be waited for shows its problem when it is used.
                Ok(_) | Err(_) => return Ok(()),
            }
            if is_ended {
                return Err(io::Error::other("the run is ended"));
            }
        }
    }

    #[cfg(not(unix))]
    fn until(&self, _: &File, _: Until) -> io::Result<()> {
        Ok(())
    }

    /// Whether the run was ended from outside. One that ends itself still hands on what it has
    /// written.
    #[cfg(unix)]
    fn is_ended(&self) -> bool {
        self.token.reason().is_some_and(|stop| {
            matches!(
                stop,
                StopReason::Interrupted
                    | StopReason::TimedOut(_)
                    | StopReason::Ended(_)
                    | StopReason::Terminated
                    | StopReason::DeferredTooLong(_)
            )
        })
    }
}
