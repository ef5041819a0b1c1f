//! `outcome`: what became of a call whose answer was lost; and what `ensure` needs to know of such
//! calls.

use crate::client::error::Kind;
use crate::client::outcome_probe::Outcome;
use crate::effect_id::EffectId;
use crate::gate::{Gate, WAIT_TIMEOUT};
use crate::lua::bindings::Bindings;
use crate::lua::error::{self, Raised};
use crate::lua::marks::{is_error, lost};
use crate::lua::options::{DURATION, duration_of};
use mlua::{Lua, Table, Value as LuaValue};
use std::sync::Arc;
use std::time::Duration;

pub(in crate::lua) fn register(bindings: &Bindings<'_>) -> mlua::Result<()> {
    bindings.effect("outcome", of_error)?;
    bindings.effect("outcome_of_call", of_call)?;
    // The numbers of the calls at a path or below it that are still unknown.
    bindings.plain("lost_below", |_, gate, path: String| {
        Ok(gate.lost_below(&path))
    })?;
    // Whether any has changed something for certain.
    bindings.plain("has_changed_below", |_, gate, path: String| {
        Ok(gate.has_changed_below(&path))
    })?;
    bindings.plain("found_made", |_, gate, number: u64| {
        gate.resolve(number, Outcome::Done);
        Ok(())
    })?;
    // Time since the run began, in seconds, and what is left of a time that began then.
    bindings.plain("elapsed", |_, gate, ()| Ok(gate.elapsed().as_secs_f64()))?;
    bindings.plain("rest", |_, gate, (timeout, began): (f64, f64)| {
        let left = (timeout - (gate.elapsed().as_secs_f64() - began)).max(0.0);
        // In whole milliseconds: what floating point leaves of one moves no clock.
        Ok((left * 1000.0).floor() / 1000.0)
    })?;
    bindings.plain("shorter", |_, _, (one, other): (f64, f64)| {
        Ok(one.min(other))
    })?;
    bindings.plain("ensure_timeout", |lua, _, what: String| {
        let message = format!("ensure: {what} was still being made elsewhere in this run");
        error::plain(lua, Kind::Timeout, &message)
    })?;
    bindings.plain("unknown_made", |lua, _, what: String| {
        let message =
            format!("ensure: it is not known whether {what} was made, so it is not made again");
        let table = error::plain(lua, Kind::Response, &message)?;
        table.raw_set("sent", "maybe")?;
        Ok(table)
    })?;
    bindings.function("timeout", |_, _, (name, value): (String, LuaValue)| {
        Ok(timeout(&name, &value)?.as_secs_f64())
    })
}

fn timeout(name: &str, value: &LuaValue) -> Result<Duration, Raised> {
    match value {
        LuaValue::Nil => Ok(WAIT_TIMEOUT),
        given => duration_of(given).ok_or_else(|| {
            Raised::invalid(format!("{name}: the option timeout must be {DURATION}"))
        }),
    }
}

/// What became of the call that an error value is of.
async fn of_error(
    lua: Lua,
    gate: Arc<Gate>,
    place: EffectId,
    (raised, limit): (LuaValue, LuaValue),
) -> Result<&'static str, Raised> {
    let Some(error) = raised.as_table().filter(|table| is_error(table)).cloned() else {
        return Err(Raised::invalid(format!(
            "outcome needs the error of a call, as pcall returns it, not a {}",
            raised.type_name()
        )));
    };
    let limit = timeout("outcome", &limit)?;
    match lost(&lua)?.raw_get::<Option<u64>>(&error)? {
        Some(number) => Ok(gate.outcome(number, limit, &place).await?.as_str()),
        None => Ok(answered(&error)?.as_str()),
    }
}

/// What an error itself shows.
fn answered(error: &Table) -> mlua::Result<Outcome> {
    let text = |key: &str| error.raw_get::<Option<String>>(key);
    Ok(match (text("sent")?.as_deref(), text("kind")?.as_deref()) {
        (Some("no"), _) | (Some("yes"), Some("service")) => Outcome::NotDone,
        _ => Outcome::Unknown,
    })
}

/// What became of a call by its number.
async fn of_call(
    _: Lua,
    gate: Arc<Gate>,
    place: EffectId,
    (number, limit): (u64, f64),
) -> Result<&'static str, Raised> {
    let limit = Duration::try_from_secs_f64(limit).unwrap_or(WAIT_TIMEOUT);
    Ok(gate.outcome(number, limit, &place).await?.as_str())
}
