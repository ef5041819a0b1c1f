//! Errors as scripts see them: one table with the fields of the contract, whose text is a sentence
//! with the script's own line.

use super::marks::{self, is_error};
use super::stop_sign::StopSign;
use super::{json, pretty};
use crate::client::command::AccountRef;
use crate::client::error::{CallError, Failure, Kind};
use crate::client::waiter::Task;
use crate::gate::{Denied, Gate, StopReason, VariableError, WaitError};
use cumulua_core::controls;
use mlua::{Lua, Table, Value};
use serde_json::Value as Json;
use std::fmt;
use std::sync::Arc;

/// An error that left the script, as the command reports it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ScriptError {
    /// The kind; none for an error of Lua itself.
    pub kind: Option<String>,
    /// What happened.
    pub message: String,
    /// The Action.
    pub action: Option<String>,
    /// The service's code.
    pub code: Option<String>,
    /// The HTTP status.
    pub http_status: Option<u16>,
    /// The request's id.
    pub request_id: Option<String>,
    /// How often the call was sent.
    pub attempts: Option<u32>,
    /// May it have been carried out?
    pub sent: Option<String>,
    /// The script's file or chunk.
    pub source: Option<String>,
    /// The line in it, from 1.
    pub line: Option<u32>,
    /// The rest of the stack.
    pub traceback: String,
    /// Whether it is only the sign that the run was ended from outside.
    pub is_stop: bool,
}

impl fmt::Display for ScriptError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// What a function of ours raises. `?` takes the errors of the layers below.
pub(super) enum Raised {
    /// Bad input, and what is wrong with it.
    Invalid(String),
    /// Something of that kind.
    Plain(Kind, String),
    /// A text of Lua's own kind, in front of which the script's line is put.
    Text(String),
    /// A failed call.
    Call(Box<Failure>),
    /// A refusal of the gate.
    Denied(Denied),
    /// The end of a run from outside.
    Stopped(StopReason),
    /// A value that has been made already.
    Value(Value),
    /// The VM's own failure, which is no error of the script's.
    Vm(mlua::Error),
}

impl Raised {
    /// Bad input.
    pub(super) fn invalid(problem: impl Into<String>) -> Self {
        Self::Invalid(problem.into())
    }

    /// The value that Lua raises, or the VM's failure.
    pub(super) fn into_value(self, lua: &Lua) -> mlua::Result<Value> {
        match self {
            Self::Invalid(problem) => invalid(lua, &problem).map(Value::Table),
            Self::Plain(kind, message) => plain(lua, kind, &message).map(Value::Table),
            Self::Text(text) => lua.create_string(text).map(Value::String),
            Self::Call(failure) => call(lua, &failure).map(Value::Table),
            Self::Denied(refusal) => from_denied(lua, &refusal).map(Value::Table),
            Self::Stopped(stop) => stopped(lua, &stop).map(Value::Table),
            Self::Value(value) => Ok(value),
            Self::Vm(failure) => Err(failure),
        }
    }
}

impl From<mlua::Error> for Raised {
    fn from(failure: mlua::Error) -> Self {
        Self::Vm(failure)
    }
}

impl From<Failure> for Raised {
    fn from(failure: Failure) -> Self {
        Self::Call(Box::new(failure))
    }
}

impl From<Denied> for Raised {
    fn from(refusal: Denied) -> Self {
        Self::Denied(refusal)
    }
}

impl From<VariableError> for Raised {
    fn from(error: VariableError) -> Self {
        match error {
            VariableError::Denied(refusal) => Self::Denied(refusal),
            VariableError::Stopped(stop) => Self::Stopped(stop),
        }
    }
}

impl From<StopReason> for Raised {
    fn from(stop: StopReason) -> Self {
        Self::Stopped(stop)
    }
}

impl From<Table> for Raised {
    fn from(error: Table) -> Self {
        Self::Value(Value::Table(error))
    }
}

/// A text of others as people see it: every text of an error that is ours is made here.
pub(super) fn present(lua: &Lua, text: &str) -> String {
    match lua.app_data_ref::<Arc<Gate>>() {
        Some(gate) => gate.present(text),
        None => controls::escape(text).into_owned(),
    }
}

