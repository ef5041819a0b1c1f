//! A session: chunks one after the other in one VM, with locals that outlive their chunk, and looks at values without touching them.

use super::chunk::{Chunk, Limits};
use super::console::{self, Console};
use super::error::{self, ScriptError};
use super::pretty;
use super::sources::{Sources, remember};
use super::syntax::locals::{CLOSE, LAST, Locals, Problem, Rewritten, TABLE, VALUES};
use super::syntax::{TokenKind, tokens};
use super::vm::{Runtime, internal};
use crate::gate::Gate;
use mlua::{Function, MultiValue, Table, Value};
use std::cell::RefCell;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::{Arc, PoisonError};

/// A VM that runs chunks one after the other, and several side by side where they wait.
pub struct Session {
    runtime: Runtime,
    locals: RefCell<Locals>,
    /// What the locals hold, by their keys.
    cells: Table,
    /// Globals, and beside them the names that rewritten chunks need.
    environment: Table,
    meta: Function,
}

/// Why an input does not run.
#[derive(Debug)]
pub enum InputError {
    /// More lines can finish it.
    Incomplete,
    /// It is wrong.
    Wrong(Box<ScriptError>),
}

/// What a text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Judgement {
    /// A chunk.
    Whole,
    /// More lines can finish it.
    Incomplete,
    /// No chunk.
    Wrong,
}

/// A compiled input.
pub struct Input {
    function: Function,
    rewritten: Option<Rewritten>,
}

/// What is known of an input's text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "facts of a text that do not depend on each other")]
pub struct Form {
    /// Whether it is an expression.
    pub is_expression: bool,
    /// Whether it is a statement; a call is both.
    pub is_statement: bool,
    /// Whether it reads the last result.
    pub uses_last: bool,
    /// Whether it can end by a `return` of its own.
    pub returns: bool,
    /// How many locals it declares.
    pub declarations: usize,
}

impl Input {
    /// What is known of its text.
    pub fn form(&self) -> Form {
        self.rewritten.as_ref().map_or(Form { is_statement: true, ..Form::default() }, Form::of)
    }
}

impl Form {
    /// What is known of a rewritten text.
    pub fn of(rewritten: &Rewritten) -> Self {
        Self {
            is_expression: rewritten.is_expression,
            is_statement: rewritten.is_statement,
            uses_last: rewritten.uses_last,
            returns: rewritten.returns,
            declarations: rewritten.declarations(),
        }
    }
}

/// What an input gave.
pub struct Values(Vec<Value>);

impl Values {
    /// Whether it gave nothing.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// The values as text for a terminal of that width, one below the other.
    pub fn text(&self, session: &Session, width: usize) -> String {
        let shown: Vec<String> = self.0.iter().map(|value| session.shown(value, width)).collect();
        shown.join("\n")
    }
}

/// A step of a path through a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// `.name`.
    Field(String),
    /// `[1]`.
    Index(i64),
}

/// What stands at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Inspected {
    /// A product or a service, by its name in the catalogue.
    Catalogue(String),
    /// An Action, by its whole name.
    Action(String),
    /// A table: its fields with a glance at each.
    Table(Vec<(String, String)>),
    /// Something else.
    Other,
}

/// A path below the answer of an Action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InAnswer {
    /// The Action.
    pub action: String,
    /// The fields that lead down from the answer.
    pub fields: Vec<String>,
}

impl Session {
    /// A session whose effects go through `gate`; `folder` is where `require` looks.
    pub fn new(gate: Arc<Gate>, limits: Limits, folder: PathBuf) -> Result<Self, ScriptError> {
        let chunk = Chunk { name: "=input".to_owned(), text: String::new(), args: Vec::new(), folder };
        Self::build(gate, limits, &chunk).map_err(|failure| internal(&failure))
    }

    fn build(gate: Arc<Gate>, limits: Limits, chunk: &Chunk) -> mlua::Result<Self> {
        let runtime = Runtime::new(gate, limits, chunk)?;
        let lua = &runtime.lua;
        let globals = lua.globals();
        let (cells, environment, behind) = (lua.create_table()?, lua.create_table()?, lua.create_table()?);
        behind.raw_set("__index", &globals)?;
        behind.raw_set("__newindex", &globals)?;
        environment.set_metatable(Some(behind))?;
        environment.raw_set(TABLE, &cells)?;
        let closing: Function = lua.load(CLOSE_LATER).set_name("=[cumulua]").into_function()?;
        environment.raw_set(CLOSE, closing.call::<Function>(globals.raw_get::<Function>("defer")?)?)?;
        let values: Function = lua.load("return ...").set_name("=[cumulua]").into_function()?;
        environment.raw_set(VALUES, values)?;
        let meta = globals.raw_get("meta")?;
        Ok(Self { locals: RefCell::default(), cells, environment, meta, runtime })
    }

