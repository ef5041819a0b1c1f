//! `sim`, which is there in a rehearsal only: what goes wrong, and what the cloud has seen and holds.

use crate::gate::{Gate, Rehearsal};
use crate::lua::convert;
use crate::lua::native::{Natives, invalid};
use mlua::{Table, Value};
use serde_json::Value as Json;
use std::sync::Arc;

pub(in crate::lua) fn register(natives: &Natives<'_>) -> mlua::Result<()> {
    let Some(rehearsal) = natives.gate.rehearsal() else { return Ok(()) };
    let cloud = Arc::clone(rehearsal);
    natives.fallible("sim_fault", move |lua, _, table: Table| match convert::lua_to_json(&Value::Table(table)) {
        Ok(Json::Object(table)) => match cloud.fault(&table) {
            Ok(()) => Ok(Ok(())),
            Err(problem) => Ok(Err(invalid(lua, &format!("sim.fault: {problem}"))?)),
        },
        Ok(_) => {
            Ok(Err(invalid(lua, "sim.fault needs a table, as { action = \"CreateDisk\", kind = \"drop_after\", times = 1 }")?))
        }
        Err(problem) => Ok(Err(invalid(lua, &format!("sim.fault: {problem}"))?)),
    })?;
    natives.plain("sim_clear", |_, gate, ()| {
        directed(gate, |cloud| cloud.clear());
        Ok(())
    })?;
    natives.fallible("sim_skew", |_, gate, seconds: i64| {
        directed(gate, |cloud| cloud.skew(seconds));
        Ok(Ok(()))
    })?;
    natives.plain("sim_requests", |lua, gate, ()| convert::json_to_lua(lua, &directed(gate, |cloud| cloud.requests())))?;
    natives.plain("sim_state", |lua, gate, ()| convert::json_to_lua(lua, &directed(gate, |cloud| cloud.state())))
}

fn directed<T: Default>(gate: &Gate, direct: impl FnOnce(&dyn Rehearsal) -> T) -> T {
    gate.rehearsal().map(|cloud| direct(&**cloud)).unwrap_or_default()
}