/// An error value with a kind and a message.
pub(super) fn plain(lua: &Lua, kind: Kind, message: &str) -> mlua::Result<Table> {
    let table = lua.create_table()?;
    table.raw_set("kind", kind.as_str())?;
    table.raw_set("message", present(lua, message))?;
    table.raw_set("sent", "no")?;
    table.raw_set("retryable", false)?;
    table.raw_set("attempts", 0)?;
    table.set_metatable(Some(metatable(lua)?))?;
    Ok(table)
}

/// An error value of bad input.
pub(super) fn invalid(lua: &Lua, problem: &str) -> mlua::Result<Table> {
    plain(lua, Kind::Validation, problem)
}

/// A failed call as an error value.
fn call(lua: &Lua, failure: &Failure) -> mlua::Result<Table> {
    let error = &failure.error;
    let table = plain(lua, error.kind(), &failure.message())?;
    if let Some(lookup) = &failure.lookup {
        table.raw_set("lookup", &*lookup.reading().full_name)?;
        let params: Json = lookup
            .params()
            .iter()
            .map(|(name, value)| (name.clone(), value.to_redacted_json()))
            .collect();
        table.raw_set("lookup_params", json::from_value(lua, &params)?)?;
    }
    if let Some(number) = failure.number {
        marks::lost(lua)?.raw_set(&table, number)?;
    }
    let token = failure.token.as_ref();
    table.raw_set("token", token.map(|token| token.value.as_str()))?;
    table.raw_set("action", failure.action.as_str())?;
    table.raw_set("attempts", failure.attempts)?;
    table.raw_set("sent", failure.sent.as_str())?;
    table.raw_set("retryable", failure.retryable)?;
    table.raw_set("http_status", error.http_status())?;
    if let Some(refusal) = error.refusal() {
        table.raw_set("code", refusal.code.as_deref())?;
        table.raw_set("request_id", refusal.request_id.as_deref())?;
    }
    if let CallError::Invalid(faults) = error {
        let list = lua.create_table()?;
        for (index, fault) in faults.iter().enumerate() {
            let entry = lua.create_table()?;
            entry.raw_set("path", fault.path.as_str())?;
            entry.raw_set("problem", fault.problem.as_str())?;
            list.raw_set(index + 1, entry)?;
        }
        table.raw_set("faults", list)?;
    }
    Ok(table)
}

/// A failed wait as an error value.
pub(super) fn wait(
    lua: &Lua,
    error: &WaitError,
    run: &AccountRef,
    handle: impl Fn(&Task) -> mlua::Result<Table>,
) -> mlua::Result<Table> {
    let kind = match error {
        WaitError::UnknownDialect { .. } | WaitError::Incomplete { .. } => Kind::Validation,
        WaitError::Failed { .. } => Kind::Task,
        WaitError::TimedOut { .. } => Kind::Timeout,
        WaitError::Cancelled { .. } => Kind::Cancelled,
        WaitError::Call { failure, .. } => failure.error.kind(),
    };
    let table = match error {
        WaitError::Call { failure, .. } => call(lua, failure)?,
        _ => plain(lua, kind, "")?,
    };
    let mut message = error.to_string();
    if let (Some(task), WaitError::TimedOut { .. }) = (error.task(), error) {
        message = format!("{message}; `{}` waits for it again", task.command(run));
    }
    table.raw_set("message", present(lua, &message))?;
    table.raw_set(
        "sent",
        if kind == Kind::Validation {
            "no"
        } else {
            "yes"
        },
    )?;
    table.raw_set("retryable", matches!(error, WaitError::TimedOut { .. }))?;
    if let WaitError::Failed {
        state, resources, ..
    } = error
    {
        table.raw_set("code", present(lua, state))?;
        table.raw_set(
            "resources",
            lua.create_sequence_from(resources.iter().map(String::as_str))?,
        )?;
    }
    if let Some(task) = error.task() {
        table.raw_set("task", handle(task)?)?;
    }
    Ok(table)
}

/// A refusal of the gate as an error value.
fn from_denied(lua: &Lua, denied: &Denied) -> mlua::Result<Table> {
    let kind = match denied {
        Denied::Policy(_) => Kind::Policy,
        Denied::Config(error) if error.is_about_credentials() => Kind::Credentials,
        Denied::NoSuchPath { .. } | Denied::Config(_) => Kind::Validation,
    };
    plain(lua, kind, &denied.to_string())
}

/// The end of a run from outside as an error value.
pub(super) fn stopped(lua: &Lua, stop: &StopReason) -> mlua::Result<Table> {
    plain(lua, Kind::Cancelled, &stop.describe())
}