    /// Compiles an input; its declarations count from now on.
    pub fn compile(&self, name: &str, text: &str) -> Result<Input, InputError> {
        remember(&self.runtime.sources, name, text);
        let rewritten = self.locals.borrow_mut().rewrite(text);
        match rewritten {
            Ok(rewritten) => match self.load(name, &rewritten.text) {
                Ok(function) => Ok(Input { function, rewritten: Some(rewritten) }),
                Err(failure) => {
                    self.locals.borrow_mut().undo(&rewritten);
                    // The text as it was typed gives the message that its author understands.
                    let plain = self.load(name, text).err().filter(|_| !rewritten.is_expression);
                    Err(InputError::Wrong(Box::new(wrong(&plain.unwrap_or(failure)))))
                }
            },
            Err(Problem::Incomplete) => Err(InputError::Incomplete),
            Err(Problem::Constant { name: constant, line }) => Err(InputError::Wrong(Box::new(ScriptError {
                source: Some(name.to_owned()),
                line: u32::try_from(line).ok(),
                ..invalid(&format!("attempt to assign to const variable '{constant}'"))
            }))),
            Err(Problem::Syntax) => match self.load(name, &judged(text)) {
                Ok(function) => Ok(Input { function, rewritten: None }),
                Err(failure) => Err(InputError::Wrong(Box::new(wrong(&failure)))),
            },
        }
    }

    /// Whether a text is a chunk, can become one, or is wrong.
    pub fn judge(text: &str) -> Judgement {
        match Locals::default().rewrite(text) {
            Ok(_) | Err(Problem::Constant { .. }) => Judgement::Whole,
            Err(Problem::Incomplete) => Judgement::Incomplete,
            Err(Problem::Syntax) => Judgement::Wrong,
        }
    }

    /// Runs an input to its end; its value becomes the last result where `keeps_last` says so. What it has set before an error stays
    /// set.
    pub async fn run(self: Rc<Self>, input: Input, keeps_last: bool) -> Result<Values, ScriptError> {
        let results = self.runtime.in_coroutine("run", MultiValue::from_iter([Value::Function(input.function)])).await;
        let ended = results.and_then(|results| self.runtime.outcome(&results).map(|()| results));
        match ended {
            Ok(results) => {
                let values: Vec<Value> = results.into_iter().skip(1).collect();
                if let Some(first) = values.first().filter(|_| keeps_last) {
                    self.cells.raw_set(LAST, first).map_err(|failure| internal(&failure))?;
                }
                Ok(Values(values))
            }
            Err(error) => {
                self.take_back_unset(input.rewritten.as_ref());
                Err(error)
            }
        }
    }

    fn take_back_unset(&self, rewritten: Option<&Rewritten>) {
        let is_set = |key: &str| self.cells.raw_get::<Value>(key).is_ok_and(|value| !value.is_nil());
        if let Some(rewritten) = rewritten {
            self.locals.borrow_mut().undo_unset(rewritten, is_set);
        }
    }

