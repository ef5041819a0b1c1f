//! `require`, `loadfile` and `dofile`: modules beside the script, and files that the gate grants.

use crate::gate::Gate;
use crate::lua::error;
use crate::lua::native::{Natives, invalid};
use mlua::{Lua, Table};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

pub(in crate::lua) fn register(natives: &Natives<'_>, folder: &Path, sources: &SharedSources) -> mlua::Result<()> {
    let (folder, known) = (folder.to_owned(), Arc::clone(sources));
    natives.fallible("find_module", move |lua, _, name: String| match find(&folder, &name) {
        Ok((text, chunk_name, path)) => {
            remember(&known, &chunk_name, &text);
            Ok(Ok((text, chunk_name, path)))
        }
        Err(problem) => Ok(Err(invalid(lua, &problem)?)),
    })?;
    let known = Arc::clone(sources);
    natives.fallible("read_script", move |lua, gate, path: String| {
        let read = read_script(lua, gate, &path)?;
        if let Ok((text, chunk_name)) = &read {
            remember(&known, chunk_name, text);
        }
        Ok(read)
    })
}

/// A script's text as Lua takes it: a byte-order mark is dropped, and a first line `#!…` is the system's; its line stays, so that
/// numbers agree.
pub(in crate::lua) fn lua_text(text: &str) -> String {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    match text.strip_prefix('#') {
        Some(rest) => format!("--{rest}"),
        None => text.to_owned(),
    }
}

/// The texts of chunks, by their names, so that an error can show its line.
pub type Sources = BTreeMap<String, String>;

/// Sources that the runtime and its loader share.
pub(in crate::lua) type SharedSources = Arc<Mutex<Sources>>;

pub(in crate::lua) fn remember(sources: &SharedSources, chunk_name: &str, text: &str) {
    let name = chunk_name.trim_start_matches(['@', '=']).to_owned();
    sources.lock().unwrap_or_else(PoisonError::into_inner).insert(name, text.to_owned());
}

/// Text, chunk name and path of a module.
fn find(folder: &Path, name: &str) -> Result<(String, String, String), String> {
    let is_part =
        |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-');
    if !name.split('.').all(is_part) {
        return Err(format!("{name:?} is not the name of a module: letters, digits, _ and -, joined by dots"));
    }
    let relative: PathBuf = name.split('.').collect();
    let candidates = [folder.join(&relative).with_extension("lua"), folder.join(&relative).join("init.lua")];
    for path in &candidates {
        if path.is_file() {
            let text = fs::read_to_string(path)
                .map_err(|error| format!("the module {name:?} in {} cannot be read: {error}", path.display()))?;
            return Ok((lua_text(&text), format!("@{}", path.display()), path.display().to_string()));
        }
    }
    let looked = candidates.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(" nor ");
    Err(format!("there is no module {name:?}: neither {looked} is there"))
}

fn read_script(lua: &Lua, gate: &Gate, path: &str) -> mlua::Result<Result<(String, String), Table>> {
    let resolved = match gate.path(Path::new(path)) {
        Ok(resolved) => resolved,
        Err(denied) => return Ok(Err(error::denied(lua, &denied)?)),
    };
    match fs::read_to_string(&resolved) {
        Ok(text) => Ok(Ok((lua_text(&text), format!("@{path}")))),
        Err(failure) => Ok(Err(invalid(lua, &format!("{path} cannot be read: {failure}"))?)),
    }
}
