//! `pp`: values as a person reads them: records as aligned tables, everything else indented.

use crate::lua::native::{Natives, invalid};
use crate::lua::{convert, error};
use comfy_table::{ContentArrangement, Table as TextTable, presets};
use mlua::{Table, Value};
use std::fmt::Write as _;

/// Lines before a value is cut: a terminal's scroll-back is no place for more.
const MOST_LINES: usize = 2_000;
/// Levels before a value is cut.
const DEEPEST: usize = 12;
/// Records have columns only up to so many; more are a structure to read line by line.
const MOST_COLUMNS: usize = 12;

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
        && let Some(text) = records(table, width)
    {
        return text;
    }
    let mut text = String::new();
    let mut parents = Vec::new();
    write_value(&mut text, value, 0, width, &mut parents);
    text
}

/// The columns that standard output has; 100 where it is no terminal.
fn width() -> usize {
    console::Term::stdout().size_checked().map_or(100, |(_, columns)| usize::from(columns)).max(20)
}

/// A list of flat records as a table; none where the list is anything else.
fn records(list: &Table, width: usize) -> Option<String> {
    let rows: Vec<Table> = list.sequence_values::<Table>().collect::<mlua::Result<_>>().ok()?;
    if rows.is_empty() || list.pairs::<Value, Value>().count() != rows.len() {
        return None;
    }
    let mut columns: Vec<String> = Vec::new();
    for row in &rows {
        let mut own = Vec::new();
        for (key, value) in row.pairs::<Value, Value>().flatten() {
            let (Value::String(name), false) = (&key, matches!(value, Value::Table(_))) else { return None };
            own.push(name.to_string_lossy());
        }
        own.sort();
        for name in own {
            if !columns.contains(&name) {
                columns.push(name);
            }
        }
    }
    if columns.is_empty() || columns.len() > MOST_COLUMNS {
        return None;
    }
    columns.sort_by_key(|name| column_rank(name));
    let mut table = TextTable::new();
    table.load_style(presets::UTF8_FULL_CONDENSED).set_content_arrangement(ContentArrangement::Dynamic);
    table.set_width(u16::try_from(width).unwrap_or(100));
    table.set_header(&columns);
    for row in rows.iter().take(MOST_LINES) {
        table.add_row(columns.iter().map(|name| match row.raw_get::<Value>(name.as_str()) {
            Ok(Value::String(text)) => printable(&text.to_string_lossy()),
            Ok(Value::Nil) | Err(_) => String::new(),
            Ok(value) => scalar(&value),
        }));
    }
    let mut text = table.to_string();
    if rows.len() > MOST_LINES {
        let _ = write!(text, "\n… and {} more", rows.len() - MOST_LINES);
    }
    Some(text)
}

/// Text without control characters: a resource's name must not drive the terminal.
fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() && c != '\n' { '\u{fffd}' } else { c }).collect()
}

/// Numbers of steps, ids and names come first, as a person looks for them.
fn column_rank(name: &str) -> (u8, String) {
    let lower = name.to_lowercase();
    let rank = match lower.as_str() {
        "step" | "#" | "no" => 0,
        _ if lower.ends_with("name") || lower == "what" => 1,
        _ if lower.ends_with("id") => 2,
        _ if lower.contains("status") || lower == "state" => 3,
        _ => 4,
    };
    (rank, lower)
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

fn scalar(value: &Value) -> String {
    match value {
        Value::String(text) => format!("{:?}", text.to_string_lossy()),
        Value::LightUserData(pointer) if pointer.0.is_null() => "null".to_owned(),
        other => other.to_string().unwrap_or_else(|_| other.type_name().to_owned()),
    }
}
