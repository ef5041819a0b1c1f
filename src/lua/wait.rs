//! `wait` and `task`: handles of tasks, and waiting for them.

use super::convert;
use super::error;
use super::native::{Effect, Natives, Outcome, answer, invalid};
use super::product::{DURATION, duration};
use crate::client::Answer;
use crate::client::command::Named;
use crate::client::value::Value;
use crate::client::waiter::Task;
use crate::gate::{Gate, Place, WAIT_TIMEOUT, WaitError};
use cumulua_core::catalog::suggest;
use mlua::{Function, Lua, Table, Value as LuaValue};
use std::collections::BTreeMap;
use std::future::ready;
use std::sync::Arc;
use std::time::Duration;

/// The registry's name of the function that makes a table a task handle.
const HANDLE: &str = "cumulua.natives";

pub(super) fn register(natives: &Natives<'_>) -> mlua::Result<()> {
    natives.lua.set_named_registry_value(HANDLE, &natives.table)?;
    natives.fallible("task", |lua, gate, (dialect, ids, with): (String, LuaValue, Option<BTreeMap<String, String>>)| {
        let product = match gate.product_of_dialect(&dialect) {
            Ok(product) => product,
            Err(known) => {
                let near = suggest::did_you_mean(&suggest::nearest(&dialect, known.iter().map(String::as_str)));
                let message = format!("there is no dialect of tasks {dialect:?}{near}; there are {}", known.join(", "));
                return Ok(Err(invalid(lua, &message)?));
            }
        };
        let ids = match ids {
            LuaValue::String(id) => vec![id.to_string_lossy()],
            LuaValue::Integer(id) => vec![id.to_string()],
            LuaValue::Table(list) => match list.sequence_values::<String>().collect() {
                Ok(ids) => ids,
                Err(_) => return Ok(Err(invalid(lua, "a task's ids are a list of strings")?)),
            },
            other => return Ok(Err(invalid(lua, &format!("a task's id is a string, not a {}", other.type_name()))?)),
        };
        Ok(Ok(fields(lua, &product, &dialect, &ids, &with.unwrap_or_default(), &Named::default())?))
    })
}

/// What a wait is given: a handle or a list of them, options, and its place.
type Arguments = (Option<Table>, Option<Vec<Table>>, Option<Table>, String, u64);

/// What is waited for, for how long at most, and where in the run.
struct Waiting {
    tasks: Vec<Task>,
    timeout: Duration,
    place: Place,
}

/// Waits for the tasks of handles. Its arguments are read before, because ten thousand waits must not each hold them beside the tasks.
pub(super) fn wait(lua: Lua, gate: Arc<Gate>, arguments: Arguments) -> Effect {
    match waiting(&lua, arguments) {
        Ok(Ok(Waiting { tasks, timeout, place })) => Box::pin(async move {
            match gate.wait(tasks, timeout, &place).await {
                Ok(resources) => answer::<_, Table>(&lua, Ok(resources)),
                Err(failure) => answer::<(), _>(&lua, Err(failed(&lua, &gate, &failure)?)),
            }
        }),
        Ok(Err(error)) => Box::pin(async move { answer::<(), _>(&lua, Err(error)) }),
        Err(failure) => Box::pin(ready(Err(failure))),
    }
}

fn waiting(lua: &Lua, (handle, list, options, path, number): Arguments) -> mlua::Result<Outcome<Waiting>> {
    let (mut timeout, mut asked) = (WAIT_TIMEOUT, Named::default());
    for (key, given) in options.iter().flat_map(|options| options.pairs::<LuaValue, LuaValue>()).flatten() {
        let key = key.to_string()?;
        let value = convert::value(&key, &given).ok().flatten();
        match (key.as_str(), value) {
            ("timeout", Some(value)) if duration(&value).is_some() => timeout = duration(&value).unwrap_or(timeout),
            ("timeout", _) => return Ok(Err(invalid(lua, &format!("the option timeout must be {DURATION}"))?)),
            ("profile", Some(Value::String(name))) => asked.profile = Some(name),
            ("region", Some(Value::String(name))) => asked.region = Some(name),
            ("profile" | "region", _) => return Ok(Err(invalid(lua, &format!("the option {key} must be a string"))?)),
            (other, _) => {
                return Ok(Err(invalid(lua, &format!("unknown option {other:?} of wait; there are timeout, profile and region"))?));
            }
        }
    }
    let mut tasks = Vec::new();
    for handle in handle.into_iter().chain(list.into_iter().flatten()) {
        let (product, dialect): (String, String) = (handle.raw_get("product")?, handle.raw_get("dialect")?);
        let with: BTreeMap<String, String> = handle.raw_get("with")?;
        // The account that a task was started in is the one that knows it.
        let own = Named { profile: handle.raw_get("profile")?, region: handle.raw_get("region")? };
        for id in handle.raw_get::<Table>("ids")?.sequence_values::<String>() {
            let account = asked.or(&own);
            tasks.push(Task { product: product.clone(), dialect: dialect.clone(), id: id?, with: with.clone(), account });
        }
    }
    Ok(Ok(Waiting { tasks, timeout, place: Place { path, number } }))
}

fn failed(lua: &Lua, gate: &Gate, failure: &WaitError) -> mlua::Result<Table> {
    error::wait(lua, failure, &gate.named(), |task| {
        let ids = std::slice::from_ref(&task.id);
        handle(lua, fields(lua, &task.product, &task.dialect, ids, &task.with, &task.account)?)
    })
}

/// The handle of all tasks that an answer started; waiting for it without any is over at once.
pub(super) fn answer_handle(lua: &Lua, answer: &Answer, tasks: &[Task]) -> mlua::Result<Table> {
    let ids: Vec<String> = tasks.iter().map(|task| task.id.clone()).collect();
    let with = tasks.first().map(|task| task.with.clone()).unwrap_or_default();
    let dialect = answer.action.task.as_ref().map_or("", |task| task.waiter.as_str());
    handle(lua, fields(lua, &answer.action.product.product, dialect, &ids, &with, &answer.asked)?)
}

fn fields(
    lua: &Lua,
    product: &str,
    dialect: &str,
    ids: &[String],
    with: &BTreeMap<String, String>,
    account: &Named,
) -> mlua::Result<Table> {
    let table = lua.create_table()?;
    table.raw_set("product", product)?;
    table.raw_set("dialect", dialect)?;
    table.raw_set("profile", account.profile.as_deref())?;
    table.raw_set("region", account.region.as_deref())?;
    table.raw_set("id", ids.first().map(String::as_str))?;
    table.raw_set("ids", lua.create_sequence_from(ids.iter().map(String::as_str))?)?;
    table.raw_set("with", lua.create_table_from(with.iter().map(|(name, value)| (name.as_str(), value.as_str())))?)?;
    Ok(table)
}

fn handle(lua: &Lua, table: Table) -> mlua::Result<Table> {
    let natives: Table = lua.named_registry_value(HANDLE)?;
    natives.get::<Function>("task_handle")?.call(table)
}
