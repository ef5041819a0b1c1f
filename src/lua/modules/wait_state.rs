//! `wait.for_state`: looking at something until its state is the wanted one, for products that have
//! no tasks.

use crate::client::error::Kind;
use crate::client::value::Value;
use crate::effect_id::EffectId;
use crate::gate::{Gate, Resource, StatePoller, StatePollerError, WAIT_TIMEOUT};
use crate::lua::answer::answer_to_lua;
use crate::lua::bindings::Bindings;
use crate::lua::error::{self, Raised};
use crate::lua::options::{DURATION, duration_of};
use crate::lua::params;
use cumulua_core::catalog::suggest;
use mlua::{AnyUserData, Lua, UserData, Value as LuaValue};
use std::sync::Arc;
use tokio::sync::Mutex;

/// A watch as Lua holds it.
struct Watcher(Arc<Mutex<StatePoller>>);

impl UserData for Watcher {}

/// How a resource was seen: its state (nil where it is gone), whether nothing good can follow it,
/// the answer, and its `meta`.
type Seen = (Option<String>, bool, LuaValue, Option<AnyUserData>);

pub(in crate::lua) fn register(bindings: &Bindings<'_>) -> mlua::Result<()> {
    bindings.effect("pause", pause)?;
    bindings.effect("read_state", read)?;
    bindings.function(
        "watch",
        |_, gate, (what, timeout, path): (String, LuaValue, String)| {
            let timeout = match timeout {
                LuaValue::Nil => WAIT_TIMEOUT,
                given => duration_of(&given).ok_or_else(|| {
                    Raised::invalid(format!(
                        "wait.for_state: the option timeout must be {DURATION}"
                    ))
                })?,
            };
            Ok(Watcher(Arc::new(Mutex::new(StatePoller::new(
                Arc::clone(gate),
                what,
                timeout,
                path,
            )))))
        },
    )?;
    bindings.function(
        "watched",
        |_, _, (watcher, outcome, done): (AnyUserData, String, bool)| {
            if let Ok(mut watch) = watcher.borrow::<Watcher>()?.0.try_lock() {
                watch.end(&outcome, done);
            }
            Ok(())
        },
    )?;
    // Refuses an Action that each look would carry out again.
    bindings.function("only_reads", |_, gate, name: String| {
        match gate.catalog().action(&name) {
            Ok(action) if !action.read_only => Err(Raised::invalid(format!(
                "wait.for_state: {name} changes something, and each look would do so again; give an Action that only reads"
            ))),
            _ => Ok(()),
        }
    })?;
    // Whether the catalogue has a state of this name.
    bindings.function("has_state", |_, gate, name: String| {
        let known = gate.state_models();
        if known.contains(&name) {
            return Ok(());
        }
        let near =
            suggest::did_you_mean(&suggest::nearest(&name, known.iter().map(String::as_str)));
        let there = known.join(", ");
        Err(Raised::invalid(format!(
            "wait.for_state knows no state {name:?}{near}; there are {there}, or give a function"
        )))
    })
}

/// Waits until it is time to look again.
async fn pause(
    lua: Lua,
    _: Arc<Gate>,
    place: EffectId,
    (watcher, state): (AnyUserData, String),
) -> Result<(), Raised> {
    let watch = Arc::clone(&watcher.borrow::<Watcher>()?.0);
    let mut watch = watch.lock().await;
    match watch.pause(state, &place).await {
        Ok(()) => Ok(()),
        Err(StatePollerError::Cancelled(stop)) => Err(stop.into()),
        Err(timed_out) => {
            let table = error::plain(&lua, Kind::Timeout, &timed_out.to_string())?;
            table.raw_set("retryable", true)?;
            Err(table.into())
        }
    }
}

/// Asks for the state of a resource as the catalogue describes.
async fn read(
    lua: Lua,
    gate: Arc<Gate>,
    place: EffectId,
    (name, id, profile, region): (String, LuaValue, Option<String>, Option<String>),
) -> Result<Seen, Raised> {
    let id = match params::value("id", &id) {
        Ok(Some(Value::String(id))) if !id.is_empty() => id,
        Ok(Some(Value::Integer(id))) => id.to_string(),
        _ => {
            return Err(Raised::invalid(
                "wait.for_state needs the option id: the resource's id, a text that is not empty",
            ));
        }
    };
    let seen = gate
        .look_at(
            Resource {
                model: name,
                id,
                profile,
                region,
            },
            &place,
        )
        .await?;
    let (table, about) = match seen.answer {
        Some(answer) => {
            let (table, about) = answer_to_lua(&lua, answer, place)?;
            (table, Some(about))
        }
        None => (LuaValue::Nil, None),
    };
    Ok((seen.state, seen.has_failed, table, about))
}
