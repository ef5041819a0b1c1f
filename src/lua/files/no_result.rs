//! Why a function of files has no result.

use crate::gate::{Denied, FileError, ProcessError};
use crate::lua::error::Raised;
use std::io;

/// Why a function of files has no result.
pub(in crate::lua) enum Refused {
    /// The system refuses, which Lua gives as nil and why.
    System(io::Error),
    /// It is raised.
    Raised(Raised),
}

impl From<io::Error> for Refused {
    fn from(problem: io::Error) -> Self {
        Self::System(problem)
    }
}

/// A path that leads nowhere is no fault of the script's; one that is not granted is.
impl From<FileError> for Refused {
    fn from(error: FileError) -> Self {
        match error {
            FileError::Denied(Denied::NoSuchPath { problem, .. }) => {
                Self::System(no_such_path(&problem))
            }
            FileError::Denied(denied) => Self::Raised(denied.into()),
            FileError::System(problem) => Self::System(problem),
            FileError::Stopped(stop) => Self::Raised(stop.into()),
        }
    }
}

impl From<ProcessError> for Refused {
    fn from(error: ProcessError) -> Self {
        match error {
            ProcessError::Denied(denied) => Self::Raised(denied.into()),
            ProcessError::System(problem) => Self::System(problem),
            ProcessError::Stopped(stop) => Self::Raised(stop.into()),
        }
    }
}

/// A link that leads nowhere has no number of the system's; its target is what is missing.
fn no_such_path(problem: &io::Error) -> io::Error {
    const ENOENT: i32 = 2;
    io::Error::from_raw_os_error(problem.raw_os_error().unwrap_or(ENOENT))
}
