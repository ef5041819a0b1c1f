//! What a script's `require "std.args" { … }` declares, as far as its text alone shows it.

use crate::lua_syntax::{Token, TokenKind, code, plain_text};
use std::collections::BTreeMap;

/// What an option takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OptionKind {
    /// Text.
    Text,
    /// A whole number.
    Integer,
    /// true or false.
    Boolean,
}

/// The options of a script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeclaredOptions {
    /// By their names; without a kind where the default is more than a value.
    pub kinds: BTreeMap<String, Option<OptionKind>>,
    /// Whether the script has no other way to what a schedule gives it.
    pub are_all: bool,
}

/// A script's text and what is left of its tokens.
#[derive(Clone, Copy)]
struct Rest<'a> {
    source: &'a str,
    tokens: &'a [Token],
}

/// The options that a script declares; none where it declares none, or its text does not show them.
pub fn declared_options(source: &str) -> Option<DeclaredOptions> {
    let tokens = code(source);
    let all = Rest {
        source,
        tokens: &tokens,
    };
    let mut declared = None;
    let mut are_all = true;
    for index in 0..tokens.len() {
        let mut rest = all.behind(index);
        let before = index.checked_sub(1).map(|before| all.behind(before));
        let is_field = before.is_some_and(|before| [".", ":"].contains(&before.text()));
        match rest.text() {
            "require" if !is_field => match rest.module() {
                Some(("std.args", behind)) => {
                    // Of two declarations either may count.
                    if declared.is_some() {
                        return None;
                    }
                    declared = Some(behind.table()?);
                }
                Some((module, _)) => are_all &= module.starts_with("std."),
                None => are_all = false,
            },
            "run" if !is_field => {
                rest.next();
                are_all &= rest.text() == ".";
            }
            "params" | "_G" | "_ENV" | "load" | "loadfile" | "dofile" => are_all = false,
            _ => are_all &= rest.string() != Some("params"),
        }
    }
    let kinds = declared?;
    Some(DeclaredOptions { kinds, are_all })
}

impl<'a> Rest<'a> {
    fn behind(self, index: usize) -> Self {
        Self {
            tokens: &self.tokens[index..],
            ..self
        }
    }

