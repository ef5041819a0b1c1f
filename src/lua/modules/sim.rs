//! `sim`, which is there in a rehearsal only: what goes wrong, and what the cloud has seen and holds.

use crate::gate::Rehearsal;
use crate::lua::convert;
use crate::lua::native::{Natives, invalid};
use crate::lua::tables;
use mlua::{Table, Value};
use serde_json::Value as Json;
use std::sync::Arc;

pub(in crate::lua) fn register(natives: &Natives<'_>) -> mlua::Result<()> {
    let Some(rehearsal) = natives.gate.rehearsal() else { return Ok(()) };
    let cloud = Arc::clone(rehearsal);
    natives.fallible("sim_fault", move |lua, gate, table: Table| match convert::lua_to_json(&Value::Table(table)) {
        Ok(Json::Object(mut table)) => {
            let profile = match table.remove("profile") {
                None => None,
                Some(Json::String(name)) => Some(name),
                Some(_) => return Ok(Err(invalid(lua, "sim.fault: profile must be a string")?)),
            };
            let key = match gate.profiles().rehearsed_key(profile.as_deref()) {
                Ok(key) => key,
                Err(unknown) => return Ok(Err(invalid(lua, &format!("sim.fault: {unknown}"))?)),
            };
            match cloud.fault(&key, &table) {
                Ok(()) => Ok(Ok(())),
                Err(problem) => Ok(Err(invalid(lua, &format!("sim.fault: {problem}"))?)),
            }
        }
        Ok(_) => {
            Ok(Err(invalid(lua, "sim.fault needs a table, as { action = \"CreateDisk\", kind = \"drop_after\", times = 1 }")?))
        }
        Err(problem) => Ok(Err(invalid(lua, &format!("sim.fault: {problem}"))?)),
    })?;
    natives.plain("sim_clear", |_, gate, ()| {
        gate.rehearsal().iter().for_each(|cloud| cloud.clear());
        Ok(())
    })?;
    natives.fallible("sim_skew", |_, gate, seconds: i64| {
        gate.rehearsal().iter().for_each(|cloud| cloud.skew(seconds));
        Ok(Ok(()))
    })?;
    looking(natives, "sim_requests", |cloud, key| cloud.requests(key))?;
    looking(natives, "sim_state", |cloud, key| cloud.state(key))
}

/// A look at the account of a profile, the run's own where none is named.
fn looking(natives: &Natives<'_>, name: &str, look: fn(&dyn Rehearsal, &str) -> Json) -> mlua::Result<()> {
    natives.fallible(name, move |lua, gate, profile: Option<String>| match gate.profiles().rehearsed_key(profile.as_deref()) {
        Ok(key) => {
            let seen = gate.rehearsal().map(|cloud| look(&**cloud, &key)).unwrap_or_default();
            Ok(Ok(tables::from_parsed(lua, &seen)?))
        }
        Err(unknown) => Ok(Err(invalid(lua, &unknown.to_string())?)),
    })
}
