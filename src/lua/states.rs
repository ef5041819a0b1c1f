//! `wait.for_state`: looking at something until its state is the wanted one, for products that have no tasks.

use super::native::{Natives, Outcome, invalid};
use super::product::{DURATION, answered, duration};
use super::{convert, error};
use crate::client::error::Kind;
use crate::client::value::Value;
use crate::gate::{Gate, Place, Resource, WAIT_TIMEOUT, Watch, WatchError};
use cumulua_core::catalog::suggest;
use mlua::{AnyUserData, Lua, UserData, Value as LuaValue};
use std::sync::Arc;
use tokio::sync::Mutex;

/// A watch as Lua holds it.
struct Watcher(Arc<Mutex<Watch>>);

impl UserData for Watcher {}

/// How a resource was seen: its state (nil where it is gone), whether nothing good can follow it, the answer, and what `meta` says of it.
type Seen = (Option<String>, bool, LuaValue, Option<AnyUserData>);

pub(super) fn register(natives: &Natives<'_>) -> mlua::Result<()> {
    natives.fallible("watch", |lua, gate, (what, timeout, path): (String, LuaValue, String)| {
        let timeout = match convert::value("timeout", &timeout) {
            Ok(None) => WAIT_TIMEOUT,
            Ok(Some(value)) if duration(&value).is_some() => duration(&value).unwrap_or(WAIT_TIMEOUT),
            _ => return Ok(Err(invalid(lua, &format!("wait.for_state: the option timeout must be {DURATION}"))?)),
        };
        Ok(Ok(Watcher(Arc::new(Mutex::new(Watch::new(Arc::clone(gate), what, timeout, path))))))
    })?;
    natives.fallible("watched", |_, _, (watcher, outcome, done): (AnyUserData, String, bool)| {
        if let Ok(mut watch) = watcher.borrow::<Watcher>()?.0.try_lock() {
            watch.end(&outcome, done);
        }
        Ok(Ok(()))
    })?;
    // Whether the catalogue has a state of this name.
    natives.fallible("has_state", |lua, gate, name: String| {
        let known = gate.state_models();
        if known.contains(&name) {
            return Ok(Ok(()));
        }
        let near = suggest::did_you_mean(&suggest::nearest(&name, known.iter().map(String::as_str)));
        let message = format!("wait.for_state knows no state {name:?}{near}; there are {}, or give a function", known.join(", "));
        Ok(Err(invalid(lua, &message)?))
    })
}

/// Waits until it is time to look again.
pub(super) async fn pause(
    lua: &Lua,
    _: &Gate,
    (watcher, state, path, number): (AnyUserData, String, String, u64),
) -> mlua::Result<Outcome<()>> {
    let watch = Arc::clone(&watcher.borrow::<Watcher>()?.0);
    let mut watch = watch.lock().await;
    match watch.pause(state, &Place { path, number }).await {
        Ok(()) => Ok(Ok(())),
        Err(WatchError::Cancelled(stop)) => Ok(Err(error::stopped(lua, &stop)?)),
        Err(timed_out) => {
            let table = error::plain(lua, Kind::Timeout, &timed_out.to_string())?;
            table.raw_set("retryable", true)?;
            Ok(Err(table))
        }
    }
}

/// Asks for the state of a resource as the catalogue says.
pub(super) async fn read(
    lua: &Lua,
    gate: &Gate,
    (name, id, profile, region, path, number): (String, LuaValue, Option<String>, Option<String>, String, u64),
) -> mlua::Result<Outcome<Seen>> {
    let id = match convert::value("id", &id) {
        Ok(Some(Value::String(id))) if !id.is_empty() => id,
        Ok(Some(Value::Integer(id))) => id.to_string(),
        _ => return Ok(Err(invalid(lua, "wait.for_state needs the option id: the resource's id, a text that is not empty")?)),
    };
    let place = Place { path, number };
    match gate.look_at(&Resource { model: name, id, profile, region }, &place).await {
        Ok(seen) => {
            let (table, about) = match seen.answer {
                Some(answer) => {
                    let (table, about) = answered(lua, answer, place)?;
                    (table, Some(about))
                }
                None => (LuaValue::Nil, None),
            };
            Ok(Ok((seen.state, seen.has_failed, table, about)))
        }
        Err(failure) => Ok(Err(error::call(lua, &failure)?)),
    }
}
