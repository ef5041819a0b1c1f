//! The native functions that the core builds a script's world from. Each answers `true, results…` or `false, error`; a call of an
//! Action, which is what scripts do most, its answer or `false, error`.

use super::error;
use super::modules::{csv, help, http, json, loader, lock, pretty, process, sim, time};
use super::secret::SecretValue;
use super::vm::{Chunk, Limits};
use super::{paging, parallel, product, states, wait};
use crate::client::error::Kind;
use crate::gate::{Denied, Gate, Level, Stop};
use cumulua_core::catalog::suggest;
use mlua::{FromLuaMulti, IntoLua, IntoLuaMulti, Lua, MultiValue, Table, Value};
use std::future::Future;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;

/// What a native function gives: results, or an error value to raise.
pub(super) type Outcome<T> = Result<T, Table>;

/// Results behind `true`, or an error behind `false`.
pub(super) fn answer<T: IntoLuaMulti, E: IntoLuaMulti>(lua: &Lua, outcome: Result<T, E>) -> mlua::Result<MultiValue> {
    let (ok, mut values) = match outcome {
        Ok(value) => (true, value.into_lua_multi(lua)?),
        Err(error) => (false, error.into_lua_multi(lua)?),
    };
    values.push_front(Value::Boolean(ok));
    Ok(values)
}

/// An error value of bad input.
pub(super) fn invalid(lua: &Lua, message: &str) -> mlua::Result<Table> {
    error::plain(lua, Kind::Validation, message)
}

/// An error value for arguments of other types than a function takes.
fn bad_argument(lua: &Lua, name: &str, mismatch: &mlua::Error) -> mlua::Result<Table> {
    let name = match name {
        "pretty" => "pp".to_owned(),
        other => other.replace('_', "."),
    };
    let problem = match mismatch {
        mlua::Error::FromLuaConversionError { from, to, .. } => format!("needs a {}, not a {from}", to.to_lowercase()),
        mlua::Error::BadArgument { pos, cause, .. } => match &**cause {
            mlua::Error::FromLuaConversionError { from, to, .. } => {
                format!("needs a {} as argument {pos}, not a {from}", to.to_lowercase())
            }
            other => format!("cannot take argument {pos}: {other}"),
        },
        other => other.to_string(),
    };
    invalid(lua, &format!("{name} {problem}"))
}

/// Registers natives, each with the gate at hand.
pub(super) struct Natives<'a> {
    pub(super) lua: &'a Lua,
    pub(super) gate: &'a Arc<Gate>,
    pub(super) table: Table,
}

impl Natives<'_> {
    /// A function that gives its results as they are.
    pub(super) fn plain<A: FromLuaMulti, R: IntoLuaMulti>(
        &self,
        name: &str,
        function: impl Fn(&Lua, &Arc<Gate>, A) -> mlua::Result<R> + Send + Sync + 'static,
    ) -> mlua::Result<()> {
        let gate = Arc::clone(self.gate);
        self.table.raw_set(name, self.lua.create_function(move |lua, args| function(lua, &gate, args))?)
    }

    /// A function that can fail with an error value.
    pub(super) fn fallible<A: FromLuaMulti, R: IntoLuaMulti>(
        &self,
        name: &str,
        function: impl Fn(&Lua, &Arc<Gate>, A) -> mlua::Result<Outcome<R>> + Send + Sync + 'static,
    ) -> mlua::Result<()> {
        let called = name.to_owned();
        self.plain(name, move |lua, gate, args: MultiValue| match A::from_lua_multi(args, lua) {
            Ok(args) => answer(lua, function(lua, gate, args)?),
            Err(mismatch) => answer::<(), _>(lua, Err(bad_argument(lua, &called, &mismatch)?)),
        })
    }
}

/// Whether a caught value is Lua's own error for want of memory.
pub(super) fn is_out_of_memory(value: &Value) -> bool {
    match value {
        Value::String(text) => *text == "not enough memory",
        Value::Error(error) => is_memory_error(error),
        _ => false,
    }
}

fn is_memory_error(error: &mlua::Error) -> bool {
    match error {
        mlua::Error::MemoryError(_) => true,
        mlua::Error::CallbackError { cause, .. } | mlua::Error::BadArgument { cause, .. } => is_memory_error(cause),
        _ => false,
    }
}

/// All natives for one run.
pub(super) fn table(
    lua: &Lua,
    gate: &Arc<Gate>,
    limits: Limits,
    chunk: &Chunk,
    sources: &loader::SharedSources,
) -> mlua::Result<Table> {
    let natives = Natives { lua, gate, table: lua.create_table()? };
    errors(&natives, limits)?;
    frames(&natives)?;
    facts(&natives, chunk)?;
    world(&natives)?;
    product::register(&natives)?;
    wait::register(&natives)?;
    paging::register(&natives)?;
    parallel::register(&natives)?;
    states::register(&natives)?;
    json::register(&natives)?;
    csv::register(&natives)?;
    time::register(&natives)?;
    pretty::register(&natives)?;
    help::register(&natives)?;
    loader::register(&natives, &chunk.folder, sources)?;
    process::register(&natives)?;
    sim::register(&natives)?;
    natives.table.raw_set("effect", effect(lua, Arc::clone(gate))?)?;
    Ok(natives.table)
}

