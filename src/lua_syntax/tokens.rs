//! Lua's text as tokens: also of a line that is not finished yet, or wrong.

use std::ops::Range;

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenKind {
    /// A name.
    Name,
    /// A reserved word.
    Keyword,
    /// A number.
    Number,
    /// A string, quotes included.
    Text,
    /// A string whose line ends before it does.
    BrokenText,
    /// A long string or comment, or a string after `\` at the line's end, that more lines can
    /// finish.
    OpenText,
    /// A comment.
    Comment,
    /// An operator or a bracket.
    Symbol,
    /// Nothing that Lua knows.
    Unknown,
}

/// A piece of Lua's text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// What it is.
    pub kind: TokenKind,
    /// Its bytes.
    pub range: Range<usize>,
}

impl Token {
    /// Its text.
    pub fn text<'a>(&self, source: &'a str) -> &'a str {
        &source[self.range.clone()]
    }
}

const KEYWORDS: &[&str] = &[
    "and", "break", "do", "else", "elseif", "end", "false", "for", "function", "goto", "if", "in",
    "local", "nil", "not", "or", "repeat", "return", "then", "true", "until", "while",
];

/// Lua's reserved words.
pub fn keywords() -> &'static [&'static str] {
    KEYWORDS
}

/// Whether a text is one name.
pub fn is_name(text: &str) -> bool {
    let mut bytes = text.bytes();
    bytes.next().is_some_and(is_name_start) && bytes.all(is_name_byte) && !KEYWORDS.contains(&text)
}

/// All tokens of a text; between them is only white space.
pub fn tokens(text: &str) -> Vec<Token> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(&byte) = text.as_bytes().get(at) {
        if byte.is_ascii_whitespace() || byte == 0x0b {
            at += 1;
            continue;
        }
        let (kind, end) = token(text, at, byte);
        found.push(Token {
            kind,
            range: at..end,
        });
        at = end;
    }
    found
}

/// All tokens of a text but its comments.
pub fn code(text: &str) -> Vec<Token> {
    let mut all = tokens(text);
    all.retain(|token| token.kind != TokenKind::Comment);
    all
}

/// The value of a string's token without escapes; none where it has any, or is long.
pub fn plain_text<'a>(token: &Token, source: &'a str) -> Option<&'a str> {
    let text = token.text(source);
    let quote = text
        .chars()
        .next()
        .filter(|quote| matches!(quote, '"' | '\''))?;
    let inner = text[1..].strip_suffix(quote)?;
    (token.kind == TokenKind::Text && !inner.contains('\\')).then_some(inner)
}

fn is_name_start(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_'
}

fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

fn token(text: &str, at: usize, byte: u8) -> (TokenKind, usize) {
    let rest = &text[at..];
    let next = rest.as_bytes().get(1).copied();
    match byte {
        b'-' if next == Some(b'-') => comment(text, at),
        b'[' => match long_bracket(rest) {
            Some(length) => (TokenKind::Text, at + length),
            None if opens_long(rest).is_some() => (TokenKind::OpenText, text.len()),
            None => (TokenKind::Symbol, at + 1),
        },
        b'"' | b'\'' => short_text(text, at, byte),
        _ if is_name_start(byte) => {
            let length = rest.bytes().take_while(|byte| is_name_byte(*byte)).count();
            let kind = if KEYWORDS.contains(&&rest[..length]) {
                TokenKind::Keyword
            } else {
                TokenKind::Name
            };
            (kind, at + length)
        }
        _ if byte.is_ascii_digit()
            || (byte == b'.' && next.is_some_and(|next| next.is_ascii_digit())) =>
        {
            (TokenKind::Number, at + number(rest))
        }
        _ => {
            const SYMBOLS: &[&str] = &["...", "..", "==", "~=", "<=", ">=", "//", "::", "<<", ">>"];
            if let Some(symbol) = SYMBOLS.iter().find(|symbol| rest.starts_with(**symbol)) {
                return (TokenKind::Symbol, at + symbol.len());
            }
            let is_symbol = b"+-*/%^#&~|<>=(){}[];:,.".contains(&byte);
            let length = rest.chars().next().map_or(1, char::len_utf8);
            (
                if is_symbol {
                    TokenKind::Symbol
                } else {
                    TokenKind::Unknown
                },
                at + length,
            )
        }
    }
}

fn comment(text: &str, at: usize) -> (TokenKind, usize) {
    let rest = &text[at + 2..];
    if let Some(length) = long_bracket(rest) {
        return (TokenKind::Comment, at + 2 + length);
    }
    if opens_long(rest).is_some() {
        return (TokenKind::OpenText, text.len());
    }
    (
        TokenKind::Comment,
        at + 2 + rest.find('\n').unwrap_or(rest.len()),
    )
}

