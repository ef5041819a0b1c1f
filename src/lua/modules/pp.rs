//! `pp`: values as a person reads them.

use crate::lua::bindings::Bindings;
use crate::lua::error::Raised;
use crate::lua::memory_budget::MemoryBudget;
use crate::lua::params::{self, NoJson};
use crate::lua::pretty;
use cumulua_core::controls;
use mlua::Value;

pub(in crate::lua) fn register(bindings: &Bindings<'_>) -> mlua::Result<()> {
    bindings.function(
        "pretty",
        |lua, gate, (value, format): (Value, Option<String>)| match format.as_deref() {
            None => Ok(lua.create_string(pretty::render(gate, &value, pretty::width()))?),
            Some("json") => {
                let clean = |json| gate.redact_json(json);
                match params::json_text(&MemoryBudget::of(lua), &value, true, clean) {
                    Ok(text) => {
                        // It is for a terminal, which a name of a resource must not drive.
                        let text = String::from_utf8_lossy(&text);
                        Ok(lua.create_string(&*controls::escape_json(&text))?)
                    }
                    Err(NoJson::Fault(problem)) => Err(Raised::invalid(format!("pp: {problem}"))),
                    Err(NoJson::NoRoom(failure)) => Err(failure.into()),
                }
            }
            Some(other) => Err(Raised::invalid(format!(
                "pp knows no format {other:?}; there is \"json\""
            ))),
        },
    )
}