/// What does not change while a script runs.
fn facts(natives: &Natives<'_>, chunk: &Chunk) -> mlua::Result<()> {
    let (lua, gate) = (natives.lua, natives.gate);
    natives.table.raw_set("args", lua.create_sequence_from(chunk.args.iter().map(String::as_str))?)?;
    natives.table.raw_set("is_heard", gate.wants_output())?;
    natives.table.raw_set("is_rehearsal", gate.rehearsal().is_some())?;
    natives.table.raw_set("null", Value::NULL)
}

/// An effect under way. Boxed one by one, so that a task that sleeps does not hold room for the largest effect there is.
pub(super) type Effect = Pin<Box<dyn Future<Output = mlua::Result<MultiValue>>>>;

/// What suspends a script, behind one name: an async function costs a start as much as thirty plain ones.
fn effect(lua: &Lua, gate: Arc<Gate>) -> mlua::Result<mlua::Function> {
    lua.create_async_function(move |lua: Lua, (name, args): (String, MultiValue)| -> Effect {
        let gate = Arc::clone(&gate);
        // Arguments that do not fit are the script's fault and get an error value.
        macro_rules! effect {
            ($function:path) => {
                effect!(|args| Box::pin(async move { answer(&lua, $function(&lua, &gate, args).await?) }))
            };
            (|$args:ident| $made:expr) => {
                match FromLuaMulti::from_lua_multi(args, &lua) {
                    Ok($args) => $made,
                    Err(mismatch) => Box::pin(async move { answer::<(), _>(&lua, Err(bad_argument(&lua, &name, &mismatch)?)) }),
                }
            };
        }
        match name.as_str() {
            "call" => effect!(product::call_by_name),
            "http" => effect!(http::request),
            "lock" => effect!(lock::lock),
            "next_page" => effect!(paging::next_page),
            "parallel" => effect!(parallel::parallel),
            "pause" => effect!(states::pause),
            "read_state" => effect!(states::read),
            "sleep" => effect!(time::sleep),
            "wait" => effect!(|args| wait::wait(lua, gate, args)),
            other => {
                let unknown = mlua::Error::runtime(format!("there is no effect {other:?}"));
                Box::pin(async move { Err(unknown) })
            }
        }
    })
}

fn errors(natives: &Natives<'_>, limits: Limits) -> mlua::Result<()> {
    // The error to raise again where the run is ended; nil where what was caught may be handled.
    natives.plain("stopped", move |lua, gate, (caught, path): (Value, String)| {
        if is_out_of_memory(&caught) {
            gate.interrupt().raise(Stop::OutOfMemory(limits.memory));
        }
        gate.interrupt_at(&path).reason().map(|stop| error::stopped(lua, &stop)).transpose()
    })?;
    // What Rust raised becomes a string; anything else stays what the script raised.
    natives.plain("plain", |lua, _, caught: Value| match caught {
        Value::Error(error) => error.to_string().into_lua(lua),
        other => Ok(other),
    })?;
    natives.plain("is_stopped", |_, gate, path: String| Ok(gate.interrupt_at(&path).is_raised()))?;
    natives.plain("invalid", |lua, _, problem: String| invalid(lua, &problem))?;
    natives.plain("unknown_option", |lua, _, (name, key, known): (String, Value, Table)| {
        let mut names: Vec<String> = known.pairs::<String, Value>().flatten().map(|(name, _)| name).collect();
        names.sort_unstable();
        let key = key.to_string()?;
        let near = suggest::did_you_mean(&suggest::nearest(&key, names.iter().map(String::as_str)));
        invalid(lua, &format!("{name}: unknown option {key:?}{near}; there are {}", names.join(", ")))
    })?;
    natives.plain("state_failure", |lua, _, (what, state): (String, String)| {
        let message = if state.is_empty() { format!("{what} has failed") } else { format!("{what} is in the state {state:?}") };
        let table = error::plain(lua, Kind::Task, &message)?;
        table.raw_set("code", state)?;
        table.raw_set("sent", "yes")?;
        Ok(table)
    })?;
    natives.plain("syntax_failure", |lua, _, message: String| {
        let located = error::located(&message, "");
        let table = invalid(lua, &format!("the module does not parse: {}", located.message))?;
        table.raw_set(
            "where",
            located.source.as_deref().zip(located.line).map(|(source, line)| format!("{}:{line}", &source[1..])),
        )?;
        table.raw_set("source", located.source)?;
        table.raw_set("line", located.line)?;
        Ok(table)
    })?;
    natives.plain("cannot_wait", |lua, _, ()| {
        invalid(
            lua,
            "a call cannot wait here, because Lua runs this function inside a C function (a table.sort comparison, a string.gsub \
             replacement, a __gc or __tostring metamethod); make the calls first, keep their results in a table, then sort or replace",
        )
    })?;
    natives.plain("output_closed", |lua, gate, ()| {
        gate.interrupt().raise(Stop::OutputClosed);
        error::stopped(lua, &Stop::OutputClosed)
    })?;
    natives.plain("exit", |lua, gate, code: Value| {
        let status = match code {
            Value::Nil | Value::Boolean(true) => 0,
            Value::Boolean(false) => 1,
            // As the system does with the status of a process.
            Value::Integer(code) => u8::try_from(code & 0xff).unwrap_or(1),
            _ => return invalid(lua, "os.exit takes true, false or a whole number"),
        };
        gate.interrupt().raise(Stop::Exit(status));
        error::stopped(lua, &Stop::Exit(status))
    })
}

