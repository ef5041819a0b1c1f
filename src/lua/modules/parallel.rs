//! `parallel`: Lua functions side by side, each in a coroutine of its own that its calls suspend.

use crate::effect_id::EffectId;
use crate::gate::{Gate, Level};
use crate::lua::bindings::Bindings;
use crate::lua::error::{self, Raised};
use crate::lua::time_slice::Preemptible;
use futures_util::FutureExt;
use futures_util::stream::{FuturesUnordered, StreamExt as _};
use mlua::{Function, Lua, Table, Thread, Value, Variadic};
use std::sync::Arc;

/// What tasks are made with: how, how many, how many at once, whether errors are collected, and the
/// path above theirs.
type Arguments = (Function, usize, usize, bool, String);

pub(in crate::lua) fn register(bindings: &Bindings<'_>) -> mlua::Result<()> {
    bindings.effect("parallel", parallel)?;
    // Whether the deferred functions of the task at this path may run now.
    bindings.plain("may_defer", |_, gate, path: String| {
        Ok(gate.may_defer(&path))
    })?;
    bindings.plain("has_deferred", |_, gate, path: String| {
        gate.has_deferred(&path);
        Ok(())
    })
}

/// A task that has ended: its number, and what it gave or why it failed.
type Ended = (usize, mlua::Result<Result<Value, Value>>);

/// Runs tasks and gives their results in order; the first error stops the others and is the result.
async fn parallel(
    lua: Lua,
    gate: Arc<Gate>,
    place: EffectId,
    (make, count, limit, settle, group): Arguments,
) -> Result<Table, Raised> {
    let results = lua.create_table()?;
    let mut tasks = FuturesUnordered::new();
    let scope = gate.scope(&group);
    let mut first_error = None;
    let mut next = 1;
    loop {
        while first_error.is_none() && next <= count && tasks.len() < limit {
            tasks.push(task(&lua, next, make.call(next)?)?);
            next += 1;
        }
        let Some((number, outcome)): Option<Ended> = tasks.next().await else {
            break;
        };
        // What is no error of the task's own ends the run: the hook's sign, or the want of memory.
        match outcome? {
            Ok(value) if settle => results.raw_set(number, settle_result(&lua, "value", value)?)?,
            Ok(value) => results.raw_set(number, value)?,
            Err(error) if settle => {
                results.raw_set(number, settle_result(&lua, "error", error)?)?;
            }
            Err(error) if first_error.is_none() => {
                scope.cancel();
                first_error = Some(error);
            }
            Err(error) => log_other_failure(&gate, &error),
        }
    }
    drop(scope);
    // Errors that were collected must not hide that whatever is around has ended.
    if let Some(stop) = gate.cancel_at(&place.path).reason() {
        return Err(stop.into());
    }
    first_error.map_or(Ok(results), |error| Err(Raised::Value(error)))
}

/// Starts a task in its coroutine, with the arguments that come with it. Nothing else is held while
/// it goes on: there may be ten thousand.
fn task(
    lua: &Lua,
    number: usize,
    (thread, arguments): (Thread, Variadic<Value>),
) -> mlua::Result<impl Future<Output = Ended>> {
    let running = Preemptible::start::<(bool, Value)>(lua, thread, arguments)?;
    Ok(FutureExt::map(running, move |ended| {
        (
            number,
            ended.map(|(is_ok, value)| if is_ok { Ok(value) } else { Err(value) }),
        )
    }))
}

fn settle_result(lua: &Lua, key: &str, value: Value) -> mlua::Result<Table> {
    let table = lua.create_table()?;
    table.raw_set("ok", key == "value")?;
    table.raw_set(key, value)?;
    Ok(table)
}

/// Only one error can be raised; the others must not be lost. A task that was stopped has none of
/// its own.
fn log_other_failure(gate: &Gate, value: &Value) {
    let failure = error::from_lua(gate, value, "");
    if !failure.is_stop {
        let action = failure
            .action
            .as_ref()
            .map(|action| format!("{action}: "))
            .unwrap_or_default();
        gate.log(
            Level::Warn,
            &format!("another task of the same parallel failed too: {action}{failure}"),
        );
    }
}
