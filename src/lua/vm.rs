//! The VM: its libraries, its limits, and how a chunk runs in it.

use super::chunk::{Chunk, Limits};
use super::error::{self, ScriptError};
use super::files::output;
use super::files::standard::open_standard_streams;
use super::hook::Hook;
use super::memory_budget::set_limit;
use super::sources::{SharedSources, Sources, lua_text, remember};
use super::task_handle::NATIVES;
use super::time_slice::Preemptible;
use super::{natives, stdlib};
use crate::gate::{Gate, StopReason};
use mlua::{
    Function, IntoLuaMulti as _, Lua, LuaOptions, MultiValue, StdLib, Table, Value, Variadic,
};
use std::rc::Rc;
use std::sync::{Arc, PoisonError};

/// A VM for one run.
pub struct Runtime {
    pub(super) lua: Lua,
    pub(super) gate: Arc<Gate>,
    pub(super) core: Table,
    limits: Limits,
    pub(super) sources: SharedSources,
    hook: Rc<Hook>,
}

/// Finalizers run while functions of ours still work: once the VM is being closed, they do not. So
/// all that a script can reach is let go and collected before.
impl Drop for Runtime {
    fn drop(&mut self) {
        if self.let_go().is_ok() {
            // What a finalizer makes may have one too.
            for _ in 0..2 {
                let _ = self.lua.gc_collect();
            }
        }
        output::finish(&self.gate);
    }
}

/// Lua's own name of its table of modules, which holds the globals.
const LOADED: &str = "_LOADED";

impl Runtime {
    /// A VM whose effects go through `gate`.
    pub fn new(gate: Arc<Gate>, limits: Limits, chunk: &Chunk) -> mlua::Result<Self> {
        let libraries = StdLib::COROUTINE
            | StdLib::TABLE
            | StdLib::OS
            | StdLib::STRING
            | StdLib::UTF8
            | StdLib::MATH;
        let lua = Lua::new_with(libraries, LuaOptions::default())?;
        open_standard_streams(&gate);
        lua.set_app_data(Arc::clone(&gate));
        let sources = SharedSources::default();
        remember(&sources, &chunk.name, &chunk.text);
        let natives = natives::table(&lua, &gate, limits, chunk, &sources)?;
        let core = stdlib::load(&lua, &natives)?;
        // What loading left behind goes, and the collector counts from what stays.
        lua.gc_collect()?;
        lua.set_memory_limit(limits.memory)?;
        set_limit(&lua, limits.memory);
        let hook = Hook::new(&lua, &gate, &core)?;
        let runtime = Self {
            lua,
            gate,
            core,
            limits,
            sources,
            hook,
        };
        runtime.install_hook()?;
        Ok(runtime)
    }

    /// Lets go of what a script can reach. Functions of the core that the VM itself holds, as those
    /// of files, would keep it. No Lua runs here, because the hook of a run that is ended would end
    /// that too.
    fn let_go(&mut self) -> mlua::Result<()> {
        // A script may have taken all that it may have.
        self.lua.set_memory_limit(0)?;
        self.core
            .raw_get::<Table>("globals")?
            .raw_set("_G", Value::Nil)?;
        for held in ["loaded", "kept_globals"] {
            self.core.raw_set(held, Value::Nil)?;
        }
        self.core = self.lua.create_table()?;
        self.lua.set_globals(self.lua.create_table()?)?;
        [LOADED, NATIVES]
            .into_iter()
            .try_for_each(|name| self.lua.unset_named_registry_value(name))?;
        self.lua.set_memory_limit(self.limits.memory).map(drop)
    }

    /// Runs a chunk to its end; the error that left it, where one did.
    pub async fn run(&self, chunk: &Chunk) -> Result<(), ScriptError> {
        let loaded = self
            .lua
            .load(lua_text(&chunk.text))
            .set_name(&chunk.name)
            .set_mode(mlua::chunk::ChunkMode::Text)
            .into_function();
        let function = loaded.map_err(|failure| syntax_error(&failure))?;
        let results = self.run_at("0", function, &chunk.args).await?;
        self.outcome(&results)
    }

