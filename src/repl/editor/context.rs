//! What stands at the cursor: the word that is typed, and what it is in: a path, a call's
//! parameters, a value, a module.

use crate::lua::inspect::PathStep;
use crate::lua_syntax::{Token, TokenKind, code, plain_text, tokens};
use std::ops::Range;

/// A value's path in a line: `r.Data.Instances[1]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::repl) struct ValuePath {
    pub(in crate::repl) root: String,
    pub(in crate::repl) steps: Vec<PathStep>,
}

impl ValuePath {
    /// As the catalogue names things; none where an index is among the steps.
    pub(in crate::repl) fn dotted(&self) -> Option<String> {
        let fields = self.steps.iter().map(|step| match step {
            PathStep::Field(name) => Some(name.as_str()),
            PathStep::Index(_) => None,
        });
        let names: Option<Vec<&str>> = std::iter::once(Some(self.root.as_str()))
            .chain(fields)
            .collect();
        names.map(|names| names.join("."))
    }
}

/// The call whose table of parameters the cursor is in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::repl) struct Callee {
    pub(in crate::repl) function: ValuePath,
    /// The parameters whose tables lead down to the cursor.
    pub(in crate::repl) nested: Vec<String>,
    /// The keys that the table has already.
    pub(in crate::repl) given: Vec<String>,
}

/// What the word at the cursor is in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::repl) enum Expected {
    /// A name by itself.
    Name,
    /// A field of a value.
    Field(ValuePath),
    /// A key of a call's parameters.
    Key(Callee),
    /// The value of a parameter, or an element of it.
    Value(Callee, String),
    /// The name of a module.
    Module,
    /// Text that nothing is known of.
    Text,
}

/// What stands at the cursor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::repl) struct Context {
    pub(in crate::repl) expected: Expected,
    /// The bytes of the word that is typed.
    pub(in crate::repl) word: Range<usize>,
    /// The quotation mark that the word stands behind.
    pub(in crate::repl) quote: Option<char>,
}

/// What stands at the end of `line`, which is the text up to the cursor.
pub(in crate::repl) fn at_end_of(line: &str) -> Context {
    let all: Vec<Token> = tokens(line);
    let before_last = &all[..all.len().saturating_sub(1)];
    let last = all.last().filter(|token| token.range.end == line.len());
    let (before, word, quote) = match last {
        Some(token) if matches!(token.kind, TokenKind::Name | TokenKind::Keyword) => {
            (before_last, token.range.clone(), None)
        }
        Some(token) if token.kind == TokenKind::BrokenText => (
            before_last,
            token.range.start + 1..token.range.end,
            token.text(line).chars().next(),
        ),
        Some(token) if matches!(token.kind, TokenKind::Comment | TokenKind::OpenText) => {
            return Context {
                expected: Expected::Text,
                word: line.len()..line.len(),
                quote: None,
            };
        }
        _ => (all.as_slice(), line.len()..line.len(), None),
    };
    let code: Vec<Token> = before
        .iter()
        .filter(|token| token.kind != TokenKind::Comment)
        .cloned()
        .collect();
    let reader = Reader {
        line,
        tokens: &code,
    };
    Context {
        expected: reader.expected(quote.is_some()),
        word,
        quote,
    }
}

/// The call whose parameters are being typed at the end of `line`.
pub(in crate::repl) fn call_at_end_of(line: &str) -> Option<Callee> {
    let all = code(line);
    let reader = Reader { line, tokens: &all };
    let open = reader.open_brackets();
    let innermost = open.iter().rposition(|at| reader.is(*at, "{"))?;
    reader.callee(&open[..=innermost])
}

/// The path that a line ends with.
pub(in crate::repl) fn path_at_end_of(line: &str) -> Option<ValuePath> {
    let all: Vec<Token> = tokens(line);
    let reader = Reader { line, tokens: &all };
    if all.last()?.range.end == line.len() {
        reader.path(all.len())
    } else {
        None
    }
}

struct Reader<'a> {
    line: &'a str,
    tokens: &'a [Token],
}

