//! A session: chunks one after the other in one VM, with locals that outlive their chunk.

use super::chunk::{Chunk, Limits, RunFacts};
use super::console::{self, Console};
use super::error::{self, ScriptError};
use super::judge::{self, Form, Judgement};
use super::sources::{Sources, remember};
use super::vm::{Runtime, internal};
use crate::gate::Gate;
use crate::lua_syntax::locals::{CLOSE, ConstantAssigned, LAST, Locals, Rewritten, TABLE, VALUES};
use mlua::{Function, Table, Value};
use std::cell::{Cell, RefCell};
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::{Arc, PoisonError};

/// A VM that runs chunks one after the other, and several side by side where they wait.
pub struct Session {
    pub(super) locals: RefCell<Locals>,
    /// How many inputs have run.
    inputs: Cell<u64>,
    /// What the locals hold, by their keys.
    pub(super) cells: Table,
    /// Globals, and beside them the names that rewritten chunks need.
    environment: Table,
    pub(super) meta: Function,
    /// The last to go, because it collects what the others hold.
    pub(super) runtime: Runtime,
}

/// Why an input does not run.
#[derive(Debug)]
pub enum InputError {
    /// More lines can finish it.
    Incomplete,
    /// It is wrong.
    Wrong(Box<ScriptError>),
}

/// A compiled input.
pub struct Input {
    function: Function,
    rewritten: Rewritten,
    form: Form,
}

impl Input {
    /// What is known of its text.
    pub fn form(&self) -> Form {
        self.form
    }
}

/// What an input gave.
pub struct Values(pub(super) Vec<Value>);

impl Values {
    /// Whether it gave nothing.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }
}

impl Session {
    /// A session whose effects go through `gate`; `folder` is where `require` looks.
    pub fn new(gate: Arc<Gate>, limits: Limits, folder: PathBuf) -> Result<Self, ScriptError> {
        let chunk = Chunk {
            name: "=input".to_owned(),
            text: String::new(),
            args: Vec::new(),
            folder,
            facts: RunFacts::default(),
        };
        Self::build(gate, limits, &chunk).map_err(|failure| internal(&failure))
    }

    fn build(gate: Arc<Gate>, limits: Limits, chunk: &Chunk) -> mlua::Result<Self> {
        let runtime = Runtime::new(gate, limits, chunk)?;
        runtime.share();
        let lua = &runtime.lua;
        let globals = lua.globals();
        let cells = lua.create_table()?;
        let environment = lua.create_table()?;
        let behind = lua.create_table()?;
        behind.raw_set("__index", &globals)?;
        behind.raw_set("__newindex", &globals)?;
        environment.set_metatable(Some(behind))?;
        environment.raw_set(TABLE, &cells)?;
        let closing: Function = lua
            .load(CLOSE_LATER)
            .set_name("=[cumulua]")
            .into_function()?;
        environment.raw_set(
            CLOSE,
            closing.call::<Function>(globals.raw_get::<Function>("defer")?)?,
        )?;
        let values: Function = lua
            .load("return ...")
            .set_name("=[cumulua]")
            .into_function()?;
        environment.raw_set(VALUES, values)?;
        let meta = globals.raw_get("meta")?;
        Ok(Self {
            locals: RefCell::default(),
            inputs: Cell::default(),
            cells,
            environment,
            meta,
            runtime,
        })
    }

    /// Compiles an input; its declarations count from now on.
    pub fn compile(&self, name: &str, text: &str) -> Result<Input, InputError> {
        remember(&self.runtime.sources, name, text);
        // What is no Lua at all is reported first, and a line that is not finished may still become
        // another one.
        let rewritten = self.locals.borrow_mut().rewrite(text).map_err(|assigned| {
            judge::input_refusal(name, text).map_or_else(
                || constant_assigned(name, &assigned),
                |failure| wrong(&failure),
            )
        })?;
        let form = Form::of(&rewritten);
        let compiled = match form.judgement {
            Judgement::Whole if form.is_expression => self
                .load(name, &rewritten.values())
                .map_err(|failure| wrong(&failure)),
            Judgement::Whole => self
                .load(name, &rewritten.text)
                .map_err(|failure| wrong(&failure)),
            Judgement::Incomplete => Err(InputError::Incomplete),
            // The text as it was typed gives the message that its author understands.
            Judgement::Wrong => match judge::input_refusal(name, text) {
                Some(failure) => Err(wrong(&failure)),
                None => self
                    .load(name, &rewritten.text)
                    .map_err(|failure| wrong(&failure)),
            },
        };
        match compiled {
            Ok(function) => Ok(Input {
                function,
                rewritten,
                form,
            }),
            Err(error) => {
                self.locals.borrow_mut().undo(&rewritten);
                Err(error)
            }
        }
    }

