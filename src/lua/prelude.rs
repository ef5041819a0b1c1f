//! The prelude: what of a script's world is made in Lua, in parts.

use mlua::chunk::ChunkMode;
use mlua::{Function, Lua, Table};

/// `(name, compiled, text)` of each part; `build.rs` compiles the folder `prelude`.
const PARTS: &[(&str, &[u8], &str)] = include!(concat!(env!("OUT_DIR"), "/prelude.rs"));

/// What every script needs. The other parts are loaded where a script first needs them.
const AT_START: [&str; 4] = ["output", "catalog", "globals", "run"];

/// Makes a script's world of its natives; what the parts have in common.
pub(super) fn load(lua: &Lua, natives: &Table) -> mlua::Result<Table> {
    let own: Table = part(lua, "base")?.call((natives, Lua::poll_pending()))?;
    for name in AT_START {
        part(lua, name)?.call::<()>((natives, &own))?;
    }
    Ok(own)
}

/// A part; from its text where another machine than this one compiled it.
pub(super) fn part(lua: &Lua, name: &str) -> mlua::Result<Function> {
    let Some((_, compiled, text)) = PARTS.iter().find(|(known, ..)| *known == name) else {
        return Err(mlua::Error::runtime(format!("the prelude has no part {name:?}")));
    };
    let compiled = lua.load(*compiled).set_mode(ChunkMode::Binary).into_function();
    compiled.or_else(|_| lua.load(*text).set_name("=[cumulua]").into_function())
}