    /// After the interrupt was lowered: Lua code runs again, and memory that a failed input took is free.
    pub fn recover(&self) {
        // Without the hook, the next Ctrl-C would find nobody; a VM that cannot take one cannot run anything either.
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
        self.runtime.sources.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The session's locals and globals, each with a glance at it.
    pub fn names(&self) -> Vec<(String, String)> {
        let locals = self.locals.borrow();
        let mut found: Vec<(String, String)> =
            locals.names().map(|name| (name.to_owned(), self.glance(&self.root(name)))).collect();
        let globals = self.runtime.lua.globals();
        for (key, value) in globals.pairs::<Value, Value>().flatten() {
            if let Value::String(name) = &key {
                let name = name.to_string_lossy();
                if locals.key(&name).is_none() {
                    found.push((name, self.glance(&value)));
                }
            }
        }
        found
    }

    /// What stands at a path. No metamethod runs, so looking changes nothing.
    pub fn inspect(&self, root: &str, path: &[Step]) -> (Inspected, Option<InAnswer>) {
        let mut value = self.root(root);
        let mut answer: Option<InAnswer> = None;
        for step in path {
            answer = self.answer_of(&value).or(answer);
            let Value::Table(table) = &value else { return (Inspected::Other, answer) };
            value = match step {
                Step::Field(name) => table.raw_get(name.as_str()).unwrap_or(Value::Nil),
                Step::Index(index) => table.raw_get(*index).unwrap_or(Value::Nil),
            };
            if let (Some(answer), Step::Field(name)) = (&mut answer, step) {
                answer.fields.push(name.clone());
            }
        }
        answer = self.answer_of(&value).or(answer);
        (self.look(&value), answer)
    }

    fn root(&self, name: &str) -> Value {
        let locals = self.locals.borrow();
        let found = match locals.key(name) {
            Some(key) => self.cells.raw_get(key),
            None => self.runtime.lua.globals().raw_get(name),
        };
        found.unwrap_or(Value::Nil)
    }

    fn answer_of(&self, value: &Value) -> Option<InAnswer> {
        let Value::Table(table) = value else { return None };
        let about = self.meta.call::<Option<Table>>(table).ok().flatten()?;
        Some(InAnswer { action: about.raw_get("action").ok()?, fields: Vec::new() })
    }

    fn look(&self, value: &Value) -> Inspected {
        match value {
            Value::Function(function) => self.action_name(function).map_or(Inspected::Other, Inspected::Action),
            Value::Table(table) => {
                if let Some(name) = catalogue_name(table) {
                    return Inspected::Catalogue(name);
                }
                let mut fields = Vec::new();
                for (key, value) in table.pairs::<Value, Value>().flatten().take(MOST_FIELDS) {
                    if let Value::String(name) = &key {
                        fields.push((name.to_string_lossy(), self.glance(&value)));
                    }
                }
                fields.sort();
                Inspected::Table(fields)
            }
            _ => Inspected::Other,
        }
    }

    fn action_name(&self, function: &Function) -> Option<String> {
        let name: Function = self.runtime.core.get("action_name").ok()?;
        name.call::<Option<String>>(function).ok().flatten()
    }

    /// A value in a few words.
    fn glance(&self, value: &Value) -> String {
        match value {
            Value::Table(table) => match (catalogue_name(table), table.raw_len()) {
                (Some(name), _) => name,
                (None, 0) => "table".to_owned(),
                (None, length) => format!("list of {length}"),
            },
            Value::Function(function) => match self.action_name(function) {
                Some(name) => format!("Action {name}"),
                None => "function".to_owned(),
            },
            other => pretty::glance(other),
        }
    }

    fn shown(&self, value: &Value, width: usize) -> String {
        match value {
            Value::Function(function) => match self.action_name(function) {
                Some(name) => format!("Action {name}; ?{name} shows its page"),
                None => pretty::render(value, width),
            },
            Value::Table(table) => match catalogue_name(table) {
                Some(name) => format!("{name}; ?{name} shows its page"),
                None => pretty::render(value, width),
            },
            _ => pretty::render(value, width),
        }
    }
}

/// A look at a table ends after so many fields: nobody reads on, and the table may have millions.
const MOST_FIELDS: usize = 2_000;

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

/// The catalogue's name of a product's or service's table.
fn catalogue_name(table: &Table) -> Option<String> {
    let meta = table.metatable()?;
    let kind: String = meta.raw_get("__name").ok()?;
    if kind != "product" && kind != "service" {
        return None;
    }
    let named: String = meta.raw_get::<Function>("__tostring").ok()?.call(table).ok()?;
    named.split_once(' ').map(|(_, name)| name.to_owned())
}

/// A wrong text as Lua should judge it: what begins as no statement can was meant as an expression.
fn judged(text: &str) -> String {
    let first = tokens(text).into_iter().find(|token| token.kind != TokenKind::Comment);
    let is_expression = first.is_some_and(|token| match token.kind {
        TokenKind::Number | TokenKind::Text | TokenKind::BrokenText => true,
        _ => matches!(token.text(text), "{" | "nil" | "true" | "false" | "not" | "-" | "#" | "~" | "..."),
    });
    if is_expression { format!("return {text}") } else { text.to_owned() }
}

fn wrong(failure: &mlua::Error) -> ScriptError {
    match failure {
        mlua::Error::SyntaxError { message, .. } => {
            let located = error::located(message, "");
            ScriptError { kind: Some("validation".to_owned()), message: format!("this is no Lua: {}", located.message), ..located }
        }
        other => internal(other),
    }
}

fn invalid(message: &str) -> ScriptError {
    ScriptError { kind: Some("validation".to_owned()), message: message.to_owned(), ..ScriptError::default() }
}

impl Session {
    fn load(&self, name: &str, text: &str) -> mlua::Result<Function> {
        let chunk = self.runtime.lua.load(text).set_name(name).set_mode(mlua::chunk::ChunkMode::Text);
        chunk.set_environment(self.environment.clone()).into_function()
    }
}
