//! `pp`: values as a person reads them.

use crate::lua::bindings::Bindings;
use crate::lua::error::Raised;
use crate::lua::{params, pretty};
use mlua::Value;

pub(in crate::lua) fn register(bindings: &Bindings<'_>) -> mlua::Result<()> {
    bindings.function(
        "pretty",
        |_, _, (value, format): (Value, Option<String>)| match format.as_deref() {
            None => Ok(pretty::render(&value, pretty::width())),
            Some("json") => match params::json(&value) {
                Ok(json) => Ok(format!("{json:#}")),
                Err(problem) => Err(Raised::invalid(format!("pp: {problem}"))),
            },
            Some(other) => Err(Raised::invalid(format!(
                "pp knows no format {other:?}; there is \"json\""
            ))),
        },
    )
}
