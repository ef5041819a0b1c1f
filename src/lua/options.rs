//! Options that several functions take.

use super::params;
use crate::client::error::CallError;
use crate::client::value::Value;
use crate::client::{CallOptions, FileOption};
use cumulua_core::catalog::suggest;
use cumulua_core::clock::{LONGEST, parse_duration};
use cumulua_core::controls;
use mlua::{Table, Value as LuaValue};
use std::path::PathBuf;
use std::time::Duration;

/// How durations are written.
pub(super) const DURATION: &str =
    "a number of seconds or a text as \"90s\", \"15m\", \"1h 30m\" or \"7d\"";

/// A duration from seconds or text.
pub(super) fn duration(value: &Value) -> Option<Duration> {
    match value {
        Value::Integer(seconds) => Some(Duration::from_secs(u64::try_from(*seconds).ok()?)),
        Value::Float(seconds) => Duration::try_from_secs_f64(*seconds).ok(),
        Value::String(text) => parse_duration(text),
        _ => None,
    }
    .filter(|duration| *duration <= LONGEST)
}

/// The same from a script's value.
pub(super) fn duration_of(value: &LuaValue) -> Option<Duration> {
    params::value("", value)
        .ok()
        .flatten()
        .as_ref()
        .and_then(duration)
}

/// The options of a call.
const CALL: [&str; 7] = [
    "timeout",
    "retries",
    "profile",
    "region",
    "unchecked",
    "file",
    "overwrite",
];

/// The second argument of a call.
pub(super) fn call(options: Option<Table>) -> Result<CallOptions, CallError> {
    let mut parsed = CallOptions::default();
    let Some(options) = options else {
        return Ok(parsed);
    };
    let (mut file, mut overwrite) = (None, None);
    for (key, value) in options.pairs::<LuaValue, LuaValue>().flatten() {
        let key = key.to_string().unwrap_or_default();
        let value = params::value(&key, &value).map_err(CallError::Invalid)?;
        let wrong =
            |expected: &str| CallError::BadOption(format!("the option {key} must be {expected}"));
        match (key.as_str(), value) {
            ("timeout", Some(value)) => {
                parsed.timeout = Some(duration(&value).ok_or_else(|| wrong(DURATION))?);
            }
            ("retries", Some(Value::Integer(count))) => {
                parsed.retries =
                    Some(u32::try_from(count).map_err(|_| wrong("a whole number from 0"))?);
            }
            ("retries", _) => return Err(wrong("a whole number from 0")),
            ("profile", Some(Value::String(name))) => parsed.profile = Some(name),
            ("region", Some(Value::String(name))) => parsed.region = Some(name),
            ("profile" | "region", _) => return Err(wrong("a string")),
            ("unchecked", Some(Value::Bool(unchecked))) => parsed.unchecked = unchecked,
            ("file", Some(Value::String(path))) => file = Some(PathBuf::from(path)),
            ("file", _) => return Err(wrong("the path of a file")),
            ("overwrite", Some(Value::Bool(replaces))) => overwrite = Some(replaces),
            ("unchecked" | "overwrite", _) => return Err(wrong("true or false")),
            (other, _) => {
                let near = suggest::nearest(other, CALL.iter().copied());
                let other = controls::name(other);
                return Err(CallError::BadOption(format!(
                    "unknown option {other:?}{}",
                    suggest::did_you_mean(&near)
                )));
            }
        }
    }
    parsed.file = match (file, overwrite) {
        (Some(path), overwrite) => Some(FileOption {
            path,
            overwrite: overwrite.unwrap_or_default(),
        }),
        (None, None) => None,
        (None, Some(_)) => {
            return Err(CallError::BadOption(
                "the option overwrite goes with the option file".to_owned(),
            ));
        }
    };
    Ok(parsed)
}
