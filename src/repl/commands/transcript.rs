//! The session's successful inputs, and the script that they make.

use crate::lua::judge::Form;
use crate::lua_syntax::locals::{LAST, Locals, TABLE};
use crate::lua_syntax::{Secrets, Token, TokenKind, code};
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
pub(in crate::repl) struct Transcript(Vec<Entry>);

/// A script of more locals would not compile: Lua's limit of a function is 200.
const MOST_LOCALS: usize = 180;

impl Transcript {
    pub(in crate::repl) fn add(&mut self, number: usize, text: &str, form: Form, values: usize) {
        self.0.push(Entry {
            number,
            text: text.to_owned(),
            form,
            values,
        });
    }

    /// The inputs by number, as `:lines` shows them.
    pub(in crate::repl) fn listing(&self, secrets: &Secrets) -> String {
        let numbered = self.0.iter().map(|entry| {
            let text = secrets.replace_secrets(&entry.text);
            format!("{:>4}  {}", entry.number, text.replace('\n', "\n      "))
        });
        numbered.collect::<Vec<_>>().join("\n")
    }

    /// The last input.
    pub(in crate::repl) fn last(&self) -> Option<&str> {
        self.0.last().map(|entry| entry.text.as_str())
    }

    /// The inputs of these numbers as a script that runs by itself; none where there are no such
    /// inputs.
    pub(in crate::repl) fn script(
        &self,
        lines: Option<&RangeInclusive<usize>>,
        secrets: &Secrets,
    ) -> Option<String> {
        let chosen: Vec<&Entry> = self
            .0
            .iter()
            .filter(|entry| lines.is_none_or(|lines| lines.contains(&entry.number)))
            .collect();
        if chosen.is_empty() {
            return None;
        }
        let uses_last = chosen.iter().any(|entry| entry.form.uses_last);
        let texts: Vec<String> = chosen
            .iter()
            .map(|entry| secrets.replace_secrets(&statement(entry, uses_last)))
            .collect();
        let mut script = "-- Saved from a session of cumulua.\n".to_owned();
        if texts
            .iter()
            .zip(&chosen)
            .any(|(text, entry)| *text != statement(entry, uses_last))
        {
            script += "-- The secrets in it are read by name, from the profile's secrets or the environment.\n";
        }
        let has_too_many = chosen
            .iter()
            .map(|entry| entry.form.declarations)
            .sum::<usize>()
            > MOST_LOCALS;
        if has_too_many
            || chosen
                .iter()
                .any(|entry| ending(entry) == Ending::BehindLocals)
        {
            return Some(script + &without_locals(&chosen, &texts));
        }
        if uses_last {
            let _ = writeln!(script, "local {LAST}");
        }
        Some(script + &texts.join("\n") + "\n")
    }
}

/// How an input can end before its last line, which would end the whole script.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    Last,
    /// It begins with `return`, so it is an expression.
    Only,
    Somewhere,
    /// Somewhere, and later inputs may read the locals that it declares before that.
    BehindLocals,
}

fn ending(entry: &Entry) -> Ending {
    let begins_with_it = || {
        code(&entry.text)
            .first()
            .is_some_and(is_return(&entry.text))
    };
    match &entry.form {
        Form { returns: false, .. } => Ending::Last,
        _ if begins_with_it() => Ending::Only,
        Form {
            declarations: 0, ..
        } => Ending::Somewhere,
        _ => Ending::BehindLocals,
    }
}

fn is_return(text: &str) -> impl Fn(&Token) -> bool {
    move |token| token.kind == TokenKind::Keyword && token.text(text) == "return"
}

/// An input as a statement of a script: a value that the prompt printed is printed.
fn statement(entry: &Entry, keeps_last: bool) -> String {
    let Entry {
        text, form, values, ..
    } = entry;
    match (ending(entry), form.is_expression) {
        (Ending::Somewhere, _) => {
            print_expression(&format!("{}()", function(text)), *values, keeps_last)
        }
        (Ending::Only, _) => print_expression(&bare(text), *values, keeps_last),
        (Ending::Last, true) if keeps_last && *values > 0 => format!("{LAST} = {}", bare(text)),
        (Ending::Last, true) if !form.is_statement => print_expression(&bare(text), *values, false),
        _ => text.clone(),
    }
}

/// What shows the values of an expression, or keeps the first for the inputs that read it.
fn print_expression(expression: &str, values: usize, keeps_last: bool) -> String {
    // A comment at the end would swallow what follows it.
    let closing = if expression.contains("--") {
        "\n)"
    } else {
        ")"
    };
    match values {
        _ if expression.trim().is_empty() => String::new(),
        0 => format!("do local _ = {expression}\nend"),
        _ if keeps_last => format!("{LAST} = {expression}"),
        1 => format!("pp({expression}{closing}"),
        _ => format!("print({expression}{closing}"),
    }
}

