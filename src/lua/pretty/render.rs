//! Any value as text: lists of records as tables, short tables on a line, others indented.

use super::records;
use super::scalar::{MOST_LINES, scalar};
use crate::gate::Gate;
use crate::lua::marks::is_error;
use mlua::{Table, Value};
use std::fmt::Write as _;

/// Levels before a value is cut.
const DEEPEST: usize = 12;

/// A value as text for a terminal of that width.
pub fn render(gate: &Gate, value: &Value, width: usize) -> String {
    if let Value::Table(table) = value
        && let Some(text) = records::render(gate, table, width)
    {
        return text;
    }
    let mut text = String::new();
    let mut parents = Vec::new();
    write_value(gate, &mut text, value, 0, width, &mut parents);
    text
}

fn write_value(
    gate: &Gate,
    text: &mut String,
    value: &Value,
    depth: usize,
    width: usize,
    parents: &mut Vec<*const std::ffi::c_void>,
) {
    let Value::Table(table) = value else {
        text.push_str(&scalar(gate, value));
        return;
    };
    if is_error(table) {
        text.push_str(&scalar(gate, value));
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
        && let Some(records) = records::render(gate, table, width.saturating_sub(depth * 2))
    {
        let indent = "  ".repeat(depth);
        records.lines().for_each(|line| {
            let _ = write!(text, "\n{indent}{line}");
        });
        return;
    }
    parents.push(table.to_pointer());
    let entries = entries(gate, table);
    let mut short = String::from("{ ");
    let flat = entries
        .iter()
        .all(|(_, value)| !matches!(value, Value::Table(_)));
    if flat {
        let parts: Vec<String> = entries
            .iter()
            .map(|(key, value)| format!("{key}{}", scalar(gate, value)))
            .collect();
        short += &parts.join(", ");
    }
    if entries.is_empty() {
        text.push_str("{}");
    } else if flat && short.chars().count() + depth * 2 + 2 <= width {
        text.push_str(&short);
        text.push_str(" }");
    } else {
        write_lines(gate, text, &entries, depth, width, parents);
    }
    parents.pop();
}

fn write_lines(
    gate: &Gate,
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
        write_value(gate, text, value, depth + 1, width, parents);
        text.push_str(",\n");
    }
    let _ = write!(text, "{}}}", "  ".repeat(depth));
}

/// A table's entries: the list part as it stands, then the rest by name.
fn entries(gate: &Gate, table: &Table) -> Vec<(String, Value)> {
    // A table with holes can have a border far behind its last element.
    let length = Some(table.raw_len())
        .filter(|length| *length <= table.pairs::<Value, Value>().count())
        .unwrap_or(0);
    let listed =
        (1..=length).filter_map(|index| Some((String::new(), table.raw_get::<Value>(index).ok()?)));
    let mut named: Vec<(String, Value)> = Vec::new();
    for (key, value) in table.pairs::<Value, Value>().flatten() {
        match &key {
            Value::Integer(index)
                if usize::try_from(*index).is_ok_and(|index| (1..=length).contains(&index)) => {}
            Value::String(name) if is_identifier(&name.to_string_lossy()) => {
                let name = name.to_string_lossy();
                named.push((format!("{} = ", gate.clean(&name)), value));
            }
            other => named.push((format!("[{}] = ", scalar(gate, other)), value)),
        }
    }
    named.sort_by(|a, b| a.0.cmp(&b.0));
    listed.chain(named).collect()
}

fn is_identifier(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with(|first: char| first.is_ascii_digit())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}
