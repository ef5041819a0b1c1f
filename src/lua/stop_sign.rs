//! The sign with which Lua code is ended from outside.

use std::fmt;

/// The sign with which Lua code is ended from outside.
#[derive(Debug)]
pub(super) struct StopSign;

impl StopSign {
    /// The sign as what a hook raises.
    pub(super) fn raised() -> mlua::Error {
        mlua::Error::external(Self)
    }
}

impl fmt::Display for StopSign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the run, or this task of it, is ended")
    }
}

impl std::error::Error for StopSign {}
