//! `time`: now, RFC 3339 in any zone, durations, and sleeping.

use crate::effect_id::EffectId;
use crate::gate::Gate;
use crate::lua::bindings::Bindings;
use crate::lua::error::Raised;
use crate::lua::options::{DURATION, duration_of};
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use mlua::{Lua, Value as LuaValue};
use std::sync::Arc;

pub(in crate::lua) fn register(bindings: &Bindings<'_>) -> mlua::Result<()> {
    bindings.effect("sleep", sleep)?;
    bindings.plain("now", |_, gate, ()| Ok(seconds(gate.now())))?;
    bindings.function(
        "time_format",
        |_, gate, (at, format, zone): (Option<f64>, Option<String>, Option<String>)| {
            let at = match at.map(SignedDuration::try_from_secs_f64) {
                None => gate.now(),
                Some(Ok(since)) => Timestamp::UNIX_EPOCH
                    .saturating_add(since)
                    .unwrap_or(Timestamp::MAX),
                Some(Err(_)) => {
                    return Err(Raised::invalid("time.format needs seconds since 1970"));
                }
            };
            let zone = zone.as_deref().unwrap_or("UTC");
            let known = TimeZone::get(zone);
            let zone = known.map_err(|_| {
                Raised::invalid(format!(
                    "there is no time zone {zone:?}; as UTC or Asia/Shanghai"
                ))
            })?;
            let format = format.as_deref().unwrap_or("%Y-%m-%dT%H:%M:%S%:z");
            let text = jiff::fmt::strtime::format(format, &at.to_zoned(zone));
            text.map_err(|failure| Raised::invalid(format!("time.format: {failure}")))
        },
    )?;
    bindings.function("time_parse", |_, _, text: String| {
        match text.parse::<Timestamp>() {
            Ok(at) => Ok(seconds(at)),
            Err(failure) => Err(Raised::invalid(format!(
                "time.parse needs RFC 3339, as 2026-11-21T08:00:00+08:00: {failure}"
            ))),
        }
    })?;
    bindings.function("time_duration", |_, _, value: LuaValue| {
        match duration_of(&value) {
            Some(duration) => Ok(duration.as_secs_f64()),
            None => Err(Raised::invalid(format!("time.duration needs {DURATION}"))),
        }
    })
}

/// Waits for a duration.
async fn sleep(_: Lua, gate: Arc<Gate>, place: EffectId, value: LuaValue) -> Result<(), Raised> {
    let duration = duration_of(&value)
        .ok_or_else(|| Raised::invalid(format!("time.sleep needs {DURATION}")))?;
    Ok(gate.sleep(duration, &place).await?)
}

fn seconds(at: Timestamp) -> f64 {
    at.as_duration().as_secs_f64()
}
