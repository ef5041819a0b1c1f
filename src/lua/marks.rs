//! Marks of tables, kept in their metatables.

use mlua::{Lua, Table};

/// In the metatable of a list, so that an empty one stays a list.
const LIST: &str = "cumulua.list";

/// In the metatable of an error value.
pub(super) const ERROR: &str = "cumulua.error";

/// In the registry: the numbers of the calls whose answers were lost, by their error values.
const LOST: &str = "cumulua.lost";

/// Whether a table is a list. An empty table is an object unless it was decoded from an empty list;
/// validation takes either for the other.
pub(super) fn is_list(table: &Table) -> bool {
    table.raw_len() > 0 || has(table, LIST)
}

/// Whether a table is one of our error values.
pub(super) fn is_error(table: &Table) -> bool {
    has(table, ERROR)
}

fn has(table: &Table, mark: &str) -> bool {
    table
        .metatable()
        .is_some_and(|meta| meta.raw_get(mark).unwrap_or(false))
}

/// The metatable that marks a list.
pub(super) fn list(lua: &Lua) -> mlua::Result<Table> {
    if let Ok(mark) = lua.named_registry_value::<Table>(LIST) {
        return Ok(mark);
    }
    let mark = lua.create_table()?;
    mark.set(LIST, true)?;
    lua.set_named_registry_value(LIST, &mark)?;
    Ok(mark)
}

/// The numbers of the calls whose answers were lost, by their error values.
pub(super) fn lost(lua: &Lua) -> mlua::Result<Table> {
    if let Ok(numbers) = lua.named_registry_value::<Table>(LOST) {
        return Ok(numbers);
    }
    let (numbers, weak) = (lua.create_table()?, lua.create_table()?);
    weak.set("__mode", "k")?;
    numbers.set_metatable(Some(weak))?;
    lua.set_named_registry_value(LOST, &numbers)?;
    Ok(numbers)
}
