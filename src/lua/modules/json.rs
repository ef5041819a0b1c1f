//! `json.encode` and `json.decode`.

use crate::client::Answer;
use crate::lua::bindings::Bindings;
use crate::lua::error::Raised;
use crate::lua::json::{self, DecodeError};
use crate::lua::params;
use mlua::{Lua, LuaString, Table, Value};

pub(in crate::lua) fn register(bindings: &Bindings<'_>) -> mlua::Result<()> {
    bindings.function(
        "json_encode",
        |_, _, (value, options): (Value, Option<Table>)| {
            let indent = options
                .map(|options| options.get::<bool>("indent"))
                .transpose()?
                .unwrap_or(false);
            let json = params::json(&value)
                .map_err(|problem| Raised::invalid(format!("json.encode: {problem}")))?;
            Ok(if indent {
                format!("{json:#}")
            } else {
                json.to_string()
            })
        },
    )?;
    bindings.function("json_decode", |lua, _, text: LuaString| {
        let text = text.as_bytes();
        // What could be an answer becomes tables as an answer does.
        let decoded = if text.len() <= Answer::LARGEST {
            json::unguarded(lua, || Ok(decode(lua, &text)))?
        } else {
            decode(lua, &text)
        };
        decoded.map_err(|unmade| match unmade {
            DecodeError::Json(error) => Raised::invalid(format!("json.decode: {error}")),
            DecodeError::Lua(failure) => failure.into(),
        })
    })
}

fn decode(lua: &Lua, text: &[u8]) -> Result<Value, DecodeError<serde_json::Error>> {
    let mut deserializer = serde_json::Deserializer::from_slice(text);
    let value = json::from_json(lua, &mut deserializer)?;
    deserializer.end().map_err(DecodeError::Json)?;
    Ok(value)
}
