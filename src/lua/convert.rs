//! Values between Lua and the layers below: parameters down, answers up.

use super::secret::SecretValue;
use crate::client::validate::Fault;
use crate::client::value::{Params, Value};
use mlua::{Lua, Table, Value as LuaValue};
use serde_json::Value as Json;
use std::ffi::c_void;

/// The registry's name of the metatable that marks a list, so that an empty one stays a list.
const LIST_MARK: &str = "cumulua.list";

/// Deeper tables than this are refused.
const DEEPEST: usize = 100;

/// More values than this are refused: tables that share their parts grow without end when they are written out.
const MOST_VALUES: usize = 2_000_000;

/// A script's parameters as the client takes them; all faults at once.
pub(super) fn params(table: &Table) -> Result<Params, Vec<Fault>> {
    let mut walk = Walk::default();
    let params = walk.object("", table);
    if walk.faults.is_empty() { Ok(params) } else { Err(walk.faults) }
}

/// A script's value as the client takes it; none for nil.
pub(super) fn value(path: &str, value: &LuaValue) -> Result<Option<Value>, Vec<Fault>> {
    let mut walk = Walk::default();
    let value = walk.value(path, value);
    if walk.faults.is_empty() { Ok(value) } else { Err(walk.faults) }
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
        self.faults.push(Fault { path: path.to_owned(), problem: problem.into() });
        None
    }

    fn value(&mut self, path: &str, value: &LuaValue) -> Option<Value> {
        self.values += 1;
        match value {
            LuaValue::Nil => None,
            LuaValue::Boolean(value) => Some(Value::Bool(*value)),
            LuaValue::Integer(value) => Some(Value::Integer(*value)),
            LuaValue::Number(value) if value.is_finite() => Some(Value::Float(*value)),
            LuaValue::Number(value) => self.fault(path, format!("{value} is not a number that JSON has")),
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
            other => self.fault(path, format!("is a {}, which is no data", other.type_name())),
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
            // One fault says it; the walk ends without more.
            return if self.faults.is_empty() { self.fault(path, format!("is more than {MOST_VALUES} values")) } else { None };
        }
        self.parents.push(table.to_pointer());
        let converted = if is_list(table) { Value::List(self.list(path, table)) } else { Value::Object(self.object(path, table)) };
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
                // One fault says it: behind a hole a border can be anywhere up to 2^63.
                let problem = if item.is_nil() { "is nil: a list must have no holes" } else { "is one value too many" };
                self.fault(&here, problem);
                return items;
            } else if let Some(item) = self.value(&here, &item) {
                items.push(item);
            }
        }
        for (key, _) in table.pairs::<LuaValue, LuaValue>().flatten() {
            if !matches!(key, LuaValue::Integer(index) if index >= 1 && usize::try_from(index).is_ok_and(|index| index <= length)) {
                let shown = key.to_string().unwrap_or_default();
                self.fault(path, format!("is a list that has the key {shown} too"));
            }
        }
        items
    }

    fn object(&mut self, path: &str, table: &Table) -> Params {
        let mut fields = Params::new();
        for (key, field) in table.pairs::<LuaValue, LuaValue>().flatten() {
            let LuaValue::String(name) = &key else {
                let shown = key.to_string().unwrap_or_default();
                self.fault(path, format!("has the key {shown}, a {} and not a name", key.type_name()));
                continue;
            };
            let Ok(name) = name.to_str() else {
                self.fault(path, "has a name that is not UTF-8");
                continue;
            };
            let here = if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
            if let Some(field) = self.value(&here, &field) {
                fields.insert(name.to_owned(), field);
            }
        }
        fields
    }
}

/// An empty table is an object unless it was decoded from an empty list; validation takes either for the other.
fn is_list(table: &Table) -> bool {
    table.raw_len() > 0 || table.metatable().is_some_and(|mark| mark.raw_get(LIST_MARK).unwrap_or(false))
}

/// Makes values while the VM's memory is not limited. Under a limit mlua guards each string and each field by a protected call, which is
/// half of the work. What is made so must be limited otherwise; the limit then ends the script at its next allocation.
pub(super) fn unguarded<T>(lua: &Lua, make: impl FnOnce() -> mlua::Result<T>) -> mlua::Result<T> {
    let limit = lua.set_memory_limit(0)?;
    let made = make();
    lua.set_memory_limit(limit)?;
    made
}

/// A Lua value as JSON, for `json.encode`; secrets stay closed.
pub(super) fn lua_to_json(given: &LuaValue) -> Result<Json, String> {
    match value("", given) {
        Err(faults) => Err(faults.first().map_or_else(String::new, |fault| format!("the value {fault}"))),
        Ok(converted) => Ok(converted.map_or(Json::Null, |value| value.to_redacted_json())),
    }
}

/// The metatable that marks a list.
pub(super) fn list_mark(lua: &Lua) -> mlua::Result<Table> {
    if let Ok(mark) = lua.named_registry_value::<Table>(LIST_MARK) {
        return Ok(mark);
    }
    let mark = lua.create_table()?;
    mark.set(LIST_MARK, true)?;
    lua.set_named_registry_value(LIST_MARK, &mark)?;
    Ok(mark)
}

/// Every value that stands at a path of the catalogue (`Data.Instances[]`) in an answer.
pub(super) fn at(answer: &LuaValue, path: &str) -> mlua::Result<Vec<LuaValue>> {
    let mut found = vec![answer.clone()];
    for part in path.split('.') {
        let key = part.strip_suffix("[]");
        let mut next = Vec::new();
        for value in found.iter().filter_map(LuaValue::as_table) {
            match value.raw_get::<LuaValue>(key.unwrap_or(part))? {
                LuaValue::Table(list) if key.is_some() && is_list(&list) => {
                    next.extend(list.sequence_values::<LuaValue>().flatten().filter(|item| !item.is_null()));
                }
                LuaValue::Nil => {}
                other => next.push(other),
            }
        }
        found = next;
    }
    Ok(found)
}