    fn text(&self) -> &'a str {
        self.tokens
            .first()
            .map_or("", |token| token.text(self.source))
    }

    fn string(&self) -> Option<&'a str> {
        plain_text(self.tokens.first()?, self.source)
    }

    fn next(&mut self) {
        self.tokens = self.tokens.get(1..).unwrap_or_default();
    }

    fn takes(&mut self, text: &str) -> bool {
        let is_there = self.text() == text;
        if is_there {
            self.next();
        }
        is_there
    }

    /// The module that a `require` here names, and what is behind it.
    fn module(mut self) -> Option<(&'a str, Self)> {
        self.next();
        let has_bracket = self.takes("(");
        let name = self.string()?;
        self.next();
        (!has_bracket || self.takes(")")).then_some((name, self))
    }

    /// The fields of a table that is called with here, but for `usage`.
    fn table(mut self) -> Option<BTreeMap<String, Option<OptionKind>>> {
        self.takes("(");
        if !self.takes("{") {
            return None;
        }
        let mut kinds = BTreeMap::new();
        while !self.takes("}") {
            let name = if self.takes("[") {
                let name = self.string()?;
                self.next();
                self.takes("]").then_some(name)?
            } else {
                let is_name = self.tokens.first()?.kind == TokenKind::Name;
                let name = is_name.then(|| self.text())?;
                self.next();
                name
            };
            if !self.takes("=") {
                return None;
            }
            let value = self.value()?;
            if name != "usage" {
                kinds.insert(name.to_owned(), self.kind(value));
            }
        }
        Some(kinds)
    }

    /// A value, up to the next field; none where its end is not to be seen.
    fn value(&mut self) -> Option<&'a [Token]> {
        let begin = self.tokens;
        let mut depth = 0_usize;
        loop {
            match self.text() {
                // Nothing more, or a body with separators of its own.
                "" | "function" => return None,
                "(" | "{" | "[" => depth += 1,
                "}" | "," | ";" if depth == 0 => break,
                ")" | "}" | "]" => depth = depth.checked_sub(1)?,
                _ => {}
            }
            self.next();
        }
        let value = &begin[..begin.len() - self.tokens.len()];
        let _ = self.takes(",") || self.takes(";");
        Some(value)
    }

    fn kind(&self, value: &[Token]) -> Option<OptionKind> {
        let is_whole = |token: &Token| {
            let text = token.text(self.source);
            token.kind == TokenKind::Number && text.bytes().all(|byte| byte.is_ascii_digit())
        };
        match value {
            [one] if one.kind == TokenKind::Text => Some(OptionKind::Text),
            [one] if ["true", "false"].contains(&one.text(self.source)) => {
                Some(OptionKind::Boolean)
            }
            [one] if is_whole(one) => Some(OptionKind::Integer),
            [minus, one] if minus.text(self.source) == "-" && is_whole(one) => {
                Some(OptionKind::Integer)
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{DeclaredOptions, OptionKind, declared_options};

    fn kinds(script: &str) -> Option<Vec<(String, Option<OptionKind>)>> {
        declared_options(script).map(|declared| declared.kinds.into_iter().collect())
    }

    #[test]
    fn the_options_of_a_script_are_seen_in_its_text() {
        let expected = [
            ("dry-run", Some(OptionKind::Boolean)),
            ("keep", Some(OptionKind::Integer)),
            ("least", Some(OptionKind::Integer)),
            ("rest", None),
            ("zone", Some(OptionKind::Text)),
        ];
        let expected: Vec<_> = expected
            .into_iter()
            .map(|(name, kind)| (name.to_owned(), kind))
            .collect();
        let fields = "usage = 'x', keep = 7, least = -1; zone = [[a]], ['dry-run'] = false, rest = f(1, { 2 })";
        for script in [
            format!("local options = require \"std.args\" {{ {fields} }}\nprint(options.keep)"),
            format!(
                "local options = require('std.args')({{ {fields}, }}) -- require 'std.args' {{}}"
            ),
        ] {
            assert_eq!(kinds(&script), Some(expected.clone()), "{script}");
        }
    }

    #[test]
    fn what_a_text_does_not_show_is_not_guessed() {
        for script in [
            "",
            "print 'std.args'",
            "local args = require 'std.args' args { usage = 'x' }",
            "require 'std.args' (known)",
            "require 'std.args' { usage = 'x', [name] = 1 }",
            "require 'std.args' { usage = 'x', 7 }",
            "require 'std.args' { usage = 'x', keep = (function() return 1, 2 end)() }",
            "require 'std.args' { usage = 'x', keep = 7",
            "require 'std.args' { usage = 'x' } require 'std.args' { usage = 'y', keep = 1 }",
        ] {
            assert_eq!(kinds(script), None, "{script}");
        }
    }

    #[test]
    fn another_way_to_what_a_schedule_gives_is_seen() {
        let declares = "require 'std.args' { usage = 'x', keep = 7 }";
        let are_all = |more: &str| {
            let script = format!("local options = {declares}\n{more}");
            let declared: DeclaredOptions = declared_options(&script).unwrap();
            declared.are_all
        };
        for more in [
            "",
            "print(run.due, run.id)",
            "print(my.run)",
            "-- run.params",
        ] {
            assert!(are_all(more), "{more}");
        }
        for more in [
            "print(run.params.zone)",
            "print(run['params'])",
            "local r = run",
            "for key in pairs(run) do end",
            "require 'helpers'",
            "require(name)",
            "print(_G.run)",
            "load(text)()",
        ] {
            assert!(!are_all(more), "{more}");
        }
    }
}
