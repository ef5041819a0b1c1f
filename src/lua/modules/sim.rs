//! `sim`, which is there under `--sim` only: what goes wrong, and what the cloud has seen and
//! holds.

use crate::gate::{Gate, Simulation};
use crate::lua::bindings::Bindings;
use crate::lua::error::Raised;
use crate::lua::{json, params};
use mlua::{Table, Value};
use serde_json::Value as Json;
use std::sync::Arc;

pub(in crate::lua) fn register(bindings: &Bindings<'_>) -> mlua::Result<()> {
    bindings.value("is_simulation", bindings.gate.simulation().is_some())?;
    let Some(simulation) = bindings.gate.simulation() else {
        return Ok(());
    };
    let cloud = Arc::clone(simulation);
    bindings.function("sim_fault", move |_, gate, table: Table| {
        fault(gate, &*cloud, table)
            .map_err(|problem| Raised::invalid(format!("sim.fault{problem}")))
    })?;
    bindings.plain("sim_clear", |_, gate, ()| {
        gate.simulation().iter().for_each(|cloud| cloud.clear());
        Ok(())
    })?;
    bindings.function("sim_skew", |_, gate, seconds: i64| {
        gate.simulation()
            .iter()
            .for_each(|cloud| cloud.skew(seconds));
        Ok(())
    })?;
    looking(bindings, "sim_requests", |cloud, key| cloud.requests(key))?;
    looking(bindings, "sim_state", |cloud, key| cloud.state(key))
}

fn fault(gate: &Gate, cloud: &dyn Simulation, table: Table) -> Result<(), String> {
    let mut fields =
        match params::json(&Value::Table(table)) {
            Ok(Json::Object(fields)) => fields,
            Ok(_) => return Err(
                " needs a table, as { action = \"CreateDisk\", kind = \"drop_after\", times = 1 }"
                    .to_owned(),
            ),
            Err(problem) => return Err(format!(": {problem}")),
        };
    let profile = match fields.remove("profile") {
        None => None,
        Some(Json::String(name)) => Some(name),
        Some(_) => return Err(": profile must be a string".to_owned()),
    };
    let key = gate
        .profiles()
        .simulated_key(profile.as_deref())
        .map_err(|unknown| format!(": {unknown}"))?;
    cloud
        .fault(&key, &fields)
        .map_err(|problem| format!(": {problem}"))
}

/// A look at the account of a profile, the run's own where none is named.
fn looking(
    bindings: &Bindings<'_>,
    name: &str,
    look: fn(&dyn Simulation, &str) -> Json,
) -> mlua::Result<()> {
    bindings.function(name, move |lua, gate, profile: Option<String>| {
        let key = gate
            .profiles()
            .simulated_key(profile.as_deref())
            .map_err(|unknown| Raised::invalid(unknown.to_string()))?;
        let seen = gate
            .simulation()
            .map(|cloud| look(&**cloud, &key))
            .unwrap_or_default();
        Ok(json::from_value(lua, &seen)?)
    })
}