fn function(text: &str) -> String {
    format!("(function()\n{text}\nend)")
}

/// An expression without the `return` and the semicolon around it.
fn bare(text: &str) -> String {
    let code = code(text);
    let mut bare = text.to_owned();
    if let Some(last) = code.last().filter(|last| last.text(text) == ";") {
        bare.replace_range(last.range.clone(), "");
    }
    if let Some(first) = code.first().filter(|first| is_return(text)(first)) {
        bare.replace_range(first.range.clone(), "");
    }
    bare.trim().to_owned()
}

/// The same script with its locals in a table, as the session itself held them.
fn without_locals(entries: &[&Entry], texts: &[String]) -> String {
    let mut locals = Locals::default();
    let mut script = format!(
        "-- Its locals stand in a table, because they are more than a function may have or outlive a `return`.\nlocal {TABLE} = {{}}\n"
    );
    for (entry, text) in entries.iter().zip(texts) {
        let rewritten = locals
            .rewrite_statements(text)
            .unwrap_or_else(|_| text.clone());
        // Without the semicolon it would be a call of what the line before ends with.
        let rewritten = match ending(entry) {
            Ending::BehindLocals => format!(";{}()", function(&rewritten)),
            _ => rewritten,
        };
        let _ = writeln!(script, "{rewritten}");
    }
    script
}

#[cfg(test)]
mod tests {
    use super::Transcript;
    use crate::lua::judge::Form;
    use crate::lua_syntax::Secrets;
    use cumulua_core::catalog::Catalog;
    use cumulua_core::secret::Redactor;
    use std::sync::Arc;

    fn secrets() -> Secrets {
        Secrets::new(Arc::new(Catalog::default()), Arc::new(Redactor::default()))
    }

    fn form(is_expression: bool, is_statement: bool, uses_last: bool) -> Form {
        Form {
            is_expression,
            is_statement,
            uses_last,
            ..Form::default()
        }
    }

    #[test]
    fn values_are_printed_and_calls_stay_calls() {
        let mut transcript = Transcript::default();
        transcript.add(1, "local x = 1", form(false, true, false), 0);
        transcript.add(3, "x + 1 -- c", form(true, false, false), 1);
        transcript.add(4, "f { Password = 'abcd' }", form(true, true, false), 1);
        let script = transcript.script(None, &secrets()).unwrap();
        assert!(
            script
                .ends_with("local x = 1\npp(x + 1 -- c\n)\nf { Password = secret \"password\" }\n"),
            "{script}"
        );
        assert_eq!(
            transcript
                .script(Some(&(3..=3)), &secrets())
                .unwrap()
                .lines()
                .count(),
            3
        );
        assert!(transcript.script(Some(&(7..=9)), &secrets()).is_none());
    }

    #[test]
    fn the_last_result_is_kept_where_a_line_reads_it() {
        let mut transcript = Transcript::default();
        transcript.add(1, "f()", form(true, true, false), 1);
        transcript.add(2, "print(_.x)", form(true, true, true), 0);
        let script = transcript.script(None, &secrets()).unwrap();
        assert!(
            script.ends_with("local _\n_ = f()\nprint(_.x)\n"),
            "{script}"
        );
    }

    /// A session's inputs as a script, and what that prints.
    fn saved(inputs: &[(&str, usize)]) -> (String, String) {
        let mut transcript = Transcript::default();
        let mut locals = crate::lua_syntax::locals::Locals::default();
        for (number, (text, values)) in inputs.iter().enumerate() {
            let form = Form::of(&locals.rewrite(text).unwrap());
            transcript.add(number + 1, text, form, *values);
        }
        let script = transcript.script(None, &secrets()).unwrap();
        let lua = mlua::Lua::new();
        let setting = "shown = '' function print(...) shown = shown .. table.concat({ ... }, ' ') .. '|' end pp = print";
        lua.load(setting).exec().unwrap();
        lua.load(&script)
            .exec()
            .unwrap_or_else(|failure| panic!("{failure}\n{script}"));
        (lua.globals().get("shown").unwrap(), script)
    }

    #[test]
    fn a_line_that_ends_by_return_does_not_end_the_script() {
        let (shown, script) = saved(&[
            ("return 7, 8 -- both", 2),
            ("return", 0),
            ("y = 5", 0),
            ("1 + 1; -- two", 1),
            ("if y then return y end print('not here')", 1),
        ]);
        assert_eq!(shown, "7 8|2|5|", "{script}");
        let (shown, script) = saved(&[
            ("local f = print", 0),
            ("local x = 3 if x then return end f('not here')", 0),
            ("f(x)", 0),
        ]);
        assert_eq!(shown, "3|", "{script}");
        let (shown, script) = saved(&[("return 7", 1), ("print(_ + 1)", 0)]);
        assert_eq!(shown, "8|", "{script}");
    }
}
