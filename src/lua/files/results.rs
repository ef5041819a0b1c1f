//! What the natives of files give: results as Lua's own functions have them.

use super::no_result::Refused;
use super::numeral::Number;
use super::problem;
use super::request::Item;
use crate::lua::error::Raised;
use mlua::{IntoLuaMulti as _, Lua, MultiValue, Value};
use std::io;

/// What Lua gives where the system refuses: nil, why, and the system's number. `path` is named
/// where there is one.
pub(in crate::lua) fn failure(
    lua: &Lua,
    problem: &io::Error,
    path: Option<&[u8]>,
) -> Result<MultiValue, Raised> {
    let text = problem::text(problem);
    let text = match path {
        Some(path) => lua.create_string([path, b": ", text.as_bytes()].concat())?,
        None => lua.create_string(text)?,
    };
    Ok((Value::Nil, text, problem::code(problem)).into_lua_multi(lua)?)
}

/// The same, or what is raised.
pub(in crate::lua) fn refusal_values(
    lua: &Lua,
    refused: Refused,
    path: Option<&[u8]>,
) -> Result<MultiValue, Raised> {
    match refused {
        Refused::System(problem) => failure(lua, &problem, path),
        Refused::Raised(raised) => Err(raised),
    }
}

/// `true`, or what Lua gives where the system refuses.
pub(in crate::lua) fn completion(
    lua: &Lua,
    outcome: io::Result<()>,
    path: Option<&[u8]>,
) -> Result<MultiValue, Raised> {
    match outcome {
        Ok(()) => Ok(true.into_lua_multi(lua)?),
        Err(problem) => failure(lua, &problem, path),
    }
}

/// What was read as a value of Lua's.
pub(in crate::lua) fn value(lua: &Lua, item: Item<'_>) -> mlua::Result<Value> {
    Ok(match item {
        Item::Text(text) => Value::String(lua.create_string(text)?),
        Item::Number(Number::Integer(number)) => Value::Integer(number),
        Item::Number(Number::Float(number)) => Value::Number(number),
        Item::Nothing => Value::Nil,
    })
}
