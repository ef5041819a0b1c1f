//! A session's console: where its scripts write, and where a person answers them.

use super::bindings::answer;
use super::error::Raised;
use super::files::arguments::Arguments;
use super::files::handle::Handle;
use super::files::request::Request;
use super::files::results::value;
use super::stdlib;
use super::vm::Runtime;
use crate::effect_id::EffectId;
use crate::gate::{Gate, StopReason};
use mlua::{AnyUserData, Function, Lua, LuaString, MultiValue, Table};
use std::future::Future;
use std::io::{self, Write};
use std::pin::Pin;
use std::sync::Arc;

/// What a person takes their time for.
pub type Attended<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// Where a session's scripts write, and where a person answers them. Writing returns whether it
/// could.
pub trait Console: Send + Sync {
    /// Takes text, which may end in the middle of a line.
    fn write(&self, text: &str) -> bool;
    /// Shows the beginning of a line.
    fn flush(&self) -> bool;
    /// Takes a whole text that may be longer than a screen; ends once it was read.
    fn page(self: Arc<Self>, text: String) -> Attended<bool>;
    /// What a person types, a line at most; none at the end of it. An error is why there is none to
    /// ask.
    fn read(self: Arc<Self>) -> Attended<Result<Option<Vec<u8>>, String>>;
}

/// Sends what scripts write to standard output to a console, and lets them read standard input
/// there.
pub(super) fn attach(runtime: &Runtime, console: &Arc<dyn Console>) -> mlua::Result<()> {
    let lua = &runtime.lua;
    let file = ConsoleFile {
        console: Arc::clone(console),
        gate: Arc::clone(&runtime.gate),
    };
    let handle = |name: &str| runtime.core.get::<AnyUserData>(name);
    handle("stdin")?.borrow_mut::<Handle>()?.read_typed();
    handle("stdout")?
        .borrow_mut::<Handle>()?
        .write_to(Box::new(file.clone()));
    let natives = lua.create_table()?;
    let writer = file.clone();
    let write = move |_: &Lua, text: LuaString| {
        writer.show(&text.as_bytes());
        Ok(())
    };
    natives.raw_set("write", lua.create_function(write)?)?;
    // What suspends a function of mlua's is the `yield` of the globals, in whose place scripts have
    // the core's.
    let coroutine: Table = lua.globals().raw_get("coroutine")?;
    let script_yield: Function = coroutine.raw_get("yield")?;
    coroutine.raw_set("yield", runtime.core.raw_get::<Function>("raw_yield")?)?;
    natives.raw_set("page", page(lua, file.clone())?)?;
    natives.raw_set("read", read(lua, file)?)?;
    coroutine.raw_set("yield", script_yield)?;
    stdlib::chunk(lua, "console")?.call((natives, &runtime.core))
}

fn page(lua: &Lua, file: ConsoleFile) -> mlua::Result<Function> {
    lua.create_async_function(move |lua, text: LuaString| {
        let file = file.clone();
        async move {
            let paging = Arc::clone(&file.console).page(text.to_string_lossy());
            let is_shown = file.gate.clock().real(paging).await;
            file.end_unless(is_shown);
            answer(&lua, Ok(()))
        }
    })
}

/// Reads from standard input.
fn read(lua: &Lua, file: ConsoleFile) -> mlua::Result<Function> {
    lua.create_async_function(
        move |lua, (place, stdin, formats): (EffectId, AnyUserData, MultiValue)| {
            let file = file.clone();
            async move {
                let outcome = match Arguments::new(&lua, "read", formats).formats(0) {
                    Ok(formats) => file.read(&lua, &stdin, Request::new(formats), &place).await,
                    Err(_) => Err(Raised::invalid(FORMATS)),
                };
                answer(&lua, outcome)
            }
        },
    )
}

const FORMATS: &str = "io.read takes \"n\", \"l\", \"L\", \"a\" or a number of bytes";

/// A console as the file that scripts write to and read from.
#[derive(Clone)]
struct ConsoleFile {
    console: Arc<dyn Console>,
    gate: Arc<Gate>,
}

impl ConsoleFile {
    fn show(&self, bytes: &[u8]) {
        self.end_unless(self.console.write(&String::from_utf8_lossy(bytes)));
    }

    /// Ends the run where what it writes cannot be seen any more.
    fn end_unless(&self, is_shown: bool) {
        if !is_shown {
            self.gate.cancel_token().raise(StopReason::OutputClosed);
        }
    }

    async fn read(
        &self,
        lua: &Lua,
        stdin: &AnyUserData,
        mut request: Request,
        place: &EffectId,
    ) -> Result<MultiValue, Raised> {
        let mut items = MultiValue::new();
        loop {
            if advance(lua, stdin, &mut request, &mut items)? {
                return Ok(items);
            }
            // A question that is to be answered must be seen.
            self.end_unless(self.console.flush());
            let typed = match self
                .gate
                .read_input(Arc::clone(&self.console).read(), place)
                .await
            {
                Ok(typed) => typed,
                Err(stop) => {
                    // What was typed was for the question that is given up.
                    if let Some(typed) = stdin.borrow_mut::<Handle>()?.typed() {
                        typed.clear();
                    }
                    return Err(stop.into());
                }
            };
            match typed {
                Ok(Some(typed)) => stdin
                    .borrow_mut::<Handle>()?
                    .typed()
                    .ok_or(mlua::Error::UserDataTypeMismatch)?
                    .push(&typed),
                Ok(None) => request.end(),
                Err(problem) => return Err(Raised::invalid(problem)),
            }
        }
    }
}

/// Takes what is there of what was typed. The file is not held while a person is waited for: others
/// may read meanwhile.
fn advance(
    lua: &Lua,
    stdin: &AnyUserData,
    request: &mut Request,
    items: &mut MultiValue,
) -> mlua::Result<bool> {
    let mut handle = stdin.borrow_mut::<Handle>()?;
    let typed = handle.typed().ok_or(mlua::Error::UserDataTypeMismatch)?;
    request.advance(typed, |item| {
        items.push_back(value(lua, item)?);
        Ok(())
    })
}

impl Write for ConsoleFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.show(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.end_unless(self.console.flush());
        Ok(())
    }
}
