//! What a script writes: its log, its standard output, values as text.

use crate::gate::{Level, StopReason};
use crate::lua::bindings::Bindings;
use crate::lua::error;
use mlua::{LuaString, Table, Value};

pub(in crate::lua) fn register(bindings: &Bindings<'_>) -> mlua::Result<()> {
    bindings.plain("log", |_, gate, (level, message): (String, LuaString)| {
        let level = match level.as_str() {
            "debug" => Level::Debug,
            "warn" => Level::Warn,
            "error" => Level::Error,
            _ => Level::Info,
        };
        gate.log(level, &message.to_string_lossy());
        Ok(())
    })?;
    bindings.plain("output_closed", |lua, gate, ()| {
        gate.cancel_token().raise(StopReason::OutputClosed);
        error::stopped(lua, &StopReason::OutputClosed)
    })?;
    // A table's own `__tostring`, whatever its `__metatable` is.
    bindings.plain("text_method", |_, _, table: Table| {
        Ok(table
            .metatable()
            .map(|meta| meta.raw_get::<Value>("__tostring"))
            .transpose()?
            .unwrap_or(Value::Nil))
    })
}