/// How many `=` a long bracket that begins here has.
fn opens_long(text: &str) -> Option<usize> {
    let inside = text.strip_prefix('[')?;
    let level = inside.bytes().take_while(|byte| *byte == b'=').count();
    inside[level..].starts_with('[').then_some(level)
}

/// The length of a whole long bracket that begins here.
fn long_bracket(text: &str) -> Option<usize> {
    let level = opens_long(text)?;
    let close = format!("]{}]", "=".repeat(level));
    let start = level + 2;
    text[start..]
        .find(&close)
        .map(|at| start + at + close.len())
}

fn short_text(text: &str, at: usize, quote: u8) -> (TokenKind, usize) {
    let bytes = text.as_bytes();
    let mut here = at + 1;
    while let Some(&byte) = bytes.get(here) {
        match byte {
            b'\\' if bytes.get(here + 1) == Some(&b'z') => {
                here += 2;
                here += bytes[here..]
                    .iter()
                    .take_while(|byte| byte.is_ascii_whitespace())
                    .count();
                if here == bytes.len() {
                    return (TokenKind::OpenText, here);
                }
            }
            b'\\' => {
                let escaped = text[here + 1..].chars().next();
                if matches!(escaped, None | Some('\n')) && here + 2 >= bytes.len() {
                    return (TokenKind::OpenText, bytes.len());
                }
                here += 1 + escaped.map_or(0, char::len_utf8);
            }
            b'\n' => return (TokenKind::BrokenText, here),
            _ if byte == quote => return (TokenKind::Text, here + 1),
            _ => here += 1,
        }
    }
    (TokenKind::BrokenText, bytes.len())
}

/// The length of a number as Lua reads one: greedily, and judged later.
fn number(text: &str) -> usize {
    let bytes = text.as_bytes();
    let is_hex = bytes.len() > 1 && bytes[0] == b'0' && bytes[1].eq_ignore_ascii_case(&b'x');
    let mut length = if is_hex { 2 } else { 0 };
    while let Some(&byte) = bytes.get(length) {
        let is_exponent = if is_hex {
            byte.eq_ignore_ascii_case(&b'p')
        } else {
            byte.eq_ignore_ascii_case(&b'e')
        };
        if is_exponent
            && bytes
                .get(length + 1)
                .is_some_and(|sign| matches!(sign, b'+' | b'-'))
        {
            length += 2;
        } else if is_name_byte(byte) || byte == b'.' {
            length += 1;
        } else {
            break;
        }
    }
    length
}

#[cfg(test)]
mod tests {
    use super::{TokenKind, is_name, plain_text, tokens};

    fn kinds(text: &str) -> Vec<(TokenKind, &str)> {
        tokens(text)
            .iter()
            .map(|token| (token.kind, token.text(text)))
            .collect()
    }

    #[test]
    fn a_line_falls_into_its_tokens() {
        use TokenKind::{Comment, Keyword, Name, Number, Symbol, Text};
        assert_eq!(
            kinds("local x = 0x1p-2..'a\\'b' --[[c]] [==[d]]]==] ~= 3.5e+2"),
            [
                (Keyword, "local"),
                (Name, "x"),
                (Symbol, "="),
                (Number, "0x1p-2.."),
                (Text, "'a\\'b'"),
                (Comment, "--[[c]]"),
                (Text, "[==[d]]]==]"),
                (Symbol, "~="),
                (Number, "3.5e+2"),
            ]
        );
    }

    #[test]
    fn what_more_lines_can_finish_is_distinguished_from_what_they_cannot() {
        assert_eq!(kinds("[[a\nb")[0].0, TokenKind::OpenText);
        assert_eq!(kinds("--[==[ a")[0].0, TokenKind::OpenText);
        assert_eq!(kinds("'a\\")[0].0, TokenKind::OpenText);
        assert_eq!(kinds("'a\\z  ")[0].0, TokenKind::OpenText);
        assert_eq!(kinds("'a")[0].0, TokenKind::BrokenText);
        assert_eq!(
            kinds("'a\nx"),
            [(TokenKind::BrokenText, "'a"), (TokenKind::Name, "x")]
        );
    }

    #[test]
    fn every_character_is_in_a_token_or_is_white_space() {
        let text = "é§ = 'ü\u{1f600}' @ $ ? ! `";
        let covered: usize = tokens(text).iter().map(|token| token.range.len()).sum();
        assert_eq!(
            covered,
            text.chars()
                .filter(|c| !c.is_whitespace())
                .map(char::len_utf8)
                .sum::<usize>()
        );
    }

    #[test]
    fn plain_strings_give_their_value() {
        let text = "'a' \"b\" 'c\\n' [[d]]";
        let values: Vec<_> = tokens(text)
            .iter()
            .map(|token| plain_text(token, text))
            .collect();
        assert_eq!(values, [Some("a"), Some("b"), None, None]);
        assert!(is_name("a_1") && !is_name("end") && !is_name("1a") && !is_name(""));
    }
}
