//! `lock "name"`: one holder among the runs of one store.

use crate::client::error::Kind;
use crate::client::value::Value;
use crate::gate::{Gate, LockError, Place, WAIT_TIMEOUT};
use crate::lua::native::{Outcome, invalid};
use crate::lua::product::{DURATION, duration};
use crate::lua::{convert, error};
use mlua::{Lua, Table, Value as LuaValue};

/// Takes a lock for the rest of the run.
pub(in crate::lua) async fn lock(
    lua: &Lua,
    gate: &Gate,
    (name, options, path, number): (String, Option<Table>, String, u64),
) -> mlua::Result<Outcome<()>> {
    if name.is_empty() {
        return Ok(Err(invalid(lua, "lock needs a name")?));
    }
    let mut timeout = WAIT_TIMEOUT;
    for (key, value) in options.iter().flat_map(|options| options.pairs::<LuaValue, LuaValue>().flatten()) {
        let key = key.to_string()?;
        if key != "timeout" {
            return Ok(Err(invalid(lua, &format!("lock: unknown option {key:?}; there is timeout"))?));
        }
        match duration(&convert::value("timeout", &value).ok().flatten().unwrap_or(Value::Null)) {
            Some(given) => timeout = given,
            None => return Ok(Err(invalid(lua, &format!("lock: timeout must be {DURATION}"))?)),
        }
    }
    match gate.lock(&name, timeout, &Place { path, number }).await {
        Ok(()) => Ok(Ok(())),
        Err(LockError::Cancelled(stop)) => Ok(Err(error::stopped(lua, &stop)?)),
        Err(failure @ LockError::TimedOut { .. }) => Ok(Err(error::plain(lua, Kind::Timeout, &failure.to_string())?)),
        Err(failure @ LockError::Unusable { .. }) => Ok(Err(error::plain(lua, Kind::Policy, &failure.to_string())?)),
    }
}
