//! A message: what a program gets as JSON, and a person as text.

use cumulua_core::controls;
use cumulua_core::secret::Redactor;
use serde_json::Value;
use std::fmt::Write as _;

/// A notification as it is kept and sent; it holds no secret.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// The same at each attempt.
    pub id: String,
    /// What it says, with the id.
    pub content: Value,
}

impl Message {
    /// A word of what it says.
    pub(super) fn word(&self, key: &str) -> &str {
        self.content[key].as_str().unwrap_or_default()
    }

    /// A line that names event and schedule.
    pub(super) fn title(&self) -> String {
        let firings = self.content["firings"].as_u64().unwrap_or(1);
        let several = if firings > 1 {
            format!(" ({firings} firings)")
        } else {
            String::new()
        };
        let test = if self.content["test"] == true {
            ", a test"
        } else {
            ""
        };
        let title = format!(
            "{}: {}{several}{test}",
            self.word("schedule"),
            self.word("event")
        );
        controls::escape_line(&title).into_owned()
    }

    /// The whole for a person, of so many bytes at most; `escape` keeps what others have written
    /// from being taken for the receiver's own notation.
    pub(super) fn text(&self, most: usize, escape: impl Fn(&str) -> String) -> String {
        let mut lines = escape(&self.title());
        let number = |key: &str| self.content[key].as_i64();
        let status = number("status").map(|status| format!(" (exit status {status})"));
        let outcome = self.word("outcome");
        let outcome = (!outcome.is_empty())
            .then(|| format!("{outcome}{}", status.as_deref().unwrap_or_default()));
        let attempt = number("attempt").filter(|attempt| *attempt > 1);
        let late = number("late_seconds").map(|seconds| format!("{seconds} s"));
        let at = self.word("at");
        let zone = self.word("zone");
        let at = if zone.is_empty() {
            at.to_owned()
        } else {
            format!("{at} ({zone})")
        };
        let fields = [
            ("at", Some(at)),
            ("outcome", outcome),
            ("attempt", attempt.map(|attempt| attempt.to_string())),
            ("late by", late),
            ("reason", Some(self.word("reason").to_owned())),
            ("error", Some(self.word("error").to_owned())),
            ("run", Some(self.word("run").to_owned())),
            ("id", Some(self.id.clone())),
        ];
        for (name, value) in fields {
            if let Some(value) = value.filter(|value| !value.is_empty()) {
                // A long error must not push the rest out.
                let value = cut(&controls::escape(&value), most / 2);
                let _ = write!(lines, "\n{name}: {}", escape(&value));
            }
        }
        cut(&lines, most)
    }
}

/// The beginning of a text, of so many bytes at most, with a sign where it is cut.
pub(super) fn cut(text: &str, most: usize) -> String {
    const SIGN: &str = "…";
    if text.len() <= most {
        return text.to_owned();
    }
    let at = Redactor::cut(text.as_bytes(), most.saturating_sub(SIGN.len()));
    let at = text.floor_char_boundary(at);
    format!("{}{SIGN}", &text[..at])
}

#[cfg(test)]
mod tests {
    use super::{Message, cut};

    #[test]
    fn a_text_is_within_its_limit_and_keeps_what_is_short() {
        let message = Message {
            id: "i-1".to_owned(),
            content: serde_json::json!({ "schedule": "nightly", "event": "failure", "error": "é".repeat(9_000), "run": "r-1" }),
        };
        for most in [200, 2_048, 4_000] {
            let text = message.text(most, str::to_owned);
            assert!(text.len() <= most, "{}", text.len());
            assert!(text.starts_with("nightly: failure\n"), "{text}");
            assert!(text.contains("run: r-1"), "{text}");
        }
        assert_eq!(cut("abc", 3), "abc");
        assert_eq!(cut("ééé", 5), "é…");
    }
}
