//! `time`: now, RFC 3339 in any zone, durations, and sleeping.

use crate::effect_id::EffectId;
use crate::gate::Gate;
use crate::lua::bindings::Bindings;
use crate::lua::error::Raised;
use crate::lua::options::{DURATION, duration_of};
use cumulua_core::controls;
use jiff::civil::DateTime;
use jiff::fmt::temporal::Pieces;
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use mlua::{Lua, Value as LuaValue};
use std::sync::Arc;

pub(in crate::lua) fn register(bindings: &Bindings<'_>) -> mlua::Result<()> {
    bindings.effect("sleep", sleep)?;
    bindings.plain("now", |_, gate, ()| Ok(seconds(gate.now())))?;
    bindings.function(
        "time_format",
        |_, gate, (at, format, zone): (Option<f64>, Option<String>, Option<String>)| {
            let at = match at {
                None => gate.now(),
                Some(at) => since_1970(at).ok_or_else(|| {
                    Raised::invalid(format!(
                        "time.format needs seconds since 1970, in the years -9999 to 9999, not {at}"
                    ))
                })?,
            };
            let zone = zone_of(gate, zone.as_deref().unwrap_or("UTC"))
                .map_err(|problem| Raised::invalid(format!("time.format: {problem}")))?;
            let format = format.as_deref().unwrap_or("%Y-%m-%dT%H:%M:%S%:z");
            let text = jiff::fmt::strtime::format(format, &at.to_zoned(zone));
            text.map_err(|failure| Raised::invalid(format!("time.format: {failure}")))
        },
    )?;
    bindings.function(
        "time_parse",
        |_, gate, (text, zone): (String, Option<String>)| {
            parse(gate, &text, zone.as_deref())
                .map(seconds)
                .map_err(|problem| Raised::invalid(format!("time.parse: {problem}")))
        },
    )?;
    bindings.function("time_duration", |_, _, value: LuaValue| {
        match duration_of(&value) {
            Some(duration) => Ok(duration.as_secs_f64()),
            None => Err(Raised::invalid(format!("time.duration needs {DURATION}"))),
        }
    })
}

/// None where it is in no year that there is.
fn since_1970(seconds: f64) -> Option<Timestamp> {
    let since = SignedDuration::try_from_secs_f64(seconds).ok()?;
    Timestamp::UNIX_EPOCH.checked_add(since).ok()
}

/// Whether a text has an offset of a day or more, which RFC 3339 does not have and no clock shows.
fn has_impossible_offset(text: &str) -> bool {
    const DAY: i32 = 24 * 60 * 60;
    let pieces = Pieces::parse(text).ok();
    let offset = pieces.and_then(|pieces| pieces.to_numeric_offset());
    offset.is_some_and(|offset| offset.seconds().abs() >= DAY)
}

/// Reads a time, which names its offset or stands on the clock of a zone.
fn parse(gate: &Gate, text: &str, zone: Option<&str>) -> Result<Timestamp, String> {
    let text = &*controls::name(text.trim());
    if has_impossible_offset(text) {
        return Err(format!("{text:?} has an offset of a day or more"));
    }
    if let Ok(at) = text.parse::<Timestamp>() {
        return Ok(at);
    }
    let Ok(time) = text.parse::<DateTime>() else {
        return Err(format!(
            "{text:?} is no time as 2026-11-21T08:00:00+08:00 or, with a zone, 2026-11-21 08:00:00"
        ));
    };
    let Some(zone) = zone else {
        return Err(format!(
            "{text:?} has no offset; name the zone of its clock, as time.parse(text, \"Asia/Shanghai\"), \
             or the product whose answer has it, as time.parse(text, \"cds\")"
        ));
    };
    // Where clocks are turned back a time is there twice: the first one counts.
    let zoned = time.to_zoned(zone_of(gate, zone)?);
    zoned
        .map(|zoned| zoned.timestamp())
        .map_err(|failure| failure.to_string())
}

/// The zone of that name, or the one on whose clock a product's times stand.
fn zone_of(gate: &Gate, name: &str) -> Result<TimeZone, String> {
    let catalog = gate.catalog();
    let name = &*controls::name(name);
    let known = match catalog.product(name) {
        Ok(product) => product.time_zone.clone().ok_or_else(|| {
            format!("the zone of {name}'s times is not known; name one, as Asia/Shanghai")
        })?,
        Err(_) => name.to_owned(),
    };
    TimeZone::get(&known).map_err(|_| {
        format!(
            "there is no time zone {name:?}; name one as UTC or Asia/Shanghai, or a product as cds"
        )
    })
}

/// Waits for a duration.
async fn sleep(_: Lua, gate: Arc<Gate>, place: EffectId, value: LuaValue) -> Result<(), Raised> {
    let duration = duration_of(&value)
        .ok_or_else(|| Raised::invalid(format!("time.sleep needs {DURATION}")))?;
    Ok(gate.sleep(duration, &place).await?)
}

/// A time as scripts have it: seconds since 1970.
pub(in crate::lua) fn seconds(at: Timestamp) -> f64 {
    at.as_duration().as_secs_f64()
}
