//! Locals that outlive their line: the top-level locals of a prompt's lines become fields of one table, name by name as Lua's scopes
//! would have it, so that later lines and the closures of earlier ones see the same variable.

use super::scopes::Parser;
use super::{Token, TokenKind, tokens};
use std::collections::{BTreeMap, BTreeSet};

/// The name of the table that holds the locals. A chunk has it as a local of its own.
pub const TABLE: &str = "__session";
/// The function that gives its arguments back: what an expression gives passes through it, because Lua forgets the line of a call that
/// a chunk ends with.
pub const VALUES: &str = "__values";
/// The function that keeps a value to be closed at the session's end.
pub const CLOSE: &str = "__close_later";
/// The last result. It is declared once and for all: `local _, x = f()` leaves it the last result.
pub const LAST: &str = "_";

/// What every rewritten chunk begins with.
pub(super) const PREFIX: &str = "local __session = __session; ";

/// The locals of a session: names that stand for fields of [`TABLE`].
#[derive(Debug, Default)]
pub struct Locals {
    pub(super) slots: BTreeMap<String, Slot>,
    keys: BTreeSet<String>,
}

#[derive(Debug, Clone)]
pub(super) struct Slot {
    pub(super) key: String,
    /// A closure has seen it: a new declaration of the name must be another variable.
    pub(super) captured: bool,
    pub(super) constant: bool,
}

/// Why a text is no chunk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    /// More lines can finish it.
    Incomplete,
    /// Lua's compiler says what is wrong.
    Syntax,
    /// A constant is assigned to, in this line.
    Constant {
        /// Its name.
        name: String,
        /// The line, from 1.
        line: usize,
    },
}

/// A chunk whose locals persist.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "facts of a text that do not depend on each other")]
pub struct Rewritten {
    /// What Lua compiles.
    pub text: String,
    /// Whether it is an expression.
    pub is_expression: bool,
    /// Whether it is a statement too, as a call is both.
    pub is_statement: bool,
    /// Whether it reads the last result.
    pub uses_last: bool,
    /// Whether it can end by a `return` of its own.
    pub returns: bool,
    /// Names that it declares, with the keys of their slots.
    pub(super) declared: Vec<(String, String)>,
    /// What its declarations replaced, latest last.
    pub(super) replaced: Vec<(String, Option<Slot>)>,
}

impl Rewritten {
    /// How many locals it declares.
    pub fn declarations(&self) -> usize {
        self.declared.len()
    }
}

