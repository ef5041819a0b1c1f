//! A script's values as the client takes them: parameters, options, what becomes JSON.

use super::marks::is_list;
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

/// A script's parameters as the client takes them; all faults at once.
pub(super) fn table(table: &Table) -> Result<Params, Vec<Fault>> {
    let mut walk = Walk::default();
    let params = walk.object("", table);
    if walk.faults.is_empty() {
        Ok(params)
    } else {
        Err(walk.faults)
    }
}

/// A script's value as the client takes it; none for nil.
pub(super) fn value(path: &str, value: &LuaValue) -> Result<Option<Value>, Vec<Fault>> {
    let mut walk = Walk::default();
    let value = walk.value(path, value);
    if walk.faults.is_empty() {
        Ok(value)
    } else {
        Err(walk.faults)
    }
}

/// One walk through a script's tables.
#[derive(Default)]
struct Walk {
    faults: Vec<Fault>,
    parents: Vec<*const c_void>,
    values: usize,
}

impl Walk {
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
        if self.values > MOST_VALUES {
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
            if item.is_nil() || self.values > MOST_VALUES {
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

/// A Lua value as JSON, for `json.encode`; secrets stay closed.
pub(super) fn json(given: &LuaValue) -> Result<Json, String> {
    match value("", given) {
        Err(faults) => Err(faults
            .first()
            .map_or_else(String::new, |fault| format!("the value {fault}"))),
        Ok(converted) => Ok(converted.map_or(Json::Null, |value| value.to_redacted_json())),
    }
}