impl Reader<'_> {
    fn text(&self, at: usize) -> &str {
        self.tokens
            .get(at)
            .map_or("", |token| token.text(self.line))
    }

    fn is(&self, at: usize, symbol: &str) -> bool {
        self.tokens
            .get(at)
            .is_some_and(|token| token.kind == TokenKind::Symbol)
            && self.text(at) == symbol
    }

    fn is_name(&self, at: usize) -> bool {
        self.tokens
            .get(at)
            .is_some_and(|token| token.kind == TokenKind::Name)
    }

    fn expected(&self, in_text: bool) -> Expected {
        let end = self.tokens.len();
        if in_text
            && end > 0
            && (self.text(end - 1) == "require"
                || (end > 1 && self.is(end - 1, "(") && self.text(end - 2) == "require"))
        {
            return Expected::Module;
        }
        if !in_text && end > 0 && (self.is(end - 1, ".") || self.is(end - 1, ":")) {
            return self.path(end - 1).map_or(Expected::Text, Expected::Field);
        }
        let otherwise = if in_text {
            Expected::Text
        } else {
            Expected::Name
        };
        let open = self.open_brackets();
        let Some(callee) = open
            .last()
            .filter(|at| self.is(**at, "{"))
            .and_then(|_| self.callee(&open))
        else {
            return otherwise;
        };
        if end > 1 && self.is(end - 1, "=") && self.is_name(end - 2) {
            return Expected::Value(callee, self.text(end - 2).to_owned());
        }
        if self.is(end - 1, "{") || self.is(end - 1, ",") || self.is(end - 1, ";") {
            if !in_text {
                return Expected::Key(callee);
            }
            // An element of a list of texts.
            let mut outer = callee;
            if let Some(param) = outer.nested.pop() {
                return Expected::Value(outer, param);
            }
        }
        otherwise
    }

    /// The brackets that are open at the end.
    fn open_brackets(&self) -> Vec<usize> {
        let mut open = Vec::new();
        for at in 0..self.tokens.len() {
            if ["{", "(", "["].iter().any(|bracket| self.is(at, bracket)) {
                open.push(at);
            } else if ["}", ")", "]"].iter().any(|bracket| self.is(at, bracket)) {
                open.pop();
            }
        }
        open
    }

    /// The call that the last of these brackets, a `{`, belongs to.
    fn callee(&self, open: &[usize]) -> Option<Callee> {
        let (&brace, outer) = open.split_last()?;
        let given = self.given(brace);
        let before = brace.checked_sub(1)?;
        if self.is(before, "=") {
            let name = before.checked_sub(1).filter(|at| self.is_name(*at))?;
            let mut callee = self.callee(
                outer
                    .last()
                    .filter(|at| self.is(**at, "{"))
                    .map(|_| outer)?,
            )?;
            callee.nested.push(self.text(name).to_owned());
            return Some(Callee { given, ..callee });
        }
        if self.is(before, "{")
            || (self.is(before, ",") && outer.last().is_some_and(|at| self.is(*at, "{")))
        {
            // An element of a list has the fields of the list's parameter.
            return Some(Callee {
                given,
                ..self.callee(outer)?
            });
        }
        let function = if self.is(before, "(") {
            self.path(before)?
        } else {
            self.path(brace)?
        };
        Some(Callee {
            function,
            nested: Vec::new(),
            given,
        })
    }

    /// The keys of the table that begins at a `{`.
    fn given(&self, brace: usize) -> Vec<String> {
        let mut depth = 0;
        let mut keys = Vec::new();
        for at in brace + 1..self.tokens.len() {
            if ["{", "(", "["].iter().any(|bracket| self.is(at, bracket)) {
                depth += 1;
            } else if ["}", ")", "]"].iter().any(|bracket| self.is(at, bracket)) {
                depth -= 1;
            } else if depth == 0 && self.is_name(at) && self.is(at + 1, "=") {
                keys.push(self.text(at).to_owned());
            }
        }
        keys
    }

    /// The path whose last token stands before `end`.
    fn path(&self, end: usize) -> Option<ValuePath> {
        let mut at = end.checked_sub(1)?;
        let mut steps = Vec::new();
        loop {
            if self.is(at, "]") {
                let key = at.checked_sub(1)?;
                steps.push(match self.tokens[key].kind {
                    TokenKind::Number => PathStep::Index(self.text(key).parse().ok()?),
                    TokenKind::Text => {
                        PathStep::Field(plain_text(&self.tokens[key], self.line)?.to_owned())
                    }
                    _ => return None,
                });
                let open = key.checked_sub(1).filter(|open| self.is(*open, "["))?;
                at = open.checked_sub(1)?;
                continue;
            }
            if !self.is_name(at) {
                return None;
            }
            let name = self.text(at).to_owned();
            let Some(dot) = at.checked_sub(1).filter(|dot| self.is(*dot, ".")) else {
                steps.reverse();
                return Some(ValuePath { root: name, steps });
            };
            steps.push(PathStep::Field(name));
            at = dot.checked_sub(1)?;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Callee, Expected, ValuePath, at_end_of, call_at_end_of};
    use crate::lua::inspect::PathStep;

    fn path(text: &str) -> ValuePath {
        let mut names = text.split('.').map(str::to_owned);
        ValuePath {
            root: names.next().unwrap(),
            steps: names.map(PathStep::Field).collect(),
        }
    }

    fn callee(function: &str, nested: &[&str], given: &[&str]) -> Callee {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Callee {
            function: path(function),
            nested: owned(nested),
            given: owned(given),
        }
    }

    #[test]
    fn the_place_of_the_cursor_is_found() {
        for (line, place, word) in [
            ("cd", Expected::Name, "cd"),
            ("x = cds.", Expected::Field(path("cds")), ""),
            ("print(cds.ccs.Cre", Expected::Field(path("cds.ccs")), "Cre"),
            ("f { Re", Expected::Key(callee("f", &[], &[])), "Re"),
            (
                "a.f({ X = 1, ",
                Expected::Key(callee("a.f", &[], &["X"])),
                "",
            ),
            (
                "f { X = ",
                Expected::Value(callee("f", &[], &["X"]), "X".to_owned()),
                "",
            ),
            (
                "f { X = 'a",
                Expected::Value(callee("f", &[], &["X"]), "X".to_owned()),
                "a",
            ),
            (
                "f { D = { { S",
                Expected::Key(callee("f", &["D"], &[])),
                "S",
            ),
            (
                "f { D = { { S = 1 }, { ",
                Expected::Key(callee("f", &["D"], &[])),
                "",
            ),
            (
                "f { L = { 'a', 'b",
                Expected::Value(callee("f", &[], &[]), "L".to_owned()),
                "b",
            ),
            ("local m = require 'su", Expected::Module, "su"),
            ("f(g(1), { X = y.z }) + w", Expected::Name, "w"),
            ("-- cd", Expected::Text, ""),
        ] {
            let context = at_end_of(line);
            assert_eq!(
                (context.expected, &line[context.word]),
                (place, word),
                "{line}"
            );
        }
    }

    #[test]
    fn indices_are_steps_of_a_path() {
        let Expected::Field(path) = at_end_of("r.Data[12][\"a b\"].x.").expected else {
            panic!()
        };
        let field = |name: &str| PathStep::Field(name.to_owned());
        assert_eq!(
            path.steps,
            [field("Data"), PathStep::Index(12), field("a b"), field("x")]
        );
        assert_eq!(at_end_of("f().x").expected, Expected::Text);
    }

    #[test]
    fn the_call_being_typed_is_the_innermost_open_one() {
        assert_eq!(
            call_at_end_of("f { A = g(1), B = 2, "),
            Some(callee("f", &[], &["A", "B"]))
        );
        assert_eq!(call_at_end_of("f { A = 1 }"), None);
        assert_eq!(
            call_at_end_of("f { A = (1 + "),
            Some(callee("f", &[], &["A"]))
        );
        assert_eq!(call_at_end_of("x = {"), None);
    }
}
