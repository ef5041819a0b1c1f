//! Values that are no tables, and the terminal that they are shown on.

use crate::gate::Gate;
use cumulua_core::controls;
use cumulua_core::secret::Redactor;
use mlua::{LuaString, Value};

/// Lines before a value is cut: a terminal's scroll-back is no place for more.
pub(super) const MOST_LINES: usize = 2_000;
/// A text is shown up to so many bytes: who wants all of it prints it.
const LONGEST_TEXT: usize = 16 * 1024;
/// A text in a cell is shown up to so many bytes.
const LONGEST_CELL: usize = 1024;
/// A text that is only glanced at, in characters.
const GLANCE: usize = 40;

/// The columns that standard output has; 100 where it is no terminal.
pub(in crate::lua) fn width() -> usize {
    console::Term::stdout()
        .size_checked()
        .map_or(100, |(_, columns)| usize::from(columns))
        .max(20)
}

/// A text without secrets, up to so many bytes, and how many more there are.
pub(super) fn shortened(gate: &Gate, text: &LuaString, most: usize) -> String {
    let text = text.to_string_lossy();
    // Before it is cut: half a secret is not found any more.
    let text = gate.clean(&text);
    let end = Redactor::cut(text.as_bytes(), most);
    let rest = text.len() - end;
    if rest == 0 {
        return text.into_owned();
    }
    format!("{}… ({rest} bytes more)", &text[..end])
}

/// The same for a cell. A resource's name must not drive the terminal.
pub(super) fn cell_text(gate: &Gate, text: &LuaString) -> String {
    controls::escape(&shortened(gate, text, LONGEST_CELL)).into_owned()
}

/// A value that is no table in a few words.
pub(in crate::lua) fn glance(gate: &Gate, value: &Value) -> String {
    let text = scalar(gate, value);
    if text.chars().count() <= GLANCE {
        text
    } else {
        text.chars().take(GLANCE - 1).chain(['…']).collect()
    }
}

/// A value that is no table.
pub(super) fn scalar(gate: &Gate, value: &Value) -> String {
    match value {
        Value::String(text) => format!("{:?}", shortened(gate, text, LONGEST_TEXT)),
        Value::LightUserData(pointer) if pointer.0.is_null() => "null".to_owned(),
        other => {
            let text = other.to_string();
            let text = text.unwrap_or_else(|_| other.type_name().to_owned());
            gate.clean(&text).into_owned()
        }
    }
}
