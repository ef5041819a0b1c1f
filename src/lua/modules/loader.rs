//! `require`, `loadfile` and `dofile`: modules of the standard library, modules beside the script,
//! and files that the gate grants.

use crate::effect_id::EffectId;
use crate::gate::{FileError, Gate, Level};
use crate::lua::bindings::Bindings;
use crate::lua::error::Raised;
use crate::lua::files::path::of_text;
use crate::lua::sources::{SharedSources, lua_text, remember};
use crate::lua::stdlib::MODULES;
use cumulua_core::catalog::suggest;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What the names of the standard library's modules begin with.
const OWN: &str = "std.";

pub(in crate::lua) fn register(
    bindings: &Bindings<'_>,
    folder: &Path,
    sources: &SharedSources,
) -> mlua::Result<()> {
    let (folder, known) = (folder.to_owned(), Arc::clone(sources));
    // As it was before the script could put a link in its place.
    let granted = folder.canonicalize().unwrap_or_else(|_| folder.clone());
    bindings.effect_now("find_module", move |_, gate, id, name: String| {
        check_name(&name).map_err(Raised::invalid)?;
        if let Some(own) = name.strip_prefix(OWN) {
            warn_of_unused(gate, &folder, &granted, &name);
            let text = standard(own).map_err(Raised::invalid)?;
            return Ok((text.to_owned(), format!("={name}"), name, true));
        }
        let (text, chunk_name, path) = find(gate, &folder, &granted, &name, id)?;
        remember(&known, &chunk_name, &text);
        Ok((text, chunk_name, path, false))
    })?;
    let known = Arc::clone(sources);
    bindings.effect_now("read_script", move |_, gate, id, path: mlua::LuaString| {
        let (text, chunk_name) = read_script(gate, &of_text(&path), id)?;
        remember(&known, &chunk_name, &text);
        Ok((text, chunk_name))
    })
}

/// The text of a module of the standard library.
fn standard(name: &str) -> Result<&'static str, String> {
    let known = || MODULES.iter().map(|(known, _)| *known);
    MODULES
        .iter()
        .find(|(known, _)| *known == name)
        .map(|(_, text)| *text)
        .ok_or_else(|| {
            let near: Vec<_> = suggest::nearest(name, known())
                .into_iter()
                .map(|near| format!("{OWN}{near}"))
                .collect();
            let there: Vec<_> = known().map(|known| format!("{OWN}{known}")).collect();
            let near = suggest::did_you_mean(&near);
            format!(
                "module '{OWN}{name}' not found: the standard library has none of that name{near}; there are: {}",
                there.join(", ")
            )
        })
}

/// A file that looks like a module of the standard library is not loaded, which must not go
/// unnoticed.
fn warn_of_unused(gate: &Gate, folder: &Path, granted: &Path, name: &str) {
    // What `cumulua types` writes there for editors is no module.
    let is_module = |file: &&PathBuf| {
        file.is_file()
            && gate
                .text_beside(granted, file)
                .is_ok_and(|text| !text.starts_with("---@meta std."))
    };
    for file in candidates(folder, name).iter().filter(is_module) {
        let message = format!(
            "{} is not loaded: names that begin with {OWN} are the standard library's; name it otherwise",
            file.display()
        );
        gate.log(Level::Warn, &message);
    }
}

/// Where a module may stand beside a script.
fn candidates(folder: &Path, name: &str) -> [PathBuf; 2] {
    let relative: PathBuf = name.split('.').collect();
    [
        folder.join(&relative).with_extension("lua"),
        folder.join(&relative).join("init.lua"),
    ]
}

/// Whether that can be the name of a module: anything else would be a path.
/// A longer one is no path of a file, in bytes.
const LONGEST_NAME: usize = 1024;

fn check_name(name: &str) -> Result<(), String> {
    let is_part = |part: &str| {
        !part.is_empty()
            && part
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-')
    };
    if name.len() > LONGEST_NAME {
        return Err(format!(
            "a name of {} bytes is not the name of a module",
            name.len()
        ));
    }
    if !name.split('.').all(is_part) {
        return Err(format!(
            "{name:?} is not the name of a module: letters, digits, _ and -, joined by dots"
        ));
    }
    Ok(())
}

/// Text, chunk name and path of a module.
fn find(
    gate: &Gate,
    folder: &Path,
    granted: &Path,
    name: &str,
    id: &EffectId,
) -> Result<(String, String, String), Raised> {
    let candidates = candidates(folder, name);
    match gate.module(granted, &candidates, id) {
        Ok(Some((path, text))) => {
            let path = path.display().to_string();
            Ok((lua_text(&text), format!("@{path}"), path))
        }
        Ok(None) => {
            let looked = candidates
                .iter()
                .map(|path| path.display().to_string())
                .collect::<Vec<_>>()
                .join(" nor ");
            Err(Raised::invalid(format!(
                "module '{name}' not found: neither {looked} is there"
            )))
        }
        Err(error) => Err(unread(&format!("the module {name:?}"), error)),
    }
}

fn read_script(gate: &Gate, path: &Path, id: &EffectId) -> Result<(String, String), Raised> {
    let name = path.display().to_string();
    let text = gate
        .script(path, id)
        .map_err(|error| unread(&name, error))?;
    Ok((lua_text(&text), format!("@{name}")))
}

fn unread(what: &str, error: FileError) -> Raised {
    match error {
        FileError::Denied(denied) => denied.into(),
        FileError::System(problem) => Raised::invalid(format!("{what} cannot be read: {problem}")),
        FileError::Stopped(stop) => stop.into(),
    }
}
