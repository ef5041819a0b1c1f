//! A parameter of `cumulua call`, as it is written on the command line.

use super::report;
use crate::client::value::Value;
use crate::gate::Gate;
use cumulua_core::json;
use std::fs::File;
use std::io::{self, IsTerminal as _, Read};

/// What a file, or standard input, may hold, in bytes.
const LARGEST: usize = 1 << 20;

/// A parameter of a call.
#[derive(Debug)]
pub(super) struct Parameter {
    pub(super) name: String,
    pub(super) value: Value,
    /// Whether the value stands on the command line itself.
    pub(super) is_literal: bool,
}

/// Standard input, which one parameter takes.
#[derive(Debug, Default)]
pub(super) struct StandardInput {
    taken_by: Option<String>,
}

/// Reads `Name=value`, `Name:=json`, `Name=@FILE`, `Name=-` or `Name=secret:NAME`.
pub(super) fn read(
    gate: &Gate,
    text: &str,
    input: &mut StandardInput,
) -> Result<Parameter, String> {
    let Some((name, value)) = text.split_once('=') else {
        // A value alone may be a password that lost its name.
        return Err(
            "a parameter is written as Name=value or Name:=json; one has no \"=\"".to_owned(),
        );
    };
    let parameter = |name: &str, value, is_literal| {
        if name.is_empty() {
            return Err("a parameter has no name; write Name=value".to_owned());
        }
        Ok(Parameter {
            name: name.to_owned(),
            value,
            is_literal,
        })
    };
    if let Some(name) = name.strip_suffix(':') {
        let json: serde_json::Value =
            json::parse(value).map_err(|error| format!("{name}:= needs JSON: {error}"))?;
        return parameter(name, Value::from(&json), true);
    }
    if let Some(path) = value.strip_prefix('@') {
        let text = File::open(path)
            .and_then(read_text)
            .map_err(|problem| format!("{name}=@{path}: {problem}"))?;
        return parameter(name, Value::String(text), false);
    }
    if value == "-" {
        if let Some(other) = input.taken_by.replace(name.to_owned()) {
            return Err(format!(
                "{name}=-: standard input is read once, and {other} has taken it"
            ));
        }
        if io::stdin().is_terminal() {
            report::note(&format!(
                "{name}=- reads standard input: what you type is seen, and Ctrl-D on a line of its own ends it"
            ));
        }
        let text = read_text(io::stdin()).map_err(|problem| format!("{name}=-: {problem}"))?;
        return parameter(name, Value::String(text), false);
    }
    if let Some(secret) = value.strip_prefix("secret:") {
        let secret = gate.secret(secret).map_err(|denied| denied.to_string())?;
        return parameter(name, Value::Secret(secret), false);
    }
    parameter(name, Value::String(value.to_owned()), true)
}

/// A text without one line break at its end, which editors and `echo` put there.
fn read_text(from: impl Read) -> io::Result<String> {
    let invalid = |problem: &str| io::Error::new(io::ErrorKind::InvalidData, problem);
    let mut bytes = Vec::new();
    from.take(LARGEST as u64 + 1).read_to_end(&mut bytes)?;
    if bytes.len() > LARGEST {
        return Err(invalid("it is larger than 1 MiB"));
    }
    let mut text = String::from_utf8(bytes).map_err(|_| invalid("it is not UTF-8"))?;
    if text.ends_with('\n') {
        text.pop();
        if text.ends_with('\r') {
            text.pop();
        }
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::{LARGEST, read_text};

    #[test]
    fn one_line_break_at_the_end_is_dropped() {
        for (bytes, text) in [
            ("a", "a"),
            ("a\n", "a"),
            ("a\r\n", "a"),
            ("a\n\n", "a\n"),
            ("\n", ""),
            ("", ""),
            ("a\r", "a\r"),
        ] {
            assert_eq!(read_text(bytes.as_bytes()).unwrap(), text, "{bytes:?}");
        }
    }

    #[test]
    fn what_is_too_large_or_no_text_is_refused() {
        assert_eq!(read_text(&*vec![b'a'; LARGEST]).unwrap().len(), LARGEST);
        let large = read_text(&*vec![b'a'; LARGEST + 1]).unwrap_err();
        assert!(large.to_string().contains("1 MiB"));
        let binary = read_text(&b"\xff"[..]).unwrap_err();
        assert!(binary.to_string().contains("UTF-8"));
    }
}
