//! `json.encode` and `json.decode`.

use crate::client::Client;
use crate::lua::convert;
use crate::lua::native::{Natives, invalid};
use crate::lua::tables::{self, Unmade};
use mlua::{Lua, LuaString, Value};

pub(in crate::lua) fn register(natives: &Natives<'_>) -> mlua::Result<()> {
    natives.fallible("json_encode", |lua, _, (value, options): (Value, Option<mlua::Table>)| {
        let indent = options.map(|options| options.get::<bool>("indent")).transpose()?.unwrap_or(false);
        match convert::lua_to_json(&value) {
            Ok(json) if indent => Ok(Ok(format!("{json:#}"))),
            Ok(json) => Ok(Ok(json.to_string())),
            Err(problem) => Ok(Err(invalid(lua, &format!("json.encode: {problem}"))?)),
        }
    })?;
    natives.fallible("json_decode", |lua, _, text: LuaString| {
        let text = text.as_bytes();
        let decode = || decoded(lua, &text);
        // What could be an answer becomes tables as an answer does.
        let outcome = if text.len() <= Client::MAX_ANSWER { convert::unguarded(lua, decode)? } else { decode()? };
        match outcome {
            Ok(value) => Ok(Ok(value)),
            Err(error) => Ok(Err(invalid(lua, &format!("json.decode: {error}"))?)),
        }
    })
}

fn decoded(lua: &Lua, text: &[u8]) -> mlua::Result<Result<Value, serde_json::Error>> {
    let mut json = serde_json::Deserializer::from_slice(text);
    let whole = tables::from_json(lua, &mut json).and_then(|value| json.end().map(|()| value).map_err(Unmade::Json));
    match whole {
        Ok(value) => Ok(Ok(value)),
        Err(Unmade::Json(error)) => Ok(Err(error)),
        Err(Unmade::Lua(failure)) => Err(failure),
    }
}
