//! `time`: now, RFC 3339 in any zone, durations, and sleeping.

use crate::client::value::Value;
use crate::gate::{Gate, Place};
use crate::lua::native::{Natives, Outcome, invalid};
use crate::lua::product::{DURATION, duration};
use crate::lua::{convert, error};
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use mlua::{Lua, Value as LuaValue};

pub(in crate::lua) fn register(natives: &Natives<'_>) -> mlua::Result<()> {
    natives.plain("now", |_, gate, ()| Ok(seconds(gate.now())))?;
    natives.fallible("time_format", |lua, gate, (at, format, zone): (Option<f64>, Option<String>, Option<String>)| {
        let at = match at.map(SignedDuration::try_from_secs_f64) {
            None => gate.now(),
            Some(Ok(since)) => Timestamp::UNIX_EPOCH.saturating_add(since).unwrap_or(Timestamp::MAX),
            Some(Err(_)) => return Ok(Err(invalid(lua, "time.format needs seconds since 1970")?)),
        };
        let zone = zone.as_deref().unwrap_or("UTC");
        let zoned = match TimeZone::get(zone) {
            Ok(zone) => at.to_zoned(zone),
            Err(_) => return Ok(Err(invalid(lua, &format!("there is no time zone {zone:?}; as UTC or Asia/Shanghai"))?)),
        };
        let format = format.as_deref().unwrap_or("%Y-%m-%dT%H:%M:%S%:z");
        match jiff::fmt::strtime::format(format, &zoned) {
            Ok(text) => Ok(Ok(text)),
            Err(failure) => Ok(Err(invalid(lua, &format!("time.format: {failure}"))?)),
        }
    })?;
    natives.fallible("time_parse", |lua, _, text: String| match text.parse::<Timestamp>() {
        Ok(at) => Ok(Ok(seconds(at))),
        Err(failure) => Ok(Err(invalid(lua, &format!("time.parse needs RFC 3339, as 2026-11-21T08:00:00+08:00: {failure}"))?)),
    })?;
    natives.fallible("time_duration", |lua, _, value: LuaValue| match parsed(&value) {
        Some(duration) => Ok(Ok(duration.as_secs_f64())),
        None => Ok(Err(invalid(lua, &format!("time.duration needs {DURATION}"))?)),
    })
}

/// Waits for a duration.
pub(in crate::lua) async fn sleep(
    lua: &Lua,
    gate: &Gate,
    (value, path, number): (LuaValue, String, u64),
) -> mlua::Result<Outcome<()>> {
    match parsed(&value) {
        None => Ok(Err(invalid(lua, &format!("time.sleep needs {DURATION}"))?)),
        Some(duration) => match gate.sleep(duration, &Place { path, number }).await {
            Ok(()) => Ok(Ok(())),
            Err(stop) => Ok(Err(error::stopped(lua, &stop)?)),
        },
    }
}

fn parsed(value: &LuaValue) -> Option<std::time::Duration> {
    duration(&convert::value("", value).ok().flatten().unwrap_or(Value::Null))
}

fn seconds(at: Timestamp) -> f64 {
    at.as_duration().as_secs_f64()
}