/// Chunks that are ours and not a script's.
const OWN_CHUNKS: &[&str] = &["=[cumulua]", "=__mlua_async_poll", "=[C]"];

/// Frames that are looked at for the script's own; a deeper one tells a person nothing.
const DEEPEST_FRAME: usize = 200;

fn frames(natives: &Natives<'_>) -> mlua::Result<()> {
    // Source, line and short source of the script's own frame nearest to the one that fails.
    natives.plain("script_frame", |lua, _, ()| {
        for level in 1..DEEPEST_FRAME {
            let frame = lua.inspect_stack(level, |debug| {
                let names = debug.source();
                let source = names.source.map(std::borrow::Cow::into_owned).unwrap_or_default();
                (source, debug.current_line(), names.short_src.map(std::borrow::Cow::into_owned))
            });
            match frame {
                None => break,
                Some((source, Some(line), short)) if !OWN_CHUNKS.contains(&source.as_str()) => {
                    return Ok((Some(source), Some(line), short));
                }
                Some(_) => {}
            }
        }
        Ok((None, None, None))
    })?;
    natives.plain("traceback", |lua, _, (message, level): (Option<String>, usize)| lua.traceback(message.as_deref(), level))?;
    // A table's own `__tostring`, whatever its `__metatable` says.
    natives.plain("text_method", |_, _, table: Table| {
        Ok(table.metatable().map(|meta| meta.raw_get::<Value>("__tostring")).transpose()?.unwrap_or(Value::Nil))
    })
}

fn world(natives: &Natives<'_>) -> mlua::Result<()> {
    natives.plain("products", |_, gate, ()| Ok(gate.catalog().products()))?;
    // Lua's integers are signed; the bits are what counts.
    natives.plain("random", |_, gate, ()| Ok(gate.random().cast_signed()))?;
    natives.plain("log", |_, gate, (level, message): (String, mlua::LuaString)| {
        let level = match level.as_str() {
            "debug" => Level::Debug,
            "warn" => Level::Warn,
            "error" => Level::Error,
            _ => Level::Info,
        };
        gate.log(level, &message.to_string_lossy());
        Ok(())
    })?;
    // What the script writes is told to the recorder; what is to be written in its place.
    natives.plain("output", |lua, gate, text: mlua::LuaString| {
        if let Ok(text) = text.to_str() {
            return lua.create_string(gate.output(text.to_owned()));
        }
        // Bytes that are no text go out as they are.
        gate.output(text.to_string_lossy());
        Ok(text)
    })?;
    natives.plain("clock", |_, gate, ()| Ok(gate.elapsed().as_secs_f64()))?;
    natives.fallible("secret", |lua, gate, name: String| match gate.secret(&name) {
        Ok(secret) => Ok(Ok(SecretValue(secret).into_lua(lua)?)),
        Err(denied) => Ok(Err(error::denied(lua, &denied)?)),
    })?;
    natives.fallible("expect_account", |lua, gate, (profile, id): (Option<String>, Option<String>)| {
        match gate.expect_account(profile.as_deref(), id.as_deref()) {
            Ok(()) => Ok(Ok(())),
            Err(denied) => Ok(Err(error::denied(lua, &denied)?)),
        }
    })?;
    natives.fallible("env", |lua, gate, name: String| match gate.variable(&name) {
        Ok(value) => Ok(Ok(value)),
        Err(denied) => Ok(Err(error::denied(lua, &denied)?)),
    })?;
    // The path to open, or nil and why it cannot be: a missing folder is no fault of the script's.
    for (name, entry_itself) in [("path", false), ("entry", true)] {
        natives.fallible(name, move |lua, gate, path: String| {
            let granted = if entry_itself { gate.entry(Path::new(&path)) } else { gate.path(Path::new(&path)) };
            match granted {
                Ok(resolved) => Ok(Ok((Some(resolved.to_string_lossy().into_owned()), None))),
                Err(Denied::NoSuchPath(problem)) => Ok(Ok((None, Some(problem)))),
                Err(denied) => Ok(Err(error::denied(lua, &denied)?)),
            }
        })?;
    }
    natives.fallible("process", |lua, gate, ()| match gate.process() {
        Ok(()) => Ok(Ok(())),
        Err(denied) => Ok(Err(error::denied(lua, &denied)?)),
    })
}
