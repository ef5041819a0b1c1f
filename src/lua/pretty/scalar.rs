//! Values that are no tables, and the terminal that they are shown on.

use mlua::{LuaString, Value};

/// Lines before a value is cut: a terminal's scroll-back is no place for more.
pub(super) const MOST_LINES: usize = 2_000;
/// A text is shown up to so many bytes: who wants all of it prints it.
const LONGEST_TEXT: usize = 16 * 1024;
/// A text that is only glanced at, in characters.
const GLANCE: usize = 40;

/// The columns that standard output has; 100 where it is no terminal.
pub(in crate::lua) fn width() -> usize {
    console::Term::stdout()
        .size_checked()
        .map_or(100, |(_, columns)| usize::from(columns))
        .max(20)
}

/// Text without control characters: a resource's name must not drive the terminal.
pub(super) fn printable(text: &str) -> String {
    text.chars()
        .map(|c| {
            if c.is_control() && c != '\n' {
                '\u{fffd}'
            } else {
                c
            }
        })
        .collect()
}

/// A text up to so many bytes, and how many more there are.
pub(super) fn shortened(text: &LuaString, most: usize) -> String {
    let bytes = text.as_bytes();
    let Some(rest) = bytes.len().checked_sub(most).filter(|rest| *rest > 0) else {
        return text.to_string_lossy();
    };
    // What is cut inside a character is no reason to show a replacement of it.
    let shown = String::from_utf8_lossy(&bytes[..most]);
    let shown = shown.trim_end_matches('\u{fffd}');
    format!("{shown}… ({rest} bytes more)")
}

/// A value that is no table in a few words.
pub(in crate::lua) fn glance(value: &Value) -> String {
    let text = scalar(value);
    if text.chars().count() <= GLANCE {
        text
    } else {
        text.chars().take(GLANCE - 1).chain(['…']).collect()
    }
}

/// A value that is no table.
pub(super) fn scalar(value: &Value) -> String {
    match value {
        Value::String(text) => format!("{:?}", shortened(text, LONGEST_TEXT)),
        Value::LightUserData(pointer) if pointer.0.is_null() => "null".to_owned(),
        other => other
            .to_string()
            .unwrap_or_else(|_| other.type_name().to_owned()),
    }
}
