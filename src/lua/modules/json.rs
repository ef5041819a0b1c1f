//! `json.encode` and `json.decode`.

use crate::lua::bindings::Bindings;
use crate::lua::error::Raised;
use crate::lua::json::{self, DecodeError};
use crate::lua::memory_budget::MemoryBudget;
use crate::lua::params::{self, NoJson};
use mlua::{LuaString, Table, Value};

pub(in crate::lua) fn register(bindings: &Bindings<'_>) -> mlua::Result<()> {
    bindings.function(
        "json_encode",
        |lua, _, (value, options): (Value, Option<Table>)| {
            let indent = options
                .map(|options| options.get::<bool>("indent"))
                .transpose()?
                .unwrap_or(false);
            let text = params::json_text(&MemoryBudget::of(lua), &value, indent, |json| json);
            let text = text.map_err(|problem| match problem {
                NoJson::Fault(problem) => Raised::invalid(format!("json.encode: {problem}")),
                NoJson::NoRoom(failure) => failure.into(),
            })?;
            Ok(lua.create_string(text)?)
        },
    )?;
    bindings.function("json_decode", |lua, _, text: LuaString| {
        let text = text.as_bytes();
        let decoded = json::with_room_for(lua, text.len(), || json::from_text(lua, &text))?;
        decoded.map_err(|unmade| match unmade {
            DecodeError::Json(error) => Raised::invalid(format!("json.decode: {error}")),
            DecodeError::Lua(failure) => failure.into(),
        })
    })
}
