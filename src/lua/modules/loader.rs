//! `require`, `loadfile` and `dofile`: modules beside the script, and files that the gate grants.

use crate::gate::Gate;
use crate::lua::bindings::Bindings;
use crate::lua::error::Raised;
use crate::lua::sources::{SharedSources, lua_text, remember};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub(in crate::lua) fn register(bindings: &Bindings<'_>, folder: &Path, sources: &SharedSources) -> mlua::Result<()> {
    let (folder, known) = (folder.to_owned(), Arc::clone(sources));
    bindings.function("find_module", move |_, _, name: String| {
        let (text, chunk_name, path) = find(&folder, &name).map_err(Raised::Invalid)?;
        remember(&known, &chunk_name, &text);
        Ok((text, chunk_name, path))
    })?;
    let known = Arc::clone(sources);
    bindings.function("read_script", move |_, gate, path: String| {
        let (text, chunk_name) = read_script(gate, &path)?;
        remember(&known, &chunk_name, &text);
        Ok((text, chunk_name))
    })
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

fn read_script(gate: &Gate, path: &str) -> Result<(String, String), Raised> {
    let resolved = gate.path(Path::new(path))?;
    let text = fs::read_to_string(&resolved);
    let text = text.map_err(|failure| Raised::Invalid(format!("{path} cannot be read: {failure}")))?;
    Ok((lua_text(&text), format!("@{path}")))
}
