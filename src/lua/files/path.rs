//! Paths that a script gives, judged by the gate.

use super::refused::Refused;
use crate::gate::{Denied, Gate};
use mlua::LuaString;
use std::io;
use std::path::{Path, PathBuf};

/// What of a path is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::lua) enum Judged {
    /// The file that it leads to.
    File,
    /// The entry of its folder: a link is itself.
    Entry,
}

/// The path to use in place of a script's, or why there is none: that is no fault of the script's. One that is not granted is.
pub(in crate::lua) fn judge(gate: &Gate, path: &LuaString, judged: Judged) -> Result<PathBuf, Refused> {
    let path = of_text(path);
    let verdict = match judged {
        Judged::File => gate.path(&path),
        Judged::Entry => gate.entry(&path),
    };
    match verdict {
        Ok(resolved) => Ok(resolved),
        Err(Denied::NoSuchPath { problem, .. }) => Err(no_such_path(&problem).into()),
        Err(denied) => Err(denied.into()),
    }
}

/// A link that leads nowhere has no number of the system's; its target is what is missing.
fn no_such_path(problem: &io::Error) -> io::Error {
    const ENOENT: i32 = 2;
    io::Error::from_raw_os_error(problem.raw_os_error().unwrap_or(ENOENT))
}

#[cfg(unix)]
fn of_text(text: &LuaString) -> PathBuf {
    use std::os::unix::ffi::OsStrExt as _;
    Path::new(std::ffi::OsStr::from_bytes(&text.as_bytes())).to_owned()
}

#[cfg(not(unix))]
fn of_text(text: &LuaString) -> PathBuf {
    Path::new(&text.to_string_lossy()).to_owned()
}
