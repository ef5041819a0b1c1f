//! Errors: what was caught, what is raised, and where it happened.

use crate::client::error::Kind;
use crate::gate::StopReason;
use crate::lua::bindings::Bindings;
use crate::lua::error;
use cumulua_core::catalog::suggest;
use cumulua_core::controls;
use mlua::{IntoLua as _, LuaString, Table, Value};

/// Chunks that are ours and not a script's.
const OWN_CHUNKS: &[&str] = &["=[cumulua]", "=__mlua_async_poll", "=[C]"];

/// Whether a chunk is ours and not the script's. Modules of the standard library are ours too.
pub(in crate::lua) fn is_own(source: &str) -> bool {
    OWN_CHUNKS.contains(&source) || source.starts_with("=std.")
}

/// Frames that are looked at for the script's own; a deeper one is of no use to a person.
const DEEPEST_FRAME: usize = 200;

/// `memory` is what the VM may use, in bytes.
pub(in crate::lua) fn register(bindings: &Bindings<'_>, memory: usize) -> mlua::Result<()> {
    caught(bindings, memory)?;
    made(bindings)?;
    frames(bindings)
}

/// What was caught.
fn caught(bindings: &Bindings<'_>, memory: usize) -> mlua::Result<()> {
    // The error to raise again where the run is ended; nil where what was caught may be handled.
    bindings.plain(
        "stopped",
        move |lua, gate, (caught, path): (Value, String)| {
            if error::is_out_of_memory(&caught) {
                gate.cancel_token().raise(StopReason::OutOfMemory(memory));
            }
            gate.cancel_at(&path)
                .reason()
                .map(|stop| error::stopped(lua, &stop))
                .transpose()
        },
    )?;
    // What Rust raised becomes a string; anything else stays what the script raised.
    bindings.plain("plain", |lua, _, caught: Value| match caught {
        Value::Error(error) => error.to_string().into_lua(lua),
        other => Ok(other),
    })?;
    // A text of others as people see it.
    bindings.plain("present", |_, gate, text: LuaString| {
        Ok(gate.present(&text.to_string_lossy()))
    })?;
    bindings.plain("is_stopped", |_, gate, path: String| {
        Ok(gate.cancel_at(&path).is_raised())
    })
}

/// What is raised.
fn made(bindings: &Bindings<'_>) -> mlua::Result<()> {
    bindings.plain("invalid", |lua, _, problem: String| {
        error::invalid(lua, &problem)
    })?;
    bindings.plain(
        "unknown_option",
        |lua, _, (name, key, known): (String, Value, Table)| {
            let mut names: Vec<String> = known
                .pairs::<String, Value>()
                .flatten()
                .map(|(name, _)| name)
                .collect();
            names.sort_unstable();
            let key = key.to_string()?;
            let key = controls::name(&key);
            let near =
                suggest::did_you_mean(&suggest::nearest(&key, names.iter().map(String::as_str)));
            error::invalid(
                lua,
                &format!(
                    "{name}: unknown option {key:?}{near}; there are {}",
                    names.join(", ")
                ),
            )
        },
    )?;
    bindings.plain(
        "state_failure",
        |lua, _, (what, state): (String, String)| {
            let message = if state.is_empty() {
                format!("{what} has failed")
            } else {
                format!("{what} is in the state {state:?}")
            };
            let table = error::plain(lua, Kind::Task, &message)?;
            table.raw_set("code", error::present(lua, &state))?;
            table.raw_set("sent", "yes")?;
            Ok(table)
        },
    )?;
    bindings.plain("cannot_wait", |lua, _, ()| {
        error::invalid(
            lua,
            "a call cannot wait here, because Lua runs this function inside a C function (a table.sort comparison, a string.gsub \
             replacement, a __gc or __tostring metamethod); make the calls first, keep their results in a table, then sort or replace",
        )
    })
}

/// Where it happened.
fn frames(bindings: &Bindings<'_>) -> mlua::Result<()> {
    // Source, line and short source of the script's own frame nearest to the one that fails.
    bindings.plain("script_frame", |lua, _, ()| {
        for level in 1..DEEPEST_FRAME {
            let frame = lua.inspect_stack(level, |debug| {
                let names = debug.source();
                let source = names
                    .source
                    .map(std::borrow::Cow::into_owned)
                    .unwrap_or_default();
                (
                    source,
                    debug.current_line(),
                    names.short_src.map(std::borrow::Cow::into_owned),
                )
            });
            match frame {
                None => break,
                Some((source, Some(line), short)) if !is_own(&source) => {
                    return Ok((Some(source), Some(line), short));
                }
                Some(_) => {}
            }
        }
        Ok((None, None, None))
    })?;
    bindings.plain(
        "traceback",
        |lua, _, (message, level): (Option<String>, usize)| {
            lua.traceback(message.as_deref(), level)
        },
    )
}
