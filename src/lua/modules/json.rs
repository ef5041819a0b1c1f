//! `json.encode` and `json.decode`.

use crate::client::Answer;
use crate::lua::bindings::Bindings;
use crate::lua::error::Raised;
use crate::lua::json::{self, DecodeError};
use crate::lua::params;
use mlua::{LuaString, Table, Value};

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
            json::unguarded(lua, || Ok(json::from_text(lua, &text)))?
        } else {
            json::from_text(lua, &text)
        };
        decoded.map_err(|unmade| match unmade {
            DecodeError::Json(error) => Raised::invalid(format!("json.decode: {error}")),
            DecodeError::Lua(failure) => failure.into(),
        })
    })
}
