//! Whether a text is Lua, without running it.

use crate::lua::sources::lua_text;
use mlua::{Lua, LuaOptions, StdLib};

/// What keeps a script's text from being Lua, with its line; none where nothing does.
pub fn fault(name: &str, text: &str) -> Option<String> {
    let lua = Lua::new_with(StdLib::NONE, LuaOptions::default()).ok()?;
    let loaded = lua.load(lua_text(text)).set_name(format!("={name}")).set_mode(mlua::chunk::ChunkMode::Text).into_function();
    match loaded {
        Ok(_) => None,
        Err(mlua::Error::SyntaxError { message, .. }) => Some(message),
        Err(error) => Some(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::fault;

    #[test]
    fn a_fault_has_its_line_and_a_shebang_is_none() {
        assert_eq!(fault("a.lua", "#!/usr/bin/env cumulua\nprint(1)"), None);
        assert!(fault("a.lua", "print(1)\nprint(").unwrap().starts_with("a.lua:2:"));
    }
}