impl Locals {
    /// The names.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.slots.keys().map(String::as_str)
    }

    /// The field of [`TABLE`] that a name stands for.
    pub fn key(&self, name: &str) -> Option<&str> {
        if name == LAST {
            return Some(LAST);
        }
        self.slots.get(name).map(|slot| slot.key.as_str())
    }

    /// A line as Lua compiles it: an expression where it is one, else statements. Its declarations count from now on.
    pub fn rewrite(&mut self, source: &str) -> Result<Rewritten, Problem> {
        let all: Vec<Token> = tokens(source).into_iter().filter(|token| token.kind != TokenKind::Comment).collect();
        let expression = Parser::new(source, &all, self).expression_chunk();
        // What is an expression declares nothing, so reading it twice does no harm.
        let statements = Parser::new(source, &all, self).chunk();
        if let Ok(rewritten) = expression {
            return Ok(Rewritten { is_statement: statements.is_ok(), ..rewritten });
        }
        match (expression, statements) {
            (_, Ok(rewritten)) => Ok(rewritten),
            (Err(Problem::Incomplete), _) | (_, Err(Problem::Incomplete)) => Err(Problem::Incomplete),
            (_, Err(problem)) => Err(problem),
        }
    }

    /// Statements as a part of a script that has [`TABLE`] as a local of its own.
    pub fn rewrite_statements(&mut self, source: &str) -> Result<String, Problem> {
        let all: Vec<Token> = tokens(source).into_iter().filter(|token| token.kind != TokenKind::Comment).collect();
        let rewritten = Parser::new(source, &all, self).chunk()?;
        Ok(rewritten.text[PREFIX.len()..].to_owned())
    }

    /// Takes back the declarations of a chunk that never ran.
    pub fn undo(&mut self, rewritten: &Rewritten) {
        self.restore(&rewritten.replaced);
    }

    /// After a chunk has failed: a name that it declared and never set means what it meant before.
    pub fn undo_unset(&mut self, rewritten: &Rewritten, is_set: impl Fn(&str) -> bool) {
        let unset: BTreeSet<&str> =
            rewritten.declared.iter().filter(|(_, key)| !is_set(key)).map(|(name, _)| name.as_str()).collect();
        let replaced: Vec<_> = rewritten.replaced.iter().filter(|(name, _)| unset.contains(name.as_str())).cloned().collect();
        self.restore(&replaced);
    }

    pub(super) fn restore(&mut self, replaced: &[(String, Option<Slot>)]) {
        for (name, slot) in replaced.iter().rev() {
            match slot {
                Some(slot) => self.slots.insert(name.clone(), slot.clone()),
                None => self.slots.remove(name),
            };
        }
    }

    /// A slot for a new declaration: the name's own, unless a closure holds on to it.
    pub(super) fn declare(&mut self, name: &str, constant: bool) -> String {
        let key = match self.slots.get(name) {
            Some(slot) if !slot.captured => slot.key.clone(),
            _ => self.fresh_key(name),
        };
        self.keys.insert(key.clone());
        self.slots.insert(name.to_owned(), Slot { key: key.clone(), captured: false, constant });
        key
    }

    fn fresh_key(&self, name: &str) -> String {
        let numbered = (2u64..).map(|number| format!("{name}_{number}"));
        let mut candidates = std::iter::once(name.to_owned()).chain(numbered);
        candidates.find(|key| !self.keys.contains(key)).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::{Locals, Problem};

    /// The lines as Lua compiles them, without the prefix.
    fn rewritten(lines: &[&str]) -> Vec<String> {
        let mut locals = Locals::default();
        lines.iter().map(|line| locals.rewrite(line).unwrap().text[super::PREFIX.len()..].to_owned()).collect()
    }

    #[test]
    fn locals_of_the_top_level_become_fields_and_others_stay() {
        assert_eq!(
            rewritten(&[
                "local x, y <const> = 1, { x = 2, [x] = x }",
                "do local x = x; print(x, a.x) end",
                "local function f(y) return x + y end",
                "function f.g:h() return self, f end",
                "local z\n(f or g)()",
                "for x = x, y do print(x) end print(x)",
                "repeat local y = 1 until y == x",
            ]),
            [
                " __session.x, __session.y  = 1, { x = 2, [x] = x }",
                "do local x = __session.x; print(x, a.x) end",
                " function __session.f(y) return __session.x + y end",
                "function __session.f.g:h() return self, __session.f end",
                " __session.z = nil;\n(__session.f or g)()",
                "for x = __session.x, __session.y do print(x) end print(__session.x)",
                "repeat local y = 1 until y == __session.x",
            ]
        );
    }

    #[test]
    fn a_closure_keeps_its_variable_when_the_name_is_declared_again() {
        let lines = rewritten(&["local x = 1", "local x = x", "f = function() return x end", "local x = 2", "x = 3"]);
        assert_eq!(lines[1], " __session.x = __session.x");
        assert_eq!(lines[3..], [" __session.x_2 = 2", "__session.x_2 = 3"]);
    }

    #[test]
    fn what_more_lines_can_finish_is_incomplete() {
        for text in [
            "for i = 1, 3 do",
            "x =",
            "f(",
            "{",
            "{ 1,",
            "function f(a",
            "if x then y() else",
            "s = [[a",
            "local x <",
            "a.",
            "a, b =",
            "return {",
            "1 +",
            "x = 'a\\",
            "while true",
            "--[[ a",
            "(1 + 2",
            "f {",
            "local function",
        ] {
            assert_eq!(Locals::default().rewrite(text).unwrap_err(), Problem::Incomplete, "{text}");
        }
        for text in ["end", "x y", "1 = 2", "for do", "x = )", "'a", "local 1", "f() = 1", "a.1", "x = 1 y"] {
            assert_eq!(Locals::default().rewrite(text).unwrap_err(), Problem::Syntax, "{text}");
        }
    }

    #[test]
    fn a_constant_stays_one() {
        let mut locals = Locals::default();
        locals.rewrite("local x <const> = 1").unwrap();
        assert_eq!(locals.rewrite("y = 1\nx = 2").unwrap_err(), Problem::Constant { name: "x".to_owned(), line: 2 });
        locals.rewrite("do local x; x = 2 end").unwrap();
        locals.rewrite("local x = 2").unwrap();
        locals.rewrite("x = 3").unwrap();
    }

    #[test]
    fn a_chunk_that_never_ran_declares_nothing() {
        let mut locals = Locals::default();
        let rewritten = locals.rewrite("local x = 1").unwrap();
        locals.undo(&rewritten);
        assert_eq!(locals.names().count(), 0);
    }

    #[test]
    fn a_failed_declaration_leaves_the_name_what_it_was() {
        let mut locals = Locals::default();
        locals.rewrite("local x = 1; f = function() return x end").unwrap();
        let failed = locals.rewrite("local x, y = g(), 1").unwrap();
        locals.undo_unset(&failed, |key| key == "y");
        assert_eq!((locals.key("x"), locals.key("y")), (Some("x"), Some("y")));
    }

    #[test]
    fn deep_nesting_is_refused_and_long_chains_are_not() {
        assert!(Locals::default().rewrite(&"(".repeat(100_000)).is_err());
        Locals::default().rewrite(&format!("x = {}1", "1 + ".repeat(100_000))).unwrap();
        Locals::default().rewrite(&"local a = 1\n".repeat(10_000)).unwrap();
    }
}
