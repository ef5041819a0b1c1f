//! What a script finds around it: arguments, variables, secrets, its account, chance and the clock;
//! and how it ends itself.

use crate::gate::StopReason;
use crate::lua::bindings::Bindings;
use crate::lua::chunk::{Chunk, RunFacts};
use crate::lua::modules::time::seconds;
use crate::lua::secret::SecretValue;
use crate::lua::{error, json};
use mlua::{Table, Value};

/// What the script finds of its run, as `run`.
fn run_facts(bindings: &Bindings<'_>, facts: &RunFacts) -> mlua::Result<Table> {
    let (lua, gate) = (bindings.lua, bindings.gate);
    let params = lua.create_table()?;
    for (name, value) in &facts.params {
        params.raw_set(name.as_str(), json::from_value(lua, value)?)?;
    }
    for (name, secret) in &facts.secrets {
        gate.learn_secret(&format!("the parameter {name}"), secret)
            .map_err(mlua::Error::external)?;
        params.raw_set(name.as_str(), SecretValue(secret.clone()))?;
    }
    let run = lua.create_table()?;
    run.raw_set("id", gate.recorded_run())?;
    run.raw_set("schedule", facts.schedule.as_deref())?;
    run.raw_set("due", facts.due.map(seconds))?;
    run.raw_set("attempt", facts.attempt)?;
    run.raw_set("params", params)?;
    Ok(run)
}

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
    bindings.value("run_facts", run_facts(bindings, &chunk.facts)?)?;
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
