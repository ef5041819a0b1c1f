//! The prelude: what of a script's world is made in Lua, a chunk a file.

use mlua::{Function, Lua, Table};

/// What the other files build on.
const BASE: &str = include_str!("prelude/base.lua");

/// What a session's console takes over.
pub(super) const CONSOLE: &str = include_str!("prelude/console.lua");

/// What every script gets, in the order in which it is loaded: each builds on those before it.
const FILES: [&str; 15] = [
    include_str!("prelude/options.lua"),
    include_str!("prelude/output.lua"),
    include_str!("prelude/catalog.lua"),
    include_str!("prelude/run.lua"),
    include_str!("prelude/coroutines.lua"),
    include_str!("prelude/modules.lua"),
    include_str!("prelude/files.lua"),
    include_str!("prelude/guards.lua"),
    include_str!("prelude/http.lua"),
    include_str!("prelude/help.lua"),
    include_str!("prelude/lists.lua"),
    include_str!("prelude/waiting.lua"),
    include_str!("prelude/states.lua"),
    include_str!("prelude/parallel.lua"),
    include_str!("prelude/globals.lua"),
];

/// Makes a script's world of its natives; what the files have in common.
pub(super) fn load(lua: &Lua, natives: &Table) -> mlua::Result<Table> {
    let own: Table = chunk(lua, BASE)?.call((natives, Lua::poll_pending()))?;
    for text in FILES {
        chunk(lua, text)?.call::<()>((natives, &own))?;
    }
    Ok(own)
}

/// A chunk of ours, by the name that tells its frames from a script's.
pub(super) fn chunk(lua: &Lua, text: &str) -> mlua::Result<Function> {
    lua.load(text).set_name("=[cumulua]").into_function()
}
