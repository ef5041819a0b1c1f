//! Paths that a script gives, as bytes.

use mlua::LuaString;
use std::path::{Path, PathBuf};

#[cfg(unix)]
pub(in crate::lua) fn of_text(text: &LuaString) -> PathBuf {
    use std::os::unix::ffi::OsStrExt as _;
    Path::new(std::ffi::OsStr::from_bytes(&text.as_bytes())).to_owned()
}

#[cfg(not(unix))]
pub(in crate::lua) fn of_text(text: &LuaString) -> PathBuf {
    Path::new(&text.to_string_lossy()).to_owned()
}