    fn load(&self, name: &str, text: &str) -> mlua::Result<Function> {
        let chunk = self
            .runtime
            .lua
            .load(text)
            .set_name(name)
            .set_mode(mlua::chunk::ChunkMode::Text);
        chunk
            .set_environment(self.environment.clone())
            .into_function()
    }

    /// Runs an input to its end; its value becomes the last result where `keeps_last`. What it has
    /// set before an error stays set.
    pub async fn run(
        self: Rc<Self>,
        input: Input,
        keeps_last: bool,
    ) -> Result<Values, ScriptError> {
        self.inputs.set(self.inputs.get() + 1);
        let path = format!("i{}", self.inputs.get());
        let results = self.runtime.run_at(&path, input.function, &[]).await;
        let ended = results.and_then(|results| self.runtime.outcome(&results).map(|()| results));
        match ended {
            Ok(results) => {
                let values: Vec<Value> = results.into_iter().skip(1).collect();
                if let Some(first) = values.first().filter(|_| keeps_last) {
                    self.cells
                        .raw_set(LAST, first)
                        .map_err(|failure| internal(&failure))?;
                }
                Ok(Values(values))
            }
            Err(error) => {
                self.take_back_unset(&input.rewritten);
                Err(error)
            }
        }
    }

    fn take_back_unset(&self, rewritten: &Rewritten) {
        let is_set = |key: &str| {
            self.cells
                .raw_get::<Value>(key)
                .is_ok_and(|value| !value.is_nil())
        };
        self.locals.borrow_mut().undo_unset(rewritten, is_set);
    }

    /// After the interrupt was lowered: Lua code runs again, and memory that a failed input took is
    /// free.
    pub fn recover(&self) {
        // Without the hook, the next Ctrl-C would have no effect; a VM that cannot take one cannot
        // run anything either.
        let _ = self.runtime.install_hook();
        let _ = self.runtime.lua.gc_collect();
    }

    /// Gives scripts a console.
    pub fn set_console(&self, console: &Arc<dyn Console>) -> Result<(), ScriptError> {
        console::attach(&self.runtime, console).map_err(|failure| internal(&failure))
    }

    /// Runs what was deferred, last first; the errors that came up.
    pub async fn run_deferred(&self) -> Vec<ScriptError> {
        self.runtime.run_deferred().await
    }

    /// Whether anything was deferred.
    pub fn has_deferred(&self) -> bool {
        self.runtime.has_deferred()
    }

    /// The texts of all chunks that were loaded.
    pub fn sources(&self) -> Sources {
        self.runtime
            .sources
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

/// Makes `local x <close>` of a session what `defer` is: closed at the end, last first.
const CLOSE_LATER: &str = "local defer = ...
return function(value)
	if value == nil or value == false then
		return
	end
	local meta = getmetatable(value)
	local close = type(meta) == 'table' and meta.__close
	if not close then
		error('the variable got a value that cannot be closed, a ' .. type(value), 2)
	end
	defer(function()
		close(value, nil)
	end)
end";

fn wrong(failure: &mlua::Error) -> InputError {
    InputError::Wrong(Box::new(match failure {
        mlua::Error::SyntaxError { message, .. } => {
            let located = error::locate(message, "");
            ScriptError {
                kind: Some("validation".to_owned()),
                message: format!("this is no Lua: {}", located.message),
                ..located
            }
        }
        other => internal(other),
    }))
}

fn constant_assigned(chunk: &str, assigned: &ConstantAssigned) -> InputError {
    InputError::Wrong(Box::new(ScriptError {
        kind: Some("validation".to_owned()),
        message: format!("attempt to assign to const variable '{}'", assigned.name),
        source: Some(chunk.to_owned()),
        line: u32::try_from(assigned.line).ok(),
        ..ScriptError::default()
    }))
}