/// Whatever a script raised, as the command reports it.
pub(super) fn from_lua(gate: &Gate, value: &Value, traceback: &str) -> ScriptError {
    match value {
        Value::Table(table) if is_error(table) => {
            let text = |key: &str| table.raw_get::<Option<String>>(key).ok().flatten();
            ScriptError {
                kind: text("kind"),
                message: sentence(table, false),
                action: text("action"),
                code: text("code"),
                http_status: table.raw_get("http_status").ok().flatten(),
                request_id: text("request_id"),
                attempts: table.raw_get("attempts").ok().flatten(),
                sent: text("sent"),
                source: text("source"),
                line: table.raw_get("line").ok().flatten(),
                traceback: traceback.to_owned(),
                is_stop: text("kind").as_deref() == Some(Kind::Cancelled.as_str()),
            }
        }
        Value::String(text) => {
            let bytes = text.as_bytes();
            locate(&gate.beginning(&String::from_utf8_lossy(&bytes)), traceback)
        }
        Value::Error(error) => ScriptError {
            is_stop: error.downcast_ref::<StopSign>().is_some(),
            ..locate(&gate.beginning(&error.to_string()), traceback)
        },
        other => ScriptError {
            message: render(gate, other),
            traceback: traceback.to_owned(),
            ..ScriptError::default()
        },
    }
}

/// A value that is no error of ours, as a person reads it.
fn render(gate: &Gate, value: &Value) -> String {
    let has_text = |table: &Table| {
        table
            .metatable()
            .is_some_and(|meta| meta.contains_key("__tostring").unwrap_or(false))
    };
    match value {
        Value::Table(table) if has_text(table) => value
            .to_string()
            .unwrap_or_else(|_| "a table was raised".to_owned()),
        Value::Table(_) => format!(
            "a table was raised: {}",
            pretty::render(gate, value, pretty::width())
        ),
        Value::Nil => "nil was raised".to_owned(),
        other => format!(
            "a {} was raised: {}",
            other.type_name(),
            pretty::glance(gate, other)
        ),
    }
}

/// Lua's own errors begin with `file:line: `.
pub(super) fn locate(text: &str, traceback: &str) -> ScriptError {
    let mut error = ScriptError {
        message: text.to_owned(),
        traceback: traceback.to_owned(),
        ..ScriptError::default()
    };
    let mut rest = text;
    let mut consumed = 0;
    while let Some(colon) = rest.find(':') {
        let after = &rest[colon + 1..];
        let digits = after.bytes().take_while(u8::is_ascii_digit).count();
        if digits > 0 && after[digits..].starts_with(": ") {
            error.source = Some(format!("@{}", &text[..consumed + colon]));
            error.line = after[..digits].parse().ok();
            after[digits + 2..].clone_into(&mut error.message);
            break;
        }
        consumed += colon + 1;
        rest = after;
    }
    error
}

fn metatable(lua: &Lua) -> mlua::Result<Table> {
    if let Ok(known) = lua.named_registry_value::<Table>(marks::ERROR) {
        return Ok(known);
    }
    let meta = lua.create_table()?;
    meta.set("__name", "error")?;
    meta.set(marks::ERROR, true)?;
    meta.set(
        "__tostring",
        lua.create_function(|_, table: Table| Ok(sentence(&table, true)))?,
    )?;
    let concat = |_: &Lua, (left, right): (Value, Value)| {
        let text = |value: Value| match value {
            Value::Table(table) if is_error(&table) => Ok(sentence(&table, true)),
            other => other.to_string(),
        };
        Ok(text(left)? + &text(right)?)
    };
    meta.set("__concat", lua.create_function(concat)?)?;
    lua.set_named_registry_value(marks::ERROR, &meta)?;
    Ok(meta)
}

/// `script.lua:12: cds.ccs.CreateInstance: what happened`.
fn sentence(table: &Table, with_place: bool) -> String {
    let text = |key: &str| table.raw_get::<Option<String>>(key).ok().flatten();
    let place = text("where")
        .filter(|_| with_place)
        .map(|place| place + ": ")
        .unwrap_or_default();
    let action = text("action")
        .map(|action| action + ": ")
        .unwrap_or_default();
    place + &action + &text("message").unwrap_or_default()
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
        mlua::Error::CallbackError { cause, .. } | mlua::Error::BadArgument { cause, .. } => {
            is_memory_error(cause)
        }
        _ => false,
    }
}
