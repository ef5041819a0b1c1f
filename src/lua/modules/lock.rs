//! `lock "name"`: one holder among the runs of one store.

use crate::client::error::Kind;
use crate::effect_id::EffectId;
use crate::gate::{Gate, LockError, WAIT_TIMEOUT};
use crate::lua::bindings::Bindings;
use crate::lua::error::Raised;
use crate::lua::options::{DURATION, duration_of};
use mlua::{Lua, Table, Value as LuaValue};
use std::sync::Arc;

pub(in crate::lua) fn register(bindings: &Bindings<'_>) -> mlua::Result<()> {
    bindings.effect("lock", lock)
}

/// Takes a lock for the rest of the run.
async fn lock(
    _: Lua,
    gate: Arc<Gate>,
    place: EffectId,
    (name, options): (String, Option<Table>),
) -> Result<(), Raised> {
    if name.is_empty() {
        return Err(Raised::invalid("lock needs a name"));
    }
    let mut timeout = WAIT_TIMEOUT;
    for (key, value) in options
        .iter()
        .flat_map(|options| options.pairs::<LuaValue, LuaValue>().flatten())
    {
        let key = key.to_string()?;
        if key != "timeout" {
            return Err(Raised::invalid(format!(
                "lock: unknown option {key:?}; there is timeout"
            )));
        }
        timeout = duration_of(&value)
            .ok_or_else(|| Raised::invalid(format!("lock: timeout must be {DURATION}")))?;
    }
    gate.lock(&name, timeout, &place)
        .await
        .map_err(|failure| match failure {
            LockError::Cancelled(stop) => stop.into(),
            LockError::TimedOut { .. } => Raised::Plain(Kind::Timeout, failure.to_string()),
            LockError::Unusable { .. } => Raised::Plain(Kind::Policy, failure.to_string()),
        })
}
