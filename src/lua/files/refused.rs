//! Why a function of files has no result.

use crate::gate::{Denied, Stop};
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

impl From<Denied> for Refused {
    fn from(refusal: Denied) -> Self {
        Self::Raised(refusal.into())
    }
}

impl From<Stop> for Refused {
    fn from(stop: Stop) -> Self {
        Self::Raised(stop.into())
    }
}
