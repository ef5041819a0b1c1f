//! The Lua half of the runtime: `stdlib/core`, a chunk a file, is loaded into every script; a
//! script requires what is in `stdlib/std`.

use mlua::chunk::ChunkMode;
use mlua::{Function, Lua, Table};

/// `(name, compiled, text)` of each file; `build.rs` compiles the folder `stdlib/core`.
const FILES: &[(&str, &[u8], &str)] = include!(concat!(env!("OUT_DIR"), "/core.rs"));

/// `(name, text)` of each module that a script can require as `std.NAME`.
pub(super) const MODULES: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/std.rs"));

/// What every script gets, in the order in which it is loaded: each builds on those before it.
const ORDER: [&str; 16] = [
    "options",
    "output",
    "catalog",
    "run",
    "coroutines",
    "modules",
    "files",
    "guards",
    "http",
    "help",
    "pages",
    "wait",
    "wait_state",
    "outcome",
    "parallel",
    "globals",
];

/// Makes a script's world of its natives; what the files have in common.
pub(super) fn load(lua: &Lua, natives: &Table) -> mlua::Result<Table> {
    let own: Table = chunk(lua, "base")?.call((natives, Lua::poll_pending()))?;
    for name in ORDER {
        chunk(lua, name)?.call::<()>((natives, &own))?;
    }
    Ok(own)
}

/// A file's chunk; from its text where another machine than this one compiled it.
pub(super) fn chunk(lua: &Lua, name: &str) -> mlua::Result<Function> {
    let Some((_, compiled, text)) = FILES.iter().find(|(known, ..)| *known == name) else {
        return Err(mlua::Error::runtime(format!(
            "the core has no file {name:?}"
        )));
    };
    let compiled = lua
        .load(*compiled)
        .set_mode(ChunkMode::Binary)
        .into_function();
    compiled.or_else(|_| lua.load(*text).set_name("=[cumulua]").into_function())
}
