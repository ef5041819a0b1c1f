//! A session's console: where its scripts write, and where a person answers them.

use super::bindings::answer;
use super::error::Raised;
use super::stdlib;
use super::vm::Runtime;
use crate::gate::{Gate, Place, Stop};
use mlua::{Function, Lua, LuaString};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

/// What a person takes their time for.
pub type Attended<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// Where a session's scripts write, and where a person answers them. What writes says whether it could.
pub trait Console: Send + Sync {
    /// Takes text, which may end in the middle of a line.
    fn write(&self, text: &str) -> bool;
    /// Shows the beginning of a line.
    fn flush(&self) -> bool;
    /// Takes a whole text that may be longer than a screen; ends once it was read.
    fn page(self: Arc<Self>, text: String) -> Attended<bool>;
    /// What a person types, a line at most; none at the end of it. An error says why nobody can be asked.
    fn read(self: Arc<Self>) -> Attended<Result<Option<Vec<u8>>, String>>;
}

/// Sends what scripts write to standard output to a console, and lets them read standard input there.
pub(super) fn attach(runtime: &Runtime, console: &Arc<dyn Console>) -> mlua::Result<()> {
    let lua = &runtime.lua;
    let natives = lua.create_table()?;
    let writing = |write: fn(&dyn Console, &str) -> bool| {
        let (console, gate) = (Arc::clone(console), Arc::clone(&runtime.gate));
        lua.create_function(move |_, text: Option<LuaString>| {
            let text = text.map(|text| text.to_string_lossy()).unwrap_or_default();
            written(&gate, write(console.as_ref(), &text));
            Ok(())
        })
    };
    natives.raw_set("write", writing(|console, text| console.write(text))?)?;
    natives.raw_set("flush", writing(|console, _| console.flush())?)?;
    natives.raw_set("page", page(lua, console, &runtime.gate)?)?;
    natives.raw_set("read", read(lua, console, &runtime.gate)?)?;
    stdlib::chunk(lua, "console")?.call((natives, &runtime.core))
}

fn page(lua: &Lua, console: &Arc<dyn Console>, gate: &Arc<Gate>) -> mlua::Result<Function> {
    let (console, gate) = (Arc::clone(console), Arc::clone(gate));
    lua.create_async_function(move |lua, text: LuaString| {
        let (console, gate) = (Arc::clone(&console), Arc::clone(&gate));
        async move {
            written(&gate, console.page(text.to_string_lossy()).await);
            answer(&lua, Ok(()))
        }
    })
}

fn read(lua: &Lua, console: &Arc<dyn Console>, gate: &Arc<Gate>) -> mlua::Result<Function> {
    let (console, gate) = (Arc::clone(console), Arc::clone(gate));
    lua.create_async_function(move |lua, place: Place| {
        let (console, interrupt) = (Arc::clone(&console), gate.interrupt_at(&place.path));
        async move {
            let outcome = tokio::select! {
                biased;
                stop = interrupt.raised() => Err(Raised::from(stop)),
                typed = console.read() => match typed {
                    Ok(typed) => Ok(typed.map(|typed| lua.create_string(typed)).transpose()?),
                    Err(problem) => Err(Raised::Invalid(problem)),
                },
            };
            answer(&lua, outcome)
        }
    })
}

fn written(gate: &Gate, is_written: bool) {
    if !is_written {
        gate.interrupt().raise(Stop::OutputClosed);
    }
}
