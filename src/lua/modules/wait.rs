//! `wait` and `task`: waiting for tasks.

use crate::client::command::AccountRef;
use crate::client::value::Value;
use crate::client::waiter::Task;
use crate::effect_id::EffectId;
use crate::gate::{Gate, WAIT_TIMEOUT};
use crate::lua::bindings::Bindings;
use crate::lua::error::{self, Raised};
use crate::lua::options::{DURATION, duration_of};
use crate::lua::{params, task_handle};
use cumulua_core::catalog::suggest;
use cumulua_core::controls;
use futures_util::future::Either;
use mlua::{Lua, Table, Value as LuaValue};
use std::collections::BTreeMap;
use std::future::ready;
use std::sync::Arc;
use std::time::Duration;

pub(in crate::lua) fn register(bindings: &Bindings<'_>) -> mlua::Result<()> {
    task_handle::register(bindings.lua, &bindings.table)?;
    bindings.effect("wait", wait)?;
    bindings.function(
        "task",
        |lua, gate, (dialect, ids, with): (String, LuaValue, Option<BTreeMap<String, String>>)| {
            let dialect = controls::name(&dialect).into_owned();
            let product = gate.product_of_dialect(&dialect).map_err(|known| {
                let near = suggest::did_you_mean(&suggest::nearest(
                    &dialect,
                    known.iter().map(String::as_str),
                ));
                Raised::invalid(format!(
                    "there is no dialect of tasks {dialect:?}{near}; there are {}",
                    known.join(", ")
                ))
            })?;
            let ids = match ids {
                LuaValue::String(id) => vec![id.to_string_lossy()],
                LuaValue::Integer(id) => vec![id.to_string()],
                LuaValue::Table(list) => {
                    let ids: mlua::Result<Vec<String>> = list.sequence_values().collect();
                    ids.map_err(|_| Raised::invalid("a task's ids are a list of strings"))?
                }
                other => {
                    return Err(Raised::invalid(format!(
                        "a task's id is a string, not a {}",
                        other.type_name()
                    )));
                }
            };
            if ids.iter().any(|id| id.len() > LONGEST_ID) {
                return Err(Raised::invalid(
                    "no task has an id of more than 16384 bytes",
                ));
            }
            Ok(task_handle::fields(
                lua,
                &product,
                &dialect,
                &ids,
                &with.unwrap_or_default(),
                &AccountRef::default(),
            )?)
        },
    )
}

/// A longer id of a task is refused, in bytes: with its escapes a message would take many times that.
const LONGEST_ID: usize = 16 * 1024;

/// A handle or a list of them, and options.
type Arguments = (Option<Table>, Option<Vec<Table>>, Option<Table>);

/// Waits for the tasks of handles. Its arguments are read before, because ten thousand waits must
/// not each hold them beside the tasks.
fn wait(
    lua: Lua,
    gate: Arc<Gate>,
    place: EffectId,
    arguments: Arguments,
) -> impl Future<Output = Result<Vec<String>, Raised>> {
    let (tasks, timeout) = match parse_wait(arguments) {
        Ok(waiting) => waiting,
        Err(raised) => return Either::Right(ready(Err(raised))),
    };
    Either::Left(async move {
        match gate.wait(tasks, timeout, &place).await {
            Ok(resources) => Ok(resources),
            Err(failure) => {
                let handle = |task: &Task| {
                    let ids = std::slice::from_ref(&task.id);
                    let fields = task_handle::fields(
                        &lua,
                        &task.product,
                        &task.dialect,
                        ids,
                        &task.with,
                        &task.account,
                    )?;
                    task_handle::handle(&lua, fields)
                };
                Err(error::wait(&lua, &failure, &gate.account_ref(), handle)?.into())
            }
        }
    })
}

/// What is waited for, and for how long at most.
fn parse_wait((handle, list, options): Arguments) -> Result<(Vec<Task>, Duration), Raised> {
    let mut timeout = WAIT_TIMEOUT;
    let mut asked = AccountRef::default();
    for (key, given) in options
        .iter()
        .flat_map(|options| options.pairs::<LuaValue, LuaValue>())
        .flatten()
    {
        let key = key.to_string()?;
        if key == "timeout" {
            let problem = || Raised::invalid(format!("the option timeout must be {DURATION}"));
            timeout = duration_of(&given).ok_or_else(problem)?;
            continue;
        }
        match (key.as_str(), params::value(&key, &given).ok().flatten()) {
            ("profile", Some(Value::String(name))) => asked.profile = Some(name),
            ("region", Some(Value::String(name))) => asked.region = Some(name),
            ("profile" | "region", _) => {
                return Err(Raised::invalid(format!(
                    "the option {key} must be a string"
                )));
            }
            (other, _) => {
                return Err(Raised::invalid(format!(
                    "unknown option {other:?} of wait; there are timeout, profile and region"
                )));
            }
        }
    }
    let mut tasks = Vec::new();
    for handle in handle.into_iter().chain(list.into_iter().flatten()) {
        let (product, dialect): (String, String) =
            (handle.raw_get("product")?, handle.raw_get("dialect")?);
        let with: BTreeMap<String, String> = handle.raw_get("with")?;
        // The account that a task was started in is the one that knows it.
        let own = AccountRef {
            profile: handle.raw_get("profile")?,
            region: handle.raw_get("region")?,
            others: Vec::new(),
        };
        for id in handle.raw_get::<Table>("ids")?.sequence_values::<String>() {
            let account = asked.or(&own);
            tasks.push(Task {
                product: product.clone(),
                dialect: dialect.clone(),
                id: id?,
                with: with.clone(),
                account,
            });
        }
    }
    Ok((tasks, timeout))
}
