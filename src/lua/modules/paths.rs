//! Paths that the gate grants, for the functions of Lua's that open, rename and remove files.

use crate::gate::Denied;
use crate::lua::bindings::Bindings;
use std::path::Path;

pub(in crate::lua) fn register(bindings: &Bindings<'_>) -> mlua::Result<()> {
    // The path to open, or nil and why it cannot be: a missing folder is no fault of the script's.
    for (name, entry_itself) in [("path", false), ("entry", true)] {
        bindings.function(name, move |_, gate, path: String| {
            let granted = if entry_itself { gate.entry(Path::new(&path)) } else { gate.path(Path::new(&path)) };
            match granted {
                Ok(resolved) => Ok((Some(resolved.to_string_lossy().into_owned()), None)),
                Err(Denied::NoSuchPath(problem)) => Ok((None, Some(problem))),
                Err(denied) => Err(denied.into()),
            }
        })?;
    }
    Ok(())
}
