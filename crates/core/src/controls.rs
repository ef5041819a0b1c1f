//! Text of others without what controls a terminal.
//!
//! A cloud's message, a resource's name or a script's output of last night may hold escape
//! sequences, which a terminal would obey, and marks that turn the direction of text. They are
//! shown instead: `\x1b`, `\u{202e}`.

use std::borrow::Cow;
use std::fmt::Write as _;

/// Text of several lines: line breaks and tabs stay.
pub fn escape(text: &str) -> Cow<'_, str> {
    escape_where(text, |c| is_control(c) && !matches!(c, '\n' | '\t'))
}

/// Text of one line: a line break is shown as `\n`, so that it begins none.
pub fn escape_line(text: &str) -> Cow<'_, str> {
    escape_where(text, |c| is_control(c) && c != '\t')
}

/// JSON as it is written: what its writer leaves of control characters becomes escapes of its own,
/// which mean the same.
pub fn escape_json(json: &str) -> Cow<'_, str> {
    let is_left = |c| is_control(c) && !matches!(c, '\n' | '\t');
    if !json.contains(is_left) {
        return Cow::Borrowed(json);
    }
    let mut escaped = String::with_capacity(json.len());
    for c in json.chars() {
        if is_left(c) {
            let _ = write!(escaped, "\\u{:04x}", u32::from(c));
        } else {
            escaped.push(c);
        }
    }
    Cow::Owned(escaped)
}

/// The longest name that a message shows, in bytes.
const LONGEST_NAME: usize = 1024;

/// A name of others as a message has it. One that is longer than any name is not shown: a part of it
/// could be a part of a secret, and all of it with its escapes takes many times its memory.
pub fn name(text: &str) -> Cow<'_, str> {
    if text.len() <= LONGEST_NAME {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(format!("… {} bytes …", text.len()))
    }
}

/// Whether a terminal obeys it, or turns the text around it.
pub fn is_control(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn escape_where(text: &str, is_escaped: impl Fn(char) -> bool) -> Cow<'_, str> {
    // Most texts are; bytes are compared many at a time, characters one by one.
    let is_plain = text.bytes().all(|byte| matches!(byte, b' '..=b'~'));
    if is_plain || !text.contains(&is_escaped) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            c if !is_escaped(c) => escaped.push(c),
            '\n' => escaped.push_str("\\n"),
            '\r' => escaped.push_str("\\r"),
            c if c.is_ascii() => {
                let _ = write!(escaped, "\\x{:02x}", u32::from(c));
            }
            c => {
                let _ = write!(escaped, "\\u{{{:x}}}", u32::from(c));
            }
        }
    }
    Cow::Owned(escaped)
}

#[cfg(test)]
mod tests {
    use super::{escape, escape_json, escape_line, is_control};
    use proptest::prelude::*;
    use std::borrow::Cow;

    #[test]
    fn what_controls_a_terminal_is_shown() {
        let text = "\u{1b}]0;title\u{7} \u{9b}2J \u{202e}txt.exe\r\n\tend\u{7f}";
        assert_eq!(
            escape(text),
            "\\x1b]0;title\\x07 \\u{9b}2J \\u{202e}txt.exe\\r\n\tend\\x7f"
        );
        assert_eq!(escape_line("a\nb\tc"), "a\\nb\tc");
        assert!(matches!(escape("plain ä\n"), Cow::Borrowed(_)));
    }

    proptest! {
        #[test]
        fn nothing_that_controls_is_left(text in any::<String>()) {
            prop_assert!(!escape(&text).contains(|c| is_control(c) && c != '\n' && c != '\t'));
            prop_assert!(!escape_line(&text).contains(|c| is_control(c) && c != '\t'));
        }

        #[test]
        fn json_stays_the_same_value(text in any::<String>()) {
            let value = serde_json::Value::from(text);
            let written = value.to_string();
            let escaped = escape_json(&written);
            prop_assert!(!escaped.contains(is_control));
            prop_assert_eq!(serde_json::from_str::<serde_json::Value>(&escaped).unwrap(), value);
        }
    }
}
