//! Handles of tasks: what `wait` waits for. `stdlib/core/wait.lua` gives them their metatable.

use crate::client::Answer;
use crate::client::command::AccountRef;
use crate::client::waiter::Task;
use mlua::{Function, Lua, Table};
use std::collections::BTreeMap;

/// The registry's name of the table that `stdlib/core` puts its function into.
pub(super) const NATIVES: &str = "cumulua.natives";

/// Lets handles be made with the function that is, or will be, in this table.
pub(super) fn register(lua: &Lua, natives: &Table) -> mlua::Result<()> {
    lua.set_named_registry_value(NATIVES, natives)
}

/// The handle of all tasks that an answer started; waiting for it without any is over at once.
pub(super) fn of_answer(lua: &Lua, answer: &Answer, tasks: &[Task]) -> mlua::Result<Table> {
    let ids: Vec<String> = tasks.iter().map(|task| task.id.clone()).collect();
    let with = tasks
        .first()
        .map(|task| task.with.clone())
        .unwrap_or_default();
    let dialect = answer
        .action
        .task
        .as_ref()
        .map_or("", |task| task.waiter.as_str());
    handle(
        lua,
        fields(
            lua,
            &answer.action.product.product,
            dialect,
            &ids,
            &with,
            &answer.asked,
        )?,
    )
}

/// A handle's fields.
pub(super) fn fields(
    lua: &Lua,
    product: &str,
    dialect: &str,
    ids: &[String],
    with: &BTreeMap<String, String>,
    account: &AccountRef,
) -> mlua::Result<Table> {
    let table = lua.create_table()?;
    table.raw_set("product", product)?;
    table.raw_set("dialect", dialect)?;
    table.raw_set("profile", account.profile.as_deref())?;
    table.raw_set("region", account.region.as_deref())?;
    table.raw_set("id", ids.first().map(String::as_str))?;
    table.raw_set(
        "ids",
        lua.create_sequence_from(ids.iter().map(String::as_str))?,
    )?;
    table.raw_set(
        "with",
        lua.create_table_from(
            with.iter()
                .map(|(name, value)| (name.as_str(), value.as_str())),
        )?,
    )?;
    Ok(table)
}

/// Makes fields a handle.
pub(super) fn handle(lua: &Lua, table: Table) -> mlua::Result<Table> {
    let natives: Table = lua.named_registry_value(NATIVES)?;
    natives.get::<Function>("task_handle")?.call(table)
}
