//! The process's standard streams, which all VMs share with their buffers.

use super::stream::{Access, Buffering, Stream};
use crate::gate::Gate;
use std::fs::File;
use std::io::{self, IsTerminal};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError, TryLockError};

/// One of the standard streams. Scripts use it over a descriptor of its own, and cannot close it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::lua) enum Standard {
    Input,
    Output,
    Error,
}

static INPUT: OnceLock<Mutex<Stream>> = OnceLock::new();
static OUTPUT: OnceLock<Mutex<Stream>> = OnceLock::new();
static ERROR: OnceLock<Mutex<Stream>> = OnceLock::new();

impl Standard {
    /// Its stream, which the first VM opens.
    pub(in crate::lua) fn stream(self) -> io::Result<MutexGuard<'static, Stream>> {
        let cell = self.cell();
        let stream = if let Some(stream) = cell.get() {
            stream
        } else {
            let opened = self.open()?;
            cell.get_or_init(|| Mutex::new(opened))
        };
        Ok(stream.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn cell(self) -> &'static OnceLock<Mutex<Stream>> {
        match self {
            Self::Input => &INPUT,
            Self::Output => &OUTPUT,
            Self::Error => &ERROR,
        }
    }

    fn open(self) -> io::Result<Stream> {
        let ends_lines = |is_terminal| {
            if is_terminal {
                Buffering::Line
            } else {
                Buffering::Full
            }
        };
        Ok(match self {
            // A person who is asked must see the question.
            Self::Input => Stream::new(self.duplicate()?, Access::READ, Buffering::Full)
                .before_waiting(flush_standard_output),
            Self::Output => {
                let output = self.duplicate()?;
                let buffering = ends_lines(output.is_terminal());
                Stream::new(output, Access::WRITE, buffering)
            }
            Self::Error => Stream::new(self.duplicate()?, Access::WRITE, Buffering::No),
        })
    }

    /// A descriptor of its own for it, without a buffer.
    #[cfg(unix)]
    pub(in crate::lua) fn duplicate(self) -> io::Result<File> {
        let stream = match self {
            Self::Input => rustix::stdio::stdin(),
            Self::Output => rustix::stdio::stdout(),
            Self::Error => rustix::stdio::stderr(),
        };
        stream.try_clone_to_owned().map(File::from)
    }

    /// A handle of its own for it, without a buffer.
    #[cfg(windows)]
    #[expect(clippy::disallowed_methods, reason = "only these give the handles")]
    pub(in crate::lua) fn duplicate(self) -> io::Result<File> {
        use std::os::windows::io::AsHandle as _;
        let handle = match self {
            Self::Input => io::stdin().as_handle().try_clone_to_owned(),
            Self::Output => io::stdout().as_handle().try_clone_to_owned(),
            Self::Error => io::stderr().as_handle().try_clone_to_owned(),
        };
        handle.map(File::from)
    }
}

/// Opens the standard streams, so that a script that takes all descriptors still has them. They
/// wait for others no longer than the run behind `gate` goes on.
pub(in crate::lua) fn open_standard_streams(gate: &Gate) {
    for stream in [Standard::Input, Standard::Output, Standard::Error] {
        // One that is not there is a problem of what uses it.
        if let Ok(mut stream) = stream.stream() {
            stream.end_by(gate.shared_token());
        }
    }
}

/// Writes what scripts have written to standard output and waits in its buffer.
pub(in crate::lua) fn flush_standard_output() {
    flush_standard(Standard::Output, String::new);
}

/// Writes what scripts have written to a stream and waits in its buffer, and then the rest. A
/// script that is inside a write keeps what it has; whether there was none.
pub(in crate::lua) fn flush_standard(standard: Standard, rest: impl FnOnce() -> String) -> bool {
    let Some(stream) = standard.cell().get() else {
        return true;
    };
    let mut stream = match stream.try_lock() {
        Ok(stream) => stream,
        Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
        Err(TryLockError::WouldBlock) => return false,
    };
    let rest = rest();
    // A reader that is gone wants nothing more.
    let _ = stream.write(rest.as_bytes()).and_then(|()| stream.flush());
    true
}