    /// Runs a function in a coroutine whose effects stand at this path, which no other of the run
    /// has.
    pub(super) async fn run_at(
        &self,
        path: &str,
        function: Function,
        args: &[String],
    ) -> Result<MultiValue, ScriptError> {
        let arguments = (
            path,
            function,
            args.iter().map(String::as_str).collect::<Variadic<_>>(),
        );
        let arguments = arguments
            .into_lua_multi(&self.lua)
            .map_err(|failure| internal(&failure))?;
        self.in_coroutine("run", arguments).await
    }

    /// Runs what the script deferred, last first; the errors that came up.
    pub async fn run_deferred(&self) -> Vec<ScriptError> {
        if let Err(failure) = self.install_hook() {
            return vec![internal(&failure)];
        }
        match self
            .in_coroutine("run_all_deferred", MultiValue::new())
            .await
        {
            Ok(results) => {
                let Some(Value::Table(errors)) = results.front() else {
                    return Vec::new();
                };
                let is_stop = self.gate.cancel_token().is_raised();
                let errors = errors
                    .sequence_values::<Value>()
                    .flatten()
                    .map(|value| error::from_lua(&self.gate, &value, ""));
                // An error raised before the run was ended is the script's own; only the last can
                // be the sign.
                errors
                    .map(|error| ScriptError {
                        is_stop: error.is_stop || (is_stop && error.kind.is_none()),
                        ..error
                    })
                    .collect()
            }
            Err(failure) => vec![failure],
        }
    }

    /// The texts of all chunks that were loaded.
    pub fn sources(&self) -> Sources {
        self.sources
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Whether the script deferred anything.
    pub fn has_deferred(&self) -> bool {
        self.core
            .get::<Function>("has_deferred")
            .and_then(|has| has.call(()))
            .unwrap_or(false)
    }

    async fn in_coroutine(
        &self,
        name: &str,
        arguments: MultiValue,
    ) -> Result<MultiValue, ScriptError> {
        let start = || {
            let function: Function = self.core.get(name)?;
            let thread = self.lua.create_thread(function)?;
            Preemptible::start::<MultiValue>(&self.lua, thread, arguments)
        };
        match start() {
            Ok(thread) => thread.await.map_err(|failure| self.ended_or(&failure)),
            Err(failure) => Err(self.ended_or(&failure)),
        }
    }

    pub(super) fn outcome(&self, results: &MultiValue) -> Result<(), ScriptError> {
        if let Some(Value::Boolean(true)) = results.front() {
            Ok(())
        } else {
            let value = results.get(1).cloned().unwrap_or(Value::Nil);
            if error::is_out_of_memory(&value) {
                self.gate
                    .cancel_token()
                    .raise(StopReason::OutOfMemory(self.limits.memory));
            }
            let traceback = results
                .get(2)
                .and_then(Value::as_string)
                .map(mlua::LuaString::to_string_lossy)
                .unwrap_or_default();
            let mut error = error::from_lua(&self.gate, &value, &traceback);
            // A text begins with where it was raised, unless its author wants none of that.
            if error.line.is_none() && !value.is_string() {
                error.source = results
                    .get(3)
                    .and_then(Value::as_string)
                    .map(mlua::LuaString::to_string_lossy);
                error.line = results.get(4).and_then(Value::as_u32);
            }
            Err(error)
        }
    }

    /// An error of the VM itself: most often that the run was ended, or that memory ran out.
    fn ended_or(&self, failure: &mlua::Error) -> ScriptError {
        if matches!(failure, mlua::Error::MemoryError(_)) {
            self.gate
                .cancel_token()
                .raise(StopReason::OutOfMemory(self.limits.memory));
        }
        ScriptError {
            is_stop: self.gate.cancel_token().is_raised(),
            ..internal(failure)
        }
    }

    /// Lets Lua code be ended from outside, also where it was before.
    pub(super) fn install_hook(&self) -> mlua::Result<()> {
        self.hook.install(&self.lua)
    }

    /// The prompt runs lines side by side: each lets the others go on.
    pub(super) fn share(&self) {
        self.hook.share();
    }
}

fn syntax_error(failure: &mlua::Error) -> ScriptError {
    match failure {
        mlua::Error::SyntaxError { message, .. } => {
            let located = error::locate(message, "");
            ScriptError {
                kind: Some("validation".to_owned()),
                message: format!("the script does not parse: {}", located.message),
                ..located
            }
        }
        other => internal(other),
    }
}

pub(super) fn internal(failure: &mlua::Error) -> ScriptError {
    error::locate(&failure.to_string(), "")
}
