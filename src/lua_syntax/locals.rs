//! Locals that outlive their line: the top-level locals of a prompt's lines become fields of one
//! table, name by name as Lua's scopes would have it, so that later lines and the closures of
//! earlier ones see the same variable.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

/// The name of the table that holds the locals. A chunk has it as a local of its own.
pub const TABLE: &str = "__session";
/// The function that gives its arguments back: what an expression gives passes through it, because
/// Lua forgets the line of a call that a chunk ends with.
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
    slots: BTreeMap<String, Slot>,
    keys: BTreeSet<String>,
}

#[derive(Debug, Clone)]
pub(super) struct Slot {
    key: String,
    /// A closure has seen it: a new declaration of the name must be another variable.
    captured: bool,
    constant: bool,
}

/// A constant that a text assigns to. Lua's compiler cannot know: for it the constant is a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConstantAssigned {
    /// Its name.
    pub name: String,
    /// The line, from 1.
    pub line: usize,
}

/// A chunk whose locals persist.
#[derive(Debug, Default)]
pub struct Rewritten {
    /// What Lua compiles, where the chunk is statements.
    pub text: String,
    /// Whether it reads the last result.
    pub uses_last: bool,
    /// Whether it can end by a `return` of its own.
    pub returns: bool,
    /// The bytes of `text` that can be an expression: all code, but no semicolon at its end.
    pub(super) expression: Range<usize>,
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

    /// A chunk that Lua compiles if the text is an expression, and only then. None where it is
    /// certainly not one.
    pub fn expression(&self) -> Option<String> {
        let code = &self.text[self.expression.clone()];
        // Lua knows a `return` without values.
        let is_empty = code.is_empty() || code.starts_with(';');
        (!is_empty).then(|| format!("{PREFIX}return {}", &self.text[PREFIX.len()..]))
    }

    /// What Lua compiles, where the text is an expression.
    pub fn values(&self) -> String {
        let (before, code) = (
            &self.text[PREFIX.len()..self.expression.start],
            &self.text[self.expression.clone()],
        );
        // Before a comment, which would swallow the bracket, and on the expression's own line,
        // which Lua's errors name.
        let behind = self.text[self.expression.end..].trim_start_matches(';');
        format!("{PREFIX}return {VALUES}({before}{code}){behind}")
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

    /// Takes back the declarations of a chunk that never ran.
    pub fn undo(&mut self, rewritten: &Rewritten) {
        self.restore(&rewritten.replaced);
    }

    /// After a chunk has failed: a name that it declared and never set means what it meant before.
    pub fn undo_unset(&mut self, rewritten: &Rewritten, is_set: impl Fn(&str) -> bool) {
        let unset: BTreeSet<&str> = rewritten
            .declared
            .iter()
            .filter(|(_, key)| !is_set(key))
            .map(|(name, _)| name.as_str())
            .collect();
        let replaced: Vec<_> = rewritten
            .replaced
            .iter()
            .filter(|(name, _)| unset.contains(name.as_str()))
            .cloned()
            .collect();
        self.restore(&replaced);
    }

    fn restore(&mut self, replaced: &[(String, Option<Slot>)]) {
        for (name, slot) in replaced.iter().rev() {
            match slot {
                Some(slot) => self.slots.insert(name.clone(), slot.clone()),
                None => self.slots.remove(name),
            };
        }
    }

    /// A slot for a new declaration: the name's own, unless a closure holds on to it. Its key, and
    /// what the name stood for before.
    pub(super) fn declare(&mut self, name: &str, constant: bool) -> (String, Option<Slot>) {
        let key = match self.slots.get(name) {
            Some(slot) if !slot.captured => slot.key.clone(),
            _ => self.fresh_key(name),
        };
        self.keys.insert(key.clone());
        let before = self.slots.insert(
            name.to_owned(),
            Slot {
                key: key.clone(),
                captured: false,
                constant,
            },
        );
        (key, before)
    }

    /// The key of a name that is read or set, from now on seen by a closure where it stands in a
    /// function.
    pub(super) fn refer(&mut self, name: &str, is_in_function: bool) -> Option<&str> {
        let slot = self.slots.get_mut(name)?;
        slot.captured |= is_in_function;
        Some(&slot.key)
    }

    pub(super) fn is_constant(&self, name: &str) -> bool {
        self.slots.get(name).is_some_and(|slot| slot.constant)
    }

    fn fresh_key(&self, name: &str) -> String {
        let numbered = (2u64..).map(|number| format!("{name}_{number}"));
        let mut candidates = std::iter::once(name.to_owned()).chain(numbered);
        candidates
            .find(|key| !self.keys.contains(key))
            .unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::{ConstantAssigned, Locals};

    /// The lines as Lua compiles them, without the prefix.
    fn rewritten(lines: &[&str]) -> Vec<String> {
        let mut locals = Locals::default();
        lines
            .iter()
            .map(|line| locals.rewrite(line).unwrap().text[super::PREFIX.len()..].to_owned())
            .collect()
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
        let lines = rewritten(&[
            "local x = 1",
            "local x = x",
            "f = function() return x end",
            "local x = 2",
            "x = 3",
        ]);
        assert_eq!(lines[1], " __session.x = __session.x");
        assert_eq!(lines[3..], [" __session.x_2 = 2", "__session.x_2 = 3"]);
    }

    #[test]
    fn a_name_means_the_sessions_variable_only_where_no_block_has_its_own() {
        assert_eq!(
            rewritten(&[
                "local x, f",
                "if x then local x = x; x() elseif x then x() else x() end x()",
                "repeat local x until x() x()",
                "for i, x in x do x() end x()",
                "while x do local function x() return x end end",
                "local x = {} (f)(x)",
                "local x = f {} (x)",
                "goto x ::x:: f.x(x):x(x)",
                "function x.f:x(f) return f, self, x end",
            ]),
            [
                " __session.x, __session.f = nil;",
                "if __session.x then local x = __session.x; x() elseif __session.x then __session.x() else __session.x() end __session.x()",
                "repeat local x until x() __session.x()",
                "for i, x in __session.x do x() end __session.x()",
                "while __session.x do local function x() return x end end",
                " __session.x = {} (__session.f)(__session.x)",
                " __session.x = __session.f {} (__session.x)",
                "goto x ::x:: __session.f.x(__session.x):x(__session.x)",
                "function __session.x.f:x(f) return f, self, __session.x end",
            ]
        );
    }

    #[test]
    fn a_constant_stays_one() {
        let mut locals = Locals::default();
        locals.rewrite("local x <const> = 1").unwrap();
        assert_eq!(
            locals.rewrite("y = 1\nx = 2").unwrap_err(),
            ConstantAssigned {
                name: "x".to_owned(),
                line: 2
            }
        );
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
        locals
            .rewrite("local x = 1; f = function() return x end")
            .unwrap();
        let failed = locals.rewrite("local x, y = g(), 1").unwrap();
        locals.undo_unset(&failed, |key| key == "y");
        assert_eq!((locals.key("x"), locals.key("y")), (Some("x"), Some("y")));
    }

    #[test]
    fn long_and_deep_texts_are_rewritten_in_one_go() {
        Locals::default().rewrite(&"(x".repeat(100_000)).unwrap();
        Locals::default().rewrite(&"do ".repeat(100_000)).unwrap();
        Locals::default()
            .rewrite(&format!("x = {}1", "1 + ".repeat(100_000)))
            .unwrap();
        Locals::default()
            .rewrite(&"local a = 1\n".repeat(10_000))
            .unwrap();
    }
}
