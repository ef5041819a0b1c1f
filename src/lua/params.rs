//! A script's values as the client takes them: parameters, options, what becomes JSON.

use super::marks::is_list;
use super::memory_budget::{BudgetedText, MemoryBudget, used_up};
use super::secret::SecretValue;
use crate::client::validate::Fault;
use crate::client::value::{Params, Value};
use mlua::{Table, Value as LuaValue};
use serde_json::Value as Json;
use std::ffi::c_void;

/// Deeper tables than this are refused.
const DEEPEST: usize = 100;

/// More values than this are refused: tables that share their parts grow without end when they are
/// written out.
const MOST_VALUES: usize = 2_000_000;

/// And more text than this, in bytes: no service takes as much.
const MOST_TEXT: usize = 8 << 20;

/// What a value takes beside its text, in bytes.
const VALUE: usize = size_of::<Value>();

/// A script's parameters as the client takes them; all faults at once.
pub(super) fn table(table: &Table) -> Result<Params, Vec<Fault>> {
    walked(Walk::within(MOST_TEXT), table)
}

/// The same without one of them, which is no value of JSON.
pub(super) fn table_without(table: &Table, name: &str) -> Result<Params, Vec<Fault>> {
    let without = Some(name.to_owned());
    let walk = Walk {
        without,
        ..Walk::within(MOST_TEXT)
    };
    walked(walk, table)
}

fn walked(mut walk: Walk, table: &Table) -> Result<Params, Vec<Fault>> {
    let params = walk.object("", table);
    if walk.faults.is_empty() {
        Ok(params)
    } else {
        Err(walk.faults)
    }
}

/// A script's value as the client takes it; none for nil.
pub(super) fn value(path: &str, value: &LuaValue) -> Result<Option<Value>, Vec<Fault>> {
    let mut walk = Walk::within(MOST_TEXT);
    let value = walk.value(path, value);
    if walk.faults.is_empty() {
        Ok(value)
    } else {
        Err(walk.faults)
    }
}

/// One walk through a script's tables.
struct Walk {
    /// The parameter that is passed over.
    without: Option<String>,
    faults: Vec<Fault>,
    parents: Vec<*const c_void>,
    values: usize,
    /// Bytes of text, and how many there may be.
    text: usize,
    most_text: usize,
    /// What all of it may take, in bytes.
    most: usize,
}

impl Walk {
    fn within(most_text: usize) -> Self {
        Self {
            without: None,
            faults: Vec::new(),
            parents: Vec::new(),
            values: 0,
            text: 0,
            most_text,
            most: usize::MAX,
        }
    }

    /// Whether there are more values than may be.
    fn is_full(&self) -> bool {
        self.values > MOST_VALUES || self.values * VALUE > self.most
    }

    /// What is converted takes so many bytes.
    fn size(&self) -> usize {
        self.text + self.values * VALUE
    }

    /// Whether there is so much more text than may be; then the walk ends.
    fn is_too_long(&mut self, path: &str, text: usize) -> bool {
        self.text += text;
        if self.text <= self.most_text {
            return false;
        }
        if !self.is_full() {
            self.values = MOST_VALUES + 1;
            let most = self.most_text >> 20;
            self.fault(path, format!("makes more than {most} MiB of text"));
        }
        true
    }

    fn fault(&mut self, path: &str, problem: impl Into<String>) -> Option<Value> {
        self.faults.push(Fault {
            path: path.to_owned(),
            problem: problem.into(),
        });
        None
    }

    fn value(&mut self, path: &str, value: &LuaValue) -> Option<Value> {
        self.values += 1;
        match value {
            LuaValue::Nil => None,
            LuaValue::Boolean(value) => Some(Value::Bool(*value)),
            LuaValue::Integer(value) => Some(Value::Integer(*value)),
            LuaValue::Number(value) if value.is_finite() => Some(Value::Float(*value)),
            LuaValue::Number(value) => {
                self.fault(path, format!("{value} is not a number that JSON has"))
            }
            LuaValue::String(text) if self.is_too_long(path, text.as_bytes().len()) => None,
            LuaValue::String(text) => match text.to_str() {
                Ok(text) => Some(Value::String(text.to_owned())),
                Err(_) => self.fault(path, "is not UTF-8"),
            },
            LuaValue::LightUserData(pointer) if pointer.0.is_null() => Some(Value::Null),
            LuaValue::UserData(data) => match data.borrow::<SecretValue>() {
                Ok(secret) => Some(Value::Secret(secret.0.clone())),
                Err(_) => self.fault(path, "is a userdata, which is no data"),
            },
            LuaValue::Table(table) => self.table(path, table),
            other => self.fault(
                path,
                format!("is a {}, which is no data", other.type_name()),
            ),
        }
    }

