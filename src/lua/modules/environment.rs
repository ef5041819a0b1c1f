//! What a script finds around it: arguments, variables, secrets, its account, chance and the clock;
//! and how it ends itself.

use crate::gate::StopReason;
use crate::lua::bindings::Bindings;
use crate::lua::chunk::Chunk;
use crate::lua::error;
use crate::lua::secret::SecretValue;
use mlua::Value;

pub(in crate::lua) fn register(bindings: &Bindings<'_>, chunk: &Chunk) -> mlua::Result<()> {
    let args = || {
        let args = chunk.args.iter().map(String::as_str);
        bindings.lua.create_sequence_from(args)
    };
    bindings.value("args", args()?)?;
    // What libraries read in its place, as Lua's own command gives it.
    let arg = args()?;
    arg.raw_set(0, chunk.name.trim_start_matches(['@', '=']))?;
    bindings.value("arg", arg)?;
    bindings.value("null", Value::NULL)?;
    // Lua's integers are signed; the bits are what counts.
    bindings.plain("random", |_, gate, ()| Ok(gate.random().cast_signed()))?;
    bindings.plain("clock", |_, gate, ()| Ok(gate.elapsed().as_secs_f64()))?;
    bindings.function("secret", |_, gate, name: String| {
        Ok(SecretValue(gate.secret(&name)?))
    })?;
    bindings.effect_now("env", |_, gate, id, name: String| {
        Ok(gate.variable(&name, id)?)
    })?;
    bindings.function(
        "expect_account",
        |_, gate, (profile, id): (Option<String>, Option<String>)| {
            Ok(gate.expect_account(profile.as_deref(), id.as_deref())?)
        },
    )?;
    bindings.plain("exit", |lua, gate, code: Value| {
        let status = match code {
            Value::Nil | Value::Boolean(true) => 0,
            Value::Boolean(false) => 1,
            // As the system does with the status of a process.
            Value::Integer(code) => u8::try_from(code & 0xff).unwrap_or(1),
            _ => return error::invalid(lua, "os.exit takes true, false or a whole number"),
        };
        gate.cancel_token().raise(StopReason::Exit(status));
        error::stopped(lua, &StopReason::Exit(status))
    })
}
