//! A `read` under way: its formats, one after the other, over bytes that come bit by bit.
//!
//! It waits for nothing and reads from nothing: what has the bytes, a file at once or a prompt
//! after a while, asks it whether it is done and gives it more where it is not.

use super::format::Format;
use super::input::Input;
use super::numeral::{self, Number};

/// What a format gives.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::lua) enum Item<'a> {
    Text(&'a [u8]),
    Number(Number),
    /// There is none, and the formats behind it give nothing.
    Nothing,
}

/// A `read` under way.
#[derive(Debug)]
pub(in crate::lua) struct Request {
    formats: Vec<Format>,
    next: usize,
    /// Up to this place no line ends. Others may read in between, so it is not counted from the
    /// first unread byte.
    searched: usize,
    /// Whether no more bytes come.
    is_end: bool,
}

impl Request {
    /// A `read` of these formats; of a line where there are none.
    pub(in crate::lua) fn new(mut formats: Vec<Format>) -> Self {
        if formats.is_empty() {
            formats.push(Format::USUAL);
        }
        Self {
            formats,
            next: 0,
            searched: 0,
            is_end: false,
        }
    }

    /// Notes that no more bytes come.
    pub(in crate::lua) fn end(&mut self) {
        self.is_end = true;
    }

    /// Gives the items that are there, in order; whether it is done or needs more bytes.
    pub(in crate::lua) fn advance<E>(
        &mut self,
        input: &mut Input,
        mut give: impl FnMut(Item<'_>) -> Result<(), E>,
    ) -> Result<bool, E> {
        while let Some(format) = self.formats.get(self.next).copied() {
            if format == Format::Number {
                let spaces = input
                    .unread()
                    .iter()
                    .take_while(|byte| is_space(**byte))
                    .count();
                input.consume(spaces);
            }
            let Some((item, length)) = self.item(format, input) else {
                return Ok(false);
            };
            let is_last = item == Item::Nothing;
            give(item)?;
            input.consume(length);
            self.next = if is_last {
                self.formats.len()
            } else {
                self.next + 1
            };
        }
        Ok(true)
    }

    /// So many bytes are needed at least, and what is beyond them may not.
    pub(super) fn least(&self, input: &Input) -> usize {
        match self.formats.get(self.next) {
            Some(Format::All) => usize::MAX,
            Some(Format::Count(count)) => count.saturating_sub(input.unread().len()).max(1),
            _ => 1,
        }
    }

    /// An item, and how many bytes it takes; none where more are needed.
    fn item<'a>(&mut self, format: Format, input: &'a Input) -> Option<(Item<'a>, usize)> {
        let bytes = input.unread();
        let some = |length: usize| {
            if length > 0 {
                Item::Text(&bytes[..length])
            } else {
                Item::Nothing
            }
        };
        match format {
            Format::Number => {
                let numeral = numeral::scan(bytes, self.is_end)?;
                Some((
                    numeral.value.map_or(Item::Nothing, Item::Number),
                    numeral.length,
                ))
            }
            Format::Line { keeps_end } => {
                let searched = self
                    .searched
                    .saturating_sub(input.position())
                    .min(bytes.len());
                if let Some(end) = bytes[searched..].iter().position(|byte| *byte == b'\n') {
                    let end = searched + end;
                    return Some((Item::Text(&bytes[..end + usize::from(keeps_end)]), end + 1));
                }
                self.searched = input.position() + bytes.len();
                self.is_end.then(|| (some(bytes.len()), bytes.len()))
            }
            Format::All => self.is_end.then_some((Item::Text(bytes), bytes.len())),
            Format::Count(0) if !bytes.is_empty() => Some((Item::Text(b""), 0)),
            Format::Count(count) if count > 0 && bytes.len() >= count => Some((some(count), count)),
            Format::Count(_) => self.is_end.then(|| (some(bytes.len()), bytes.len())),
        }
    }
}

/// C's `isspace`.
fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}

#[cfg(test)]
mod tests {
    use super::{Format, Input, Item, Request};
    use crate::lua::files::numeral::Number;
    use std::convert::Infallible;

    const LINE: Format = Format::USUAL;
    const WHOLE_LINE: Format = Format::Line { keeps_end: true };

