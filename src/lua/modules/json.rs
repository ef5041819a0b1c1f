//! `json.encode` and `json.decode`.

use crate::client::Client;
use crate::lua::convert;
use crate::lua::native::{Natives, invalid};
use mlua::{LuaString, Value};

pub(in crate::lua) fn register(natives: &Natives<'_>) -> mlua::Result<()> {
    natives.fallible("json_encode", |lua, _, (value, options): (Value, Option<mlua::Table>)| {
        let indent = options.map(|options| options.get::<bool>("indent")).transpose()?.unwrap_or(false);
        match convert::lua_to_json(&value) {
            Ok(json) if indent => Ok(Ok(format!("{json:#}"))),
            Ok(json) => Ok(Ok(json.to_string())),
            Err(problem) => Ok(Err(invalid(lua, &format!("json.encode: {problem}"))?)),
        }
    })?;
    natives.fallible("json_decode", |lua, _, text: LuaString| match serde_json::from_slice(&text.as_bytes()) {
        // What could be an answer becomes tables as an answer does.
        Ok(json) if text.as_bytes().len() <= Client::MAX_ANSWER => {
            Ok(Ok(convert::unguarded(lua, || convert::json_to_lua(lua, &json))?))
        }
        Ok(json) => Ok(Ok(convert::json_to_lua(lua, &json)?)),
        Err(error) => Ok(Err(invalid(lua, &format!("json.decode: {error}"))?)),
    })
}
