//! Lists of records as aligned tables: all columns where they fit, otherwise those that a person
//! looks for first.

use super::scalar::{MOST_LINES, cell_text, scalar};
use crate::gate::Gate;
use crate::lua::marks::is_error;
use comfy_table::{ContentArrangement, Table as TextTable, presets};
use cumulua_core::controls;
use mlua::{Table, Value};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Flat records have all their columns only up to so many.
const MOST_COLUMNS: usize = 12;
/// A column that is chosen takes no more room than this, in characters.
const WIDEST: usize = 36;
/// Room that a border and its padding take beside a column.
const BORDER: usize = 3;

/// A list of records as a table for a terminal of that width; none where the list is anything else.
pub(super) fn render(gate: &Gate, list: &Table, width: usize) -> Option<String> {
    let length = list.raw_len();
    let rows = rows(list, length)?;
    let columns = Columns::of(gate, &rows)?;
    let all_fit = columns.are_flat
        && columns.names.len() <= MOST_COLUMNS
        && columns.names.len() * (BORDER + 5) <= width;
    let (visible, hidden) = if all_fit {
        (columns.names, Vec::new())
    } else {
        columns.chosen(width, length)?
    };
    let mut table = TextTable::new();
    table
        .load_style(presets::UTF8_FULL_CONDENSED)
        .set_content_arrangement(ContentArrangement::Dynamic);
    table.set_width(u16::try_from(width).unwrap_or(100));
    let header = |name: &String| controls::escape_line(&gate.clean(name)).into_owned();
    table.set_header(visible.iter().map(header));
    for row in &rows {
        table.add_row(visible.iter().map(|name| cell(gate, row, name)));
    }
    let mut text = table.to_string();
    if length > rows.len() {
        let _ = write!(text, "\n… and {} more", length - rows.len());
    }
    if !hidden.is_empty() {
        let columns = if hidden.len() == 1 {
            "column"
        } else {
            "columns"
        };
        let note = format!(
            "{} more {columns}: {}",
            hidden.len(),
            hidden.iter().map(header).collect::<Vec<_>>().join(", ")
        );
        let kept: String = note.chars().take(width.saturating_sub(2)).collect();
        let cut = if kept.len() < note.len() { "…" } else { "" };
        let _ = write!(text, "\n{kept}{cut}");
    }
    Some(text)
}

fn rows(list: &Table, length: usize) -> Option<Vec<Table>> {
    if length == 0 {
        return None;
    }
    let rows: Option<Vec<Table>> = (1..=length.min(MOST_LINES))
        .map(|index| match list.raw_get::<Value>(index) {
            Ok(Value::Table(row)) if row.raw_len() == 0 && !is_error(&row) => Some(row),
            _ => None,
        })
        .collect();
    rows.filter(|_| list.pairs::<Value, Value>().count() == length)
}

struct Columns {
    /// Best first.
    names: Vec<String>,
    widths: BTreeMap<String, usize>,
    are_flat: bool,
}

impl Columns {
    fn of(gate: &Gate, rows: &[Table]) -> Option<Self> {
        let mut widths: BTreeMap<String, usize> = BTreeMap::new();
        let mut nested: Vec<String> = Vec::new();
        for row in rows {
            for (key, value) in row.pairs::<Value, Value>().flatten() {
                let Value::String(name) = &key else {
                    return None;
                };
                let name = name.to_string_lossy();
                if matches!(value, Value::Table(_)) && !nested.contains(&name) {
                    nested.push(name.clone());
                }
                let width = console::measure_text_width(&cell(gate, row, &name))
                    .max(console::measure_text_width(&name));
                let widest = widths.entry(name).or_default();
                *widest = width.max(*widest);
            }
        }
        let mut names: Vec<String> = widths.keys().cloned().collect();
        let subject = subject(&names);
        names.sort_by_key(|name| (nested.contains(name), rank(name, &subject)));
        (!names.is_empty()).then_some(Self {
            names,
            widths,
            are_flat: nested.is_empty(),
        })
    }

    /// The columns that fit and those that do not. A single record is easier to read line by line.
    fn chosen(self, width: usize, rows: usize) -> Option<(Vec<String>, Vec<String>)> {
        let mut left = width.saturating_sub(1);
        let mut visible = Vec::new();
        let mut hidden = Vec::new();
        for name in self.names {
            let wanted = self.widths[&name].min(WIDEST) + BORDER;
            // The first column stays whatever it takes: its cells wrap.
            if wanted <= left || visible.is_empty() {
                left = left.saturating_sub(wanted);
                visible.push(name);
            } else {
                hidden.push(name);
            }
        }
        (rows > 1 || hidden.is_empty()).then_some((visible, hidden))
    }
}

fn cell(gate: &Gate, row: &Table, name: &str) -> String {
    match row.raw_get::<Value>(name) {
        Ok(Value::String(text)) => cell_text(gate, &text),
        Ok(Value::Nil) | Err(_) => String::new(),
        Ok(Value::Table(inner)) => inside(gate, &inner),
        Ok(value) => scalar(gate, &value),
    }
}

/// A nested value in a cell: short lists in full, others counted.
fn inside(gate: &Gate, inner: &Table) -> String {
    let length = inner.raw_len();
    if length == 0 {
        return if inner.is_empty() {
            String::new()
        } else {
            "{…}".to_owned()
        };
    }
    let items: Vec<Value> = (1..=length.min(4))
        .filter_map(|index| inner.raw_get(index).ok())
        .collect();
    let is_short = length <= items.len()
        && items
            .iter()
            .all(|item| matches!(item, Value::String(_) | Value::Integer(_)));
    if !is_short {
        return format!("[{length}]");
    }
    let texts = items.iter().map(|item| match item {
        Value::String(text) => cell_text(gate, text),
        other => scalar(gate, other),
    });
    texts.collect::<Vec<_>>().join(", ")
}

/// What the records are about: the word that most names, ids and states begin with, as `Instance`
/// of `InstanceId`.
fn subject(names: &[String]) -> String {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for name in names {
        let stem = ["Name", "Id", "Status", "State", "Type"]
            .iter()
            .find_map(|ending| name.strip_suffix(ending));
        *counts.entry(stem.unwrap_or_default()).or_default() += 1;
    }
    counts.remove("");
    let most = counts
        .into_iter()
        .max_by_key(|(stem, count)| (*count, std::cmp::Reverse(stem.len())));
    most.map(|(stem, _)| stem.to_owned()).unwrap_or_default()
}

/// Numbers of steps come first, then name, id and state of what the records are about, then
/// addresses, as a person looks for them.
fn rank(name: &str, subject: &str) -> (u8, String) {
    let lower = name.to_lowercase();
    let own = name.strip_prefix(subject).unwrap_or(name).to_lowercase();
    let rank = match own.as_str() {
        "step" | "#" | "no" => 0,
        "name" | "what" => 1,
        "id" => 2,
        "status" | "state" => 3,
        _ if lower.ends_with("name") => 4,
        _ if lower.contains("status") || lower.contains("state") => 5,
        _ if lower.ends_with("ip") || lower.contains("address") => 6,
        _ if lower.ends_with("id") => 8,
        _ => 7,
    };
    (rank, lower)
}
