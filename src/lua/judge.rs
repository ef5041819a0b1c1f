//! The verdict of Lua's own compiler on a text, without running it: of a script that is checked,
//! and of a line while it is typed.

use super::sources::lua_text;
use crate::lua_syntax::locals::Rewritten;
use crate::lua_syntax::{TokenKind, code};
use mlua::chunk::ChunkMode;
use mlua::{Lua, LuaOptions, StdLib};

thread_local! {
    /// A state that only compiles. The editor asks from a thread of its own, which must not wait
    /// for the session's.
    static COMPILER: Lua = Lua::new_with(StdLib::NONE, LuaOptions::default()).unwrap_or_default();
}

/// What a text is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Judgement {
    /// No chunk.
    #[default]
    Wrong,
    /// More lines can finish it.
    Incomplete,
    /// A chunk.
    Whole,
}

/// What is known of an input's text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "facts of a text that do not depend on each other"
)]
pub struct Form {
    /// Whether it is a chunk at all.
    pub judgement: Judgement,
    /// Whether it is an expression.
    pub is_expression: bool,
    /// Whether it is a statement; a call is both.
    pub is_statement: bool,
    /// Whether it reads the last result.
    pub uses_last: bool,
    /// Whether it can end by a `return` of its own.
    pub returns: bool,
    /// How many locals it declares.
    pub declarations: usize,
}

impl Form {
    /// What is known of a rewritten text.
    pub fn of(rewritten: &Rewritten) -> Self {
        let as_expression = rewritten
            .expression()
            .map_or(Judgement::Wrong, |text| compiles(&text));
        let as_statement = compiles(&rewritten.text);
        Self {
            judgement: as_expression.max(as_statement),
            is_expression: as_expression == Judgement::Whole,
            is_statement: as_statement == Judgement::Whole,
            uses_last: rewritten.uses_last,
            returns: rewritten.returns,
            declarations: rewritten.declarations(),
        }
    }
}

/// Whether a text is an input, can become one, or is wrong.
pub fn judge(text: &str) -> Judgement {
    Form::of(&Rewritten::alone(text)).judgement
}

/// What keeps a script's text from being Lua, with its line; none where nothing does.
pub fn fault(name: &str, text: &str) -> Option<String> {
    match refusal(&format!("={name}"), &lua_text(text))? {
        mlua::Error::SyntaxError { message, .. } => Some(message),
        error => Some(error.to_string()),
    }
}

/// Why Lua refuses an input, in the words that fit what was meant.
pub(super) fn input_refusal(name: &str, text: &str) -> Option<mlua::Error> {
    let as_statement = || refusal(name, text);
    let as_expression = || refusal(name, &format!("return {text}"));
    let code = code(text);
    let first = code.first()?;
    match (first.kind, first.text(text)) {
        (TokenKind::Number | TokenKind::Text | TokenKind::BrokenText, _)
        | (_, "{" | "nil" | "true" | "false" | "not" | "-" | "#" | "~" | "...") => as_expression(),
        // A statement can begin like an expression; then Lua wants the expression to end where the
        // statement goes on.
        (TokenKind::Name, _) | (_, "(") => {
            let ends_early = |error: &mlua::Error| matches!(error, mlua::Error::SyntaxError { message, .. } if message.contains("<eof> expected"));
            as_expression()
                .filter(|error| !ends_early(error))
                .or_else(as_statement)
        }
        _ => as_statement(),
    }
}

fn refusal(name: &str, text: &str) -> Option<mlua::Error> {
    COMPILER.with(|lua| {
        lua.load(text)
            .set_name(name)
            .set_mode(ChunkMode::Text)
            .into_function()
            .err()
    })
}

fn compiles(text: &str) -> Judgement {
    // A line that was entered has ended: only what goes on behind its end is incomplete, as a long
    // string does and `'a` does not.
    let ended = if text.ends_with('\n') {
        text.to_owned()
    } else {
        format!("{text}\n")
    };
    match refusal("=input", &ended) {
        None => Judgement::Whole,
        // Lua refuses a value that stands as a statement: more lines are not likely to make it one.
        Some(mlua::Error::SyntaxError { message, .. })
            if message.ends_with("syntax error near <eof>") =>
        {
            Judgement::Wrong
        }
        Some(mlua::Error::SyntaxError {
            incomplete_input: true,
            ..
        }) => Judgement::Incomplete,
        Some(_) => Judgement::Wrong,
    }
}

#[cfg(test)]
mod tests {
    use super::{Judgement, fault, input_refusal, judge};

    #[test]
    fn a_fault_has_its_line_and_a_shebang_is_none() {
        assert_eq!(fault("a.lua", "#!/usr/bin/env cumulua\nprint(1)"), None);
        assert!(
            fault("a.lua", "print(1)\nprint(")
                .unwrap()
                .starts_with("a.lua:2:")
        );
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
            assert_eq!(judge(text), Judgement::Incomplete, "{text}");
        }
        for text in [
            "end", "x y", "1 = 2", "for do", "x = )", "'a", "local 1", "f() = 1", "a.1", "x = 1 y",
        ] {
            assert_eq!(judge(text), Judgement::Wrong, "{text}");
        }
    }

    #[test]
    fn a_string_goes_on_behind_its_line_only_where_lua_allows_it() {
        for text in [
            "'a\\",
            "'a\\\n",
            "'a\\z",
            "'a\\z \n ",
            "[[a",
            "[==[a]]\n",
            "--[[ a",
        ] {
            assert_eq!(judge(text), Judgement::Incomplete, "{text}");
        }
        for text in ["'a", "'a\n", "'a\\\n\n", "x = 'a\n'"] {
            assert_eq!(judge(text), Judgement::Wrong, "{text}");
        }
        for text in ["", " ", "-- a", ";", "'a\\\nb'", "return", "x", "x;"] {
            assert_eq!(judge(text), Judgement::Whole, "{text}");
        }
    }

    #[test]
    fn what_is_put_behind_a_declaration_does_not_make_it_wrong() {
        for text in [
            "local f <close> =",
            "local f <close> = g(",
            "local f = 1\nlocal function f",
            "local f = 1\nlocal f <",
        ] {
            assert_eq!(judge(text), Judgement::Incomplete, "{text}");
        }
        for text in [
            "f, local x = 1, 2",
            "local x.y = 1",
            "local x[1] = 1",
            "local function f.g() end",
            "local x <late> = 1",
        ] {
            assert_eq!(judge(text), Judgement::Wrong, "{text}");
        }
    }

    #[test]
    fn a_wrong_input_is_refused_where_it_goes_wrong() {
        for (text, place) in [
            ("1 +* 1", "near '*'"),
            ("x y", "syntax error near 'y'"),
            ("price * 1.2.3", "malformed number near '1.2.3'"),
            ("x = )", "unexpected symbol near ')'"),
            ("for i = ) do", "unexpected symbol near ')'"),
            ("(f())\nlocal 1", "near 'local'"),
        ] {
            let refused = input_refusal("=input", text).unwrap().to_string();
            assert!(refused.contains(place), "{text}: {refused}");
        }
    }

    #[test]
    fn deep_nesting_is_refused_and_long_chains_are_not() {
        assert_eq!(judge(&"(".repeat(100_000)), Judgement::Wrong);
        assert_eq!(
            judge(&format!("x = {}1", "1 + ".repeat(100_000))),
            Judgement::Whole
        );
        assert_eq!(judge(&"local a = 1\n".repeat(10_000)), Judgement::Whole);
    }
}