    fn text(item: Item<'_>) -> String {
        match item {
            Item::Text(text) => format!("{:?}", String::from_utf8_lossy(text)),
            Item::Number(Number::Integer(number)) => number.to_string(),
            Item::Number(Number::Float(number)) => format!("{number:?}"),
            Item::Nothing => "nil".to_owned(),
        }
    }

    /// What the formats give when bytes come in parts, and what is left unread.
    fn read(formats: &[Format], parts: &[&str]) -> (Vec<String>, String) {
        let mut request = Request::new(formats.to_vec());
        let mut input = Input::default();
        let mut items = Vec::new();
        let mut parts = parts.iter();
        loop {
            let give = |item: Item<'_>| {
                items.push(text(item));
                Ok::<_, Infallible>(())
            };
            if request.advance(&mut input, give).unwrap() {
                break;
            }
            match parts.next() {
                Some(part) => input.push(part.as_bytes()),
                None => request.end(),
            }
        }
        (items, String::from_utf8_lossy(input.unread()).into_owned())
    }

    #[test]
    fn formats_give_the_same_whether_bytes_come_at_once_or_one_by_one() {
        let all = Format::All;
        let number = Format::Number;
        let cases: &[(&[Format], &str, &[&str], &str)] = &[
            (&[], "one\ntwo\n", &["\"one\""], "two\n"),
            (
                &[LINE, LINE, LINE],
                "one\ntwo",
                &["\"one\"", "\"two\"", "nil"],
                "",
            ),
            (
                &[WHOLE_LINE, WHOLE_LINE, WHOLE_LINE],
                "\none",
                &["\"\\n\"", "\"one\"", "nil"],
                "",
            ),
            (&[LINE, LINE], "\n\n", &["\"\"", "\"\""], ""),
            (&[all, all], "one\n", &["\"one\\n\"", "\"\""], ""),
            (
                &[number, number, LINE],
                " \t\n3 0x10 more\n",
                &["3", "16", "\" more\""],
                "",
            ),
            (&[number, LINE], "x", &["nil"], "x"),
            (&[number], "1e+;", &["nil"], ";"),
            (
                &[number, Format::Count(1)],
                "-12.3-",
                &["-12.3", "\"-\""],
                "",
            ),
            (&[number], "  ", &["nil"], ""),
            (
                &[Format::Count(3), Format::Count(3), Format::Count(1)],
                "12345",
                &["\"123\"", "\"45\"", "nil"],
                "",
            ),
            (
                &[Format::Count(0), Format::Count(1), Format::Count(0)],
                "1",
                &["\"\"", "\"1\"", "nil"],
                "",
            ),
            (
                &[LINE, all, LINE],
                "one\ntwo\n",
                &["\"one\"", "\"two\\n\"", "nil"],
                "",
            ),
        ];
        for (formats, bytes, items, rest) in cases {
            let one_by_one: Vec<&str> = bytes.split("").filter(|part| !part.is_empty()).collect();
            for parts in [vec![*bytes], one_by_one] {
                let (read, left) = read(formats, &parts);
                assert_eq!(read, *items, "{formats:?} of {parts:?}");
                // What comes later was not asked for.
                assert!(
                    rest.starts_with(&left),
                    "{formats:?} of {parts:?} leaves {left:?}"
                );
            }
        }
    }

    #[test]
    fn bytes_that_are_no_text_are_read_as_they_are() {
        let mut input = Input::default();
        let mut read = Vec::new();
        input.push(b"\0\xff\n\xfe");
        let mut request = Request::new(vec![LINE, Format::All]);
        request.end();
        let give = |item: Item<'_>| {
            if let Item::Text(text) = item {
                read.push(text.to_vec());
            }
            Ok::<_, Infallible>(())
        };
        assert!(request.advance(&mut input, give).unwrap());
        assert_eq!(read, [b"\0\xff".to_vec(), b"\xfe".to_vec()]);
    }

    #[test]
    fn no_more_is_asked_for_than_is_needed() {
        let mut input = Input::default();
        input.push(b"12");
        for (format, least) in [
            (Format::Count(5), 3),
            (LINE, 1),
            (Format::Number, 1),
            (Format::All, usize::MAX),
        ] {
            assert_eq!(
                Request::new(vec![format]).least(&input),
                least,
                "{format:?}"
            );
        }
    }
}
