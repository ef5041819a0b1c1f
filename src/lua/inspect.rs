//! Looks at a session's values without touching them: no metamethod of a script runs, so looking
//! changes nothing.

use super::pretty;
use super::session::{Session, Values};
use cumulua_core::controls;
use mlua::{Function, Table, Value};

/// A step of a path through a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PathStep {
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

impl Values {
    /// The values as text for a terminal of that width, one below the other.
    pub fn text(&self, session: &Session, width: usize) -> String {
        let texts: Vec<String> = self
            .0
            .iter()
            .map(|value| session.render(value, width))
            .collect();
        texts.join("\n")
    }
}

impl Session {
    /// The session's locals and globals, each with a glance at it.
    pub fn names(&self) -> Vec<(String, String)> {
        let locals = self.locals.borrow();
        let mut found: Vec<(String, String)> = locals
            .names()
            .map(|name| (name.to_owned(), self.glance(&self.root(name))))
            .collect();
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
    pub fn inspect(&self, root: &str, path: &[PathStep]) -> (Inspected, Option<InAnswer>) {
        let mut value = self.root(root);
        let mut answer: Option<InAnswer> = None;
        for step in path {
            answer = self.answer_of(&value).or(answer);
            let Value::Table(table) = &value else {
                return (Inspected::Other, answer);
            };
            value = match step {
                PathStep::Field(name) => table.raw_get(name.as_str()).unwrap_or(Value::Nil),
                PathStep::Index(index) => table.raw_get(*index).unwrap_or(Value::Nil),
            };
            if let (Some(answer), PathStep::Field(name)) = (&mut answer, step) {
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
        let Value::Table(table) = value else {
            return None;
        };
        let about = self.meta.call::<Option<Table>>(table).ok().flatten()?;
        Some(InAnswer {
            action: about.raw_get("action").ok()?,
            fields: Vec::new(),
        })
    }

    fn look(&self, value: &Value) -> Inspected {
        match value {
            Value::Function(function) => self
                .action_name(function)
                .map_or(Inspected::Other, Inspected::Action),
            Value::Table(table) => {
                if let Some(name) = catalogue_name(table) {
                    return Inspected::Catalogue(name);
                }
                let mut fields = Vec::new();
                for (key, value) in table.pairs::<Value, Value>().flatten().take(MOST_FIELDS) {
                    if let Value::String(name) = &key {
                        let name = name.to_string_lossy();
                        // The list behind Tab shows names as they are.
                        let is_secret = self.runtime.gate.redact(&name) != name;
                        if !is_secret && !name.contains(controls::is_control) {
                            fields.push((name, self.glance(&value)));
                        }
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
            other => pretty::glance(&self.runtime.gate, other),
        }
    }

    fn render(&self, value: &Value, width: usize) -> String {
        match value {
            Value::Function(function) => match self.action_name(function) {
                Some(name) => format!("Action {name}; ?{name} shows its page"),
                None => pretty::render(&self.runtime.gate, value, width),
            },
            Value::Table(table) => match catalogue_name(table) {
                Some(name) => format!("{name}; ?{name} shows its page"),
                None => pretty::render(&self.runtime.gate, value, width),
            },
            _ => pretty::render(&self.runtime.gate, value, width),
        }
    }
}

/// A look at a table ends after so many fields: more is not read, and the table may have millions.
const MOST_FIELDS: usize = 2_000;

/// The catalogue's name of a product's or service's table.
fn catalogue_name(table: &Table) -> Option<String> {
    let meta = table.metatable()?;
    let kind: String = meta.raw_get("__name").ok()?;
    if kind != "product" && kind != "service" {
        return None;
    }
    let named: String = meta
        .raw_get::<Function>("__tostring")
        .ok()?
        .call(table)
        .ok()?;
    named.split_once(' ').map(|(_, name)| name.to_owned())
}
