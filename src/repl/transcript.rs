//! The session's successful inputs, and the script that they make.

use super::secrets::Secrets;
use crate::lua::session::Form;
use crate::lua::syntax::locals::{LAST, Locals, TABLE};
use std::fmt::Write as _;
use std::ops::RangeInclusive;

/// A successful input.
struct Entry {
    number: usize,
    text: String,
    form: Form,
    /// How many values it gave.
    values: usize,
}

/// The session's successful inputs.
#[derive(Default)]
pub(super) struct Transcript(Vec<Entry>);

/// A script of more locals would not compile: Lua's limit of a function is 200.
const MOST_LOCALS: usize = 180;

impl Transcript {
    pub(super) fn add(&mut self, number: usize, text: &str, form: Form, values: usize) {
        self.0.push(Entry { number, text: text.to_owned(), form, values });
    }

    /// The inputs by number, as `:lines` shows them.
    pub(super) fn listing(&self, secrets: &Secrets) -> String {
        let numbered = self.0.iter().map(|entry| {
            let text = secrets.replaced(&entry.text);
            format!("{:>4}  {}", entry.number, text.replace('\n', "\n      "))
        });
        numbered.collect::<Vec<_>>().join("\n")
    }

    /// The last input.
    pub(super) fn last(&self) -> Option<&str> {
        self.0.last().map(|entry| entry.text.as_str())
    }

    /// The inputs of these numbers as a script that runs by itself; none where there are no such inputs.
    pub(super) fn script(&self, lines: Option<&RangeInclusive<usize>>, secrets: &Secrets) -> Option<String> {
        let chosen: Vec<&Entry> = self.0.iter().filter(|entry| lines.is_none_or(|lines| lines.contains(&entry.number))).collect();
        if chosen.is_empty() {
            return None;
        }
        let uses_last = chosen.iter().any(|entry| entry.form.uses_last);
        let texts: Vec<String> = chosen.iter().map(|entry| secrets.replaced(&statement(entry, uses_last))).collect();
        let mut script = "-- Saved from a session of cumulua.\n".to_owned();
        if texts.iter().zip(&chosen).any(|(text, entry)| *text != statement(entry, uses_last)) {
            script += "-- The secrets in it are read by name, from the profile's secrets or the environment.\n";
        }
        if chosen.iter().map(|entry| entry.form.declarations).sum::<usize>() > MOST_LOCALS {
            return Some(script + &without_locals(&texts));
        }
        if uses_last {
            let _ = writeln!(script, "local {LAST}");
        }
        Some(script + &texts.join("\n") + "\n")
    }
}

/// An input as a statement of a script: a value that the prompt printed is printed.
fn statement(entry: &Entry, keeps_last: bool) -> String {
    let Entry { text, form, values, .. } = entry;
    // A comment at the end would swallow what follows it.
    let closing = if text.contains("--") { "\n)" } else { ")" };
    let shows = if *values == 1 { "pp" } else { "print" };
    match (form.is_expression, form.is_statement) {
        (true, _) if keeps_last && *values > 0 => format!("{LAST} = {text}"),
        (true, false) => format!("{shows}({text}{closing}"),
        _ => text.clone(),
    }
}

/// The same script with its locals in a table, as the session itself held them.
fn without_locals(texts: &[String]) -> String {
    let mut locals = Locals::default();
    let mut script = format!("-- It has more locals than a function may have, so a table holds them.\nlocal {TABLE} = {{}}\n");
    for text in texts {
        script.push_str(&locals.rewrite_statements(text).unwrap_or_else(|_| text.clone()));
        script.push('\n');
    }
    script
}

#[cfg(test)]
mod tests {
    use super::Transcript;
    use crate::catalog::Catalog;
    use crate::lua::session::Form;
    use crate::repl::secrets::Secrets;
    use crate::secret::Redactor;
    use std::sync::Arc;

    fn secrets() -> Secrets {
        Secrets::new(Arc::new(Catalog::default()), Arc::new(Redactor::default()))
    }

    fn form(is_expression: bool, is_statement: bool, uses_last: bool) -> Form {
        Form { is_expression, is_statement, uses_last, declarations: 0 }
    }

    #[test]
    fn values_are_printed_and_calls_stay_calls() {
        let mut transcript = Transcript::default();
        transcript.add(1, "local x = 1", form(false, true, false), 0);
        transcript.add(3, "x + 1 -- c", form(true, false, false), 1);
        transcript.add(4, "f { Password = 'abcd' }", form(true, true, false), 1);
        let script = transcript.script(None, &secrets()).unwrap();
        assert!(script.ends_with("local x = 1\npp(x + 1 -- c\n)\nf { Password = secret \"password\" }\n"), "{script}");
        assert_eq!(transcript.script(Some(&(3..=3)), &secrets()).unwrap().lines().count(), 3);
        assert!(transcript.script(Some(&(7..=9)), &secrets()).is_none());
    }

    #[test]
    fn the_last_result_is_kept_where_a_line_reads_it() {
        let mut transcript = Transcript::default();
        transcript.add(1, "f()", form(true, true, false), 1);
        transcript.add(2, "print(_.x)", form(true, true, true), 0);
        let script = transcript.script(None, &secrets()).unwrap();
        assert!(script.ends_with("local _\n_ = f()\nprint(_.x)\n"), "{script}");
    }
}
