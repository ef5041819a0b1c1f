//! Colors of a typed line, and the bracket that belongs to the one at the cursor.

use crate::lua_syntax::{Token, TokenKind, tokens};
use anstyle::{AnsiColor, Style};
use std::fmt::Write as _;

/// Longer texts, as pasted ones, stay plain: they are drawn anew at every key.
const LONGEST: usize = 16 * 1024;

const KEYWORD: Style = AnsiColor::Magenta.on_default();
const TEXT: Style = AnsiColor::Green.on_default();
const BROKEN: Style = AnsiColor::Yellow.on_default();
const NUMBER: Style = AnsiColor::Cyan.on_default();
const COMMENT: Style = AnsiColor::BrightBlack.on_default();
const WRONG: Style = AnsiColor::Red.on_default();
const COMMAND: Style = AnsiColor::Blue.on_default();
const MATCH: Style = AnsiColor::Blue.on_default().bold().underline();

/// The line with colors; `cursor` is a byte of it, none where the line is done.
pub(super) fn highlight(line: &str, cursor: Option<usize>) -> String {
    if line.len() > LONGEST {
        return line.to_owned();
    }
    if line.starts_with(':') || line.starts_with('?') {
        return format!("{COMMAND}{line}{COMMAND:#}");
    }
    let all = tokens(line);
    let pair = cursor.and_then(|cursor| pair(line, &all, cursor));
    let mut text = String::with_capacity(line.len() * 2);
    let mut from = 0;
    for (index, token) in all.iter().enumerate() {
        text.push_str(&line[from..token.range.start]);
        let style = if pair.is_some_and(|(one, other)| index == one || index == other) {
            Some(MATCH)
        } else {
            style(token, line)
        };
        let _ = match style {
            Some(style) => write!(text, "{style}{}{style:#}", token.text(line)),
            None => write!(text, "{}", token.text(line)),
        };
        from = token.range.end;
    }
    text + &line[from..]
}

/// Whether the cursor stands at a bracket, so that its moving changes the colors.
pub(super) fn is_at_bracket(line: &str, cursor: usize) -> bool {
    let bytes = line.as_bytes();
    let is_bracket = |at: usize| bytes.get(at).is_some_and(|byte| b"(){}[]".contains(byte));
    is_bracket(cursor) || cursor.checked_sub(1).is_some_and(is_bracket)
}

fn style(token: &Token, line: &str) -> Option<Style> {
    match token.kind {
        TokenKind::Keyword => Some(KEYWORD),
        TokenKind::Text => Some(TEXT),
        TokenKind::BrokenText | TokenKind::OpenText if token.text(line).starts_with("--") => {
            Some(COMMENT)
        }
        TokenKind::BrokenText | TokenKind::OpenText => Some(BROKEN),
        TokenKind::Number => Some(NUMBER),
        TokenKind::Comment => Some(COMMENT),
        TokenKind::Unknown => Some(WRONG),
        TokenKind::Name | TokenKind::Symbol => None,
    }
}

/// The bracket under the cursor or before it, and the one that it belongs to.
fn pair(line: &str, all: &[Token], cursor: usize) -> Option<(usize, usize)> {
    const PAIRS: [(&str, &str); 3] = [("(", ")"), ("{", "}"), ("[", "]")];
    let is_bracket =
        |token: &Token| token.kind == TokenKind::Symbol && "(){}[]".contains(token.text(line));
    let touches = |at: usize| {
        all.iter()
            .position(|token| token.range.start == at && is_bracket(token))
    };
    let start = touches(cursor).or_else(|| cursor.checked_sub(1).and_then(touches))?;
    let text = all[start].text(line);
    let (open, close) = PAIRS
        .into_iter()
        .find(|(open, close)| text == *open || text == *close)?;
    let mut depth = 0_usize;
    let mut step = |index: &usize| {
        let here = if is_bracket(&all[*index]) {
            all[*index].text(line)
        } else {
            ""
        };
        let (same, other) = if text == open {
            (open, close)
        } else {
            (close, open)
        };
        depth += usize::from(here == same);
        depth -= usize::from(here == other);
        depth == 0
    };
    let found = if text == open {
        (start..all.len()).find(|index| step(index))
    } else {
        (0..=start).rev().find(|index| step(index))
    };
    found.map(|found| (start, found))
}

#[cfg(test)]
mod tests {
    use super::highlight;

    fn plain(text: &str) -> String {
        anstream::adapter::strip_str(text).to_string()
    }

    #[test]
    fn colors_change_nothing_but_the_color() {
        for line in [
            "local x = { 'a', 2 } -- c",
            "f((1), \"é",
            ":save x",
            "?cds",
            ")",
            "x = '服务器'",
        ] {
            for cursor in 0..=line.len() {
                assert_eq!(plain(&highlight(line, Some(cursor))), line);
            }
        }
    }

    #[test]
    fn the_bracket_that_belongs_to_the_one_at_the_cursor_is_marked() {
        let marked =
            |line: &str, cursor| highlight(line, Some(cursor)).matches("\u{1b}[4m").count();
        assert_eq!(marked("f(g(1))", 1), 2);
        assert_eq!(marked("f(g(1))", 7), 2);
        assert_eq!(marked("f(')'", 1), 0);
        assert_eq!(marked("abc", 1), 0);
    }
}
