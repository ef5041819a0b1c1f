//! The functions of ours that `stdlib/core` builds a script's world from. A function family
//! registers itself.

use super::bindings::Bindings;
use super::chunk::{Chunk, Limits};
use super::modules::catalog::{self, Found};
use super::modules::{
    call, csv, environment, errors, files, help, http, json, loader, lock, outcome, output, pages,
    parallel, paths, pp, process, sim, time, wait, wait_state,
};
use super::sources::SharedSources;
use crate::gate::Gate;
use mlua::{Lua, Table};
use std::sync::Arc;

/// All natives for one run.
pub(super) fn table(
    lua: &Lua,
    gate: &Arc<Gate>,
    limits: Limits,
    chunk: &Chunk,
    sources: &SharedSources,
) -> mlua::Result<Table> {
    let bindings = Bindings {
        lua,
        gate,
        table: lua.create_table()?,
    };
    let found = Found::default();
    call::register(&bindings, &found)?;
    catalog::register(&bindings, &found)?;
    csv::register(&bindings)?;
    environment::register(&bindings, chunk)?;
    errors::register(&bindings, limits.memory)?;
    files::register(&bindings, limits.memory)?;
    help::register(&bindings)?;
    http::register(&bindings)?;
    json::register(&bindings)?;
    loader::register(&bindings, &chunk.folder, sources)?;
    lock::register(&bindings)?;
    outcome::register(&bindings)?;
    output::register(&bindings)?;
    pages::register(&bindings)?;
    parallel::register(&bindings)?;
    paths::register(&bindings)?;
    pp::register(&bindings)?;
    process::register(&bindings)?;
    sim::register(&bindings)?;
    time::register(&bindings)?;
    wait::register(&bindings)?;
    wait_state::register(&bindings)?;
    Ok(bindings.table)
}
