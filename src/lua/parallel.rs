//! `parallel`: Lua functions side by side, each in a coroutine of its own that its calls suspend.

use super::error;
use super::native::Natives;
use crate::gate::{Gate, Level, Scope};
use futures_util::stream::{FuturesUnordered, StreamExt as _};
use mlua::{Function, Lua, MultiValue, Table, Thread, Value};
use std::collections::BTreeMap;

/// What tasks are made with: how, how many, how many at once, whether errors are collected, and the place of the `parallel`.
type Arguments = (Function, usize, usize, bool, String, u64);

pub(super) fn register(natives: &Natives<'_>) -> mlua::Result<()> {
    // Whether the deferred functions of the task at this path may run now.
    natives.plain("may_defer", |_, gate, path: String| Ok(gate.may_defer(&path)))
}

/// A task that has ended: its number, and what it gave or why it failed.
type Ended = (usize, mlua::Result<Result<Value, Value>>);

/// Runs tasks and gives their results in order; the first error stops the others and is the result.
pub(super) async fn parallel(
    lua: &Lua,
    gate: &Gate,
    (make, count, limit, settle, path, _): Arguments,
) -> mlua::Result<Result<Value, Value>> {
    let results = lua.create_table()?;
    let mut tasks = FuturesUnordered::new();
    let mut scopes: BTreeMap<usize, Scope<'_>> = BTreeMap::new();
    let mut first_error = None;
    let mut next = 1;
    loop {
        while first_error.is_none() && next <= count && tasks.len() < limit {
            let (thread, task_path): (Thread, String) = make.call(next)?;
            scopes.insert(next, gate.scope(&task_path));
            tasks.push(task(next, thread));
            next += 1;
        }
        let Some((number, outcome)): Option<Ended> = tasks.next().await else { break };
        scopes.remove(&number);
        // What is no error of the task's own ends the run: the hook's sign, or the want of memory.
        match outcome? {
            Ok(value) if settle => results.raw_set(number, settled(lua, "value", value)?)?,
            Ok(value) => results.raw_set(number, value)?,
            Err(error) if settle => results.raw_set(number, settled(lua, "error", error)?)?,
            Err(error) if first_error.is_none() => {
                scopes.values().for_each(Scope::cancel);
                first_error = Some(error);
            }
            Err(error) => also_failed(gate, &error),
        }
    }
    // Errors that were collected must not hide that whatever is around has ended.
    if let Some(stop) = gate.interrupt_at(&path).reason() {
        return Ok(Err(Value::Table(error::stopped(lua, &stop)?)));
    }
    Ok(first_error.map_or(Ok(Value::Table(results)), Err))
}

async fn task(number: usize, thread: Thread) -> Ended {
    let run = async {
        let mut results: MultiValue = thread.into_async::<MultiValue>(())?.await?;
        let is_ok = matches!(results.pop_front(), Some(Value::Boolean(true)));
        let value = results.pop_front().unwrap_or(Value::Nil);
        Ok(if is_ok { Ok(value) } else { Err(value) })
    };
    (number, run.await)
}

fn settled(lua: &Lua, key: &str, value: Value) -> mlua::Result<Table> {
    let table = lua.create_table()?;
    table.raw_set("ok", key == "value")?;
    table.raw_set(key, value)?;
    Ok(table)
}

/// Only one error can be raised; the others must not be lost. A task that was stopped has none of its own.
fn also_failed(gate: &Gate, value: &Value) {
    let failure = error::from_lua(value, "");
    if !failure.is_stop {
        let action = failure.action.as_ref().map(|action| format!("{action}: ")).unwrap_or_default();
        gate.log(Level::Warn, &format!("another task of the same parallel failed too: {action}{failure}"));
    }
}