    fn table(&mut self, path: &str, table: &Table) -> Option<Value> {
        if self.parents.contains(&table.to_pointer()) {
            return self.fault(path, "is a table that holds itself");
        }
        if self.parents.len() >= DEEPEST {
            return self.fault(path, format!("is nested more than {DEEPEST} deep"));
        }
        if self.is_full() {
            // One fault is enough; the walk ends without more.
            return if self.faults.is_empty() {
                self.fault(path, format!("is more than {MOST_VALUES} values"))
            } else {
                None
            };
        }
        self.parents.push(table.to_pointer());
        let converted = if is_list(table) {
            Value::List(self.list(path, table))
        } else {
            Value::Object(self.object(path, table))
        };
        self.parents.pop();
        Some(converted)
    }

    fn list(&mut self, path: &str, table: &Table) -> Vec<Value> {
        let length = table.raw_len();
        let mut items = Vec::new();
        for index in 1..=length {
            let item: LuaValue = table.raw_get(index).unwrap_or(LuaValue::Nil);
            let here = format!("{path}[{index}]");
            if item.is_nil() || self.is_full() {
                // One fault is enough: behind a hole a border can be anywhere up to 2^63.
                let problem = if item.is_nil() {
                    "is nil: a list must have no holes"
                } else {
                    "is one value too many"
                };
                self.fault(&here, problem);
                return items;
            } else if let Some(item) = self.value(&here, &item) {
                items.push(item);
            }
        }
        for (key, _) in table.pairs::<LuaValue, LuaValue>().flatten() {
            if !matches!(key, LuaValue::Integer(index) if index >= 1 && usize::try_from(index).is_ok_and(|index| index <= length))
            {
                let text = key.to_string().unwrap_or_default();
                self.fault(path, format!("is a list that has the key {text} too"));
            }
        }
        items
    }

    fn object(&mut self, path: &str, table: &Table) -> Params {
        let mut fields = Params::new();
        for (key, field) in table.pairs::<LuaValue, LuaValue>().flatten() {
            let LuaValue::String(name) = &key else {
                let text = key.to_string().unwrap_or_default();
                self.fault(
                    path,
                    format!("has the key {text}, a {} and not a name", key.type_name()),
                );
                continue;
            };
            let Ok(name) = name.to_str() else {
                self.fault(path, "has a name that is not UTF-8");
                continue;
            };
            if path.is_empty() && self.without.as_deref() == Some(&*name) {
                continue;
            }
            if self.is_too_long(path, name.len()) {
                return fields;
            }
            let here = if path.is_empty() {
                name.to_owned()
            } else {
                format!("{path}.{name}")
            };
            if let Some(field) = self.value(&here, &field) {
                fields.insert(name.to_owned(), field);
            }
        }
        fields
    }
}

/// Why a value does not become JSON.
pub(super) enum NoJson {
    /// It is none, and what is wrong.
    Fault(String),
    /// The script has no room for it.
    NoRoom(mlua::Error),
}

/// A Lua value as JSON text; secrets stay closed. What becomes of its JSON before it is written is
/// what `finish` makes of it, in its place.
pub(super) fn json_text(
    budget: &MemoryBudget,
    given: &LuaValue,
    is_indented: bool,
    finish: impl FnOnce(Json) -> Json,
) -> Result<Vec<u8>, NoJson> {
    // Its values are there twice for a moment, and lists that grow have some to spare.
    let mut walk = Walk {
        most: budget.left() / 3,
        ..Walk::within(budget.left())
    };
    let value = walk.value("", given);
    if walk.text > walk.most_text || walk.values * VALUE > walk.most {
        budget.take(usize::MAX).map_err(NoJson::NoRoom)?;
    }
    if let Some(fault) = walk.faults.first() {
        return Err(NoJson::Fault(format!("the value {fault}")));
    }
    budget.take(walk.size()).map_err(NoJson::NoRoom)?;
    let json = finish(value.map_or(Json::Null, Value::into_redacted_json));
    let mut written = BudgetedText::new(budget);
    let outcome = if is_indented {
        serde_json::to_writer_pretty(&mut written, &json)
    } else {
        serde_json::to_writer(&mut written, &json)
    };
    outcome.map_err(|failure| {
        let failure = std::io::Error::from(failure);
        used_up(&failure).map_or_else(|| NoJson::Fault(failure.to_string()), NoJson::NoRoom)
    })?;
    Ok(written.into_bytes())
}

/// A Lua value as JSON; secrets stay closed.
pub(super) fn json(given: &LuaValue) -> Result<Json, String> {
    match value("", given) {
        Err(faults) => Err(faults
            .first()
            .map_or_else(String::new, |fault| format!("the value {fault}"))),
        Ok(converted) => Ok(converted.map_or(Json::Null, Value::into_redacted_json)),
    }
}
