//! What a script writes: its log, its standard output, values as text.

use crate::gate::{Level, Stop};
use crate::lua::bindings::Bindings;
use crate::lua::error;
use mlua::{LuaString, Table, Value};

pub(in crate::lua) fn register(bindings: &Bindings<'_>) -> mlua::Result<()> {
    bindings.value("is_heard", bindings.gate.wants_output())?;
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
    // What the script writes is told to the recorder; what is to be written in its place.
    bindings.plain("output", |lua, gate, text: LuaString| {
        if let Ok(text) = text.to_str() {
            return lua.create_string(gate.output(text.to_owned()));
        }
        // Bytes that are no text go out as they are.
        gate.output(text.to_string_lossy());
        Ok(text)
    })?;
    bindings.plain("output_closed", |lua, gate, ()| {
        gate.interrupt().raise(Stop::OutputClosed);
        error::stopped(lua, &Stop::OutputClosed)
    })?;
    // A table's own `__tostring`, whatever its `__metatable` says.
    bindings.plain("text_method", |_, _, table: Table| {
        Ok(table.metatable().map(|meta| meta.raw_get::<Value>("__tostring")).transpose()?.unwrap_or(Value::Nil))
    })
}
