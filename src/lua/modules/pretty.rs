//! `pp`: values as a person reads them: records as aligned tables, everything else indented.

use super::records;
use crate::lua::native::{Natives, invalid};
use crate::lua::{convert, error};
use mlua::{Table, Value};
use std::fmt::Write as _;

/// Lines before a value is cut: a terminal's scroll-back is no place for more.
pub(super) const MOST_LINES: usize = 2_000;
/// Levels before a value is cut.
const DEEPEST: usize = 12;
/// A text that is only glanced at, in characters.
const GLANCE: usize = 40;

pub(in crate::lua) fn register(natives: &Natives<'_>) -> mlua::Result<()> {
    natives.fallible("pretty", |lua, _, (value, format): (Value, Option<String>)| match format.as_deref() {
        None => Ok(Ok(render(&value, width()))),
        Some("json") => match convert::lua_to_json(&value) {
            Ok(json) => Ok(Ok(format!("{json:#}"))),
            Err(problem) => Ok(Err(invalid(lua, &format!("pp: {problem}"))?)),
        },
        Some(other) => Ok(Err(invalid(lua, &format!("pp knows no format {other:?}; there is \"json\""))?)),
    })
}

/// A value as text for a terminal of that width.
pub fn render(value: &Value, width: usize) -> String {
    if let Value::Table(table) = value
        && let Some(text) = records::render(table, width)
    {
        return text;
    }
    let mut text = String::new();
    let mut parents = Vec::new();
    write_value(&mut text, value, 0, width, &mut parents);
    text
}

/// The columns that standard output has; 100 where it is no terminal.
pub(in crate::lua) fn width() -> usize {
    console::Term::stdout().size_checked().map_or(100, |(_, columns)| usize::from(columns)).max(20)
}

/// Text without control characters: a resource's name must not drive the terminal.
pub(super) fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() && c != '\n' { '\u{fffd}' } else { c }).collect()
}

fn write_value(text: &mut String, value: &Value, depth: usize, width: usize, parents: &mut Vec<*const std::ffi::c_void>) {
    let Value::Table(table) = value else {
        text.push_str(&scalar(value));
        return;
    };
    if error::is_error(table) {
        text.push_str(&scalar(value));
        return;
    }
    if parents.contains(&table.to_pointer()) {
        text.push_str("{ … itself }");
        return;
    }
    if depth >= DEEPEST {
        text.push_str("{ … }");
        return;
    }
    if depth > 0
        && let Some(records) = records::render(table, width.saturating_sub(depth * 2))
    {
        let indent = "  ".repeat(depth);
        records.lines().for_each(|line| {
            let _ = write!(text, "\n{indent}{line}");
        });
        return;
    }
    parents.push(table.to_pointer());
    let entries = entries(table);
    let mut short = String::from("{ ");
    let flat = entries.iter().all(|(_, value)| !matches!(value, Value::Table(_)));
    if flat {
        let parts: Vec<String> = entries.iter().map(|(key, value)| format!("{key}{}", scalar(value))).collect();
        short += &parts.join(", ");
    }
    if entries.is_empty() {
        text.push_str("{}");
    } else if flat && short.chars().count() + depth * 2 + 2 <= width {
        text.push_str(&short);
        text.push_str(" }");
    } else {
        write_lines(text, &entries, depth, width, parents);
    }
    parents.pop();
}

fn write_lines(
    text: &mut String,
    entries: &[(String, Value)],
    depth: usize,
    width: usize,
    parents: &mut Vec<*const std::ffi::c_void>,
) {
    let indent = "  ".repeat(depth + 1);
    text.push_str("{\n");
    for (index, (key, value)) in entries.iter().enumerate() {
        if text.matches('\n').count() >= MOST_LINES {
            let _ = writeln!(text, "{indent}… and {} more", entries.len() - index);
            break;
        }
        let _ = write!(text, "{indent}{key}");
        write_value(text, value, depth + 1, width, parents);
        text.push_str(",\n");
    }
    let _ = write!(text, "{}}}", "  ".repeat(depth));
}

/// A table's entries: the list part as it stands, then the rest by name.
fn entries(table: &Table) -> Vec<(String, Value)> {
    // A table with holes can have a border far behind its last element.
    let length = Some(table.raw_len()).filter(|length| *length <= table.pairs::<Value, Value>().count()).unwrap_or(0);
    let listed = (1..=length).filter_map(|index| Some((String::new(), table.raw_get::<Value>(index).ok()?)));
    let mut named: Vec<(String, Value)> = Vec::new();
    for (key, value) in table.pairs::<Value, Value>().flatten() {
        match &key {
            Value::Integer(index) if usize::try_from(*index).is_ok_and(|index| (1..=length).contains(&index)) => {}
            Value::String(name) if is_identifier(&name.to_string_lossy()) => {
                named.push((format!("{} = ", name.to_string_lossy()), value));
            }
            other => named.push((format!("[{}] = ", scalar(other)), value)),
        }
    }
    named.sort_by(|a, b| a.0.cmp(&b.0));
    listed.chain(named).collect()
}

fn is_identifier(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with(|first: char| first.is_ascii_digit())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// A value that is no table in a few words.
pub(in crate::lua) fn glance(value: &Value) -> String {
    let text = scalar(value);
    if text.chars().count() <= GLANCE { text } else { text.chars().take(GLANCE - 1).chain(['…']).collect() }
}

pub(super) fn scalar(value: &Value) -> String {
    match value {
        Value::String(text) => format!("{:?}", text.to_string_lossy()),
        Value::LightUserData(pointer) if pointer.0.is_null() => "null".to_owned(),
        other => other.to_string().unwrap_or_else(|_| other.type_name().to_owned()),
    }
}
