//! Takes encodings off a text, layer by layer: what stands in JSON in a URL is found as it was.

/// A text without one layer of its escapes, and where each of its bytes stood in the original.
pub(super) struct Layer {
    pub(super) bytes: Vec<u8>,
    /// The original's byte at which each byte began, and the original's length at the end.
    starts: Vec<usize>,
}

/// Layers at most: a text can be encoded without end.
const MOST_LAYERS: usize = 8;

/// A quote within what a shell's quotes hold.
const QUOTE: &[u8] = br"'\''";

/// Each layer below the text, the lowest last; none where the text has no escapes.
pub(super) fn layers(text: &[u8]) -> impl Iterator<Item = Layer> {
    let first = unescape(text, |at| at);
    std::iter::successors(first, |layer| unescape(&layer.bytes, |at| layer.starts[at]))
        .take(MOST_LAYERS)
}

/// What is left when all layers are taken off; none where there is none.
pub(super) fn innermost(text: &[u8]) -> Option<Vec<u8>> {
    layers(text).last().map(|layer| layer.bytes)
}

impl Layer {
    /// Where a range of this layer stands in the original.
    pub(super) fn original(&self, range: &std::ops::Range<usize>) -> std::ops::Range<usize> {
        self.starts[range.start]..self.starts[range.end]
    }
}

/// One layer less; none where there is no escape.
fn unescape(text: &[u8], original: impl Fn(usize) -> usize) -> Option<Layer> {
    let is_mark = |byte: &u8| matches!(byte, b'%' | b'\\' | b'&');
    text.iter().position(is_mark)?;
    let mut layer = Layer {
        bytes: Vec::with_capacity(text.len()),
        starts: Vec::with_capacity(text.len() + 1),
    };
    let mut at = 0;
    let mut has_changed = false;
    while at < text.len() {
        let start = original(at);
        let rest = &text[at..];
        let escape = if rest.starts_with(QUOTE) {
            Some(Escape::byte(b'\'', QUOTE.len()))
        } else if is_mark(&rest[0]) {
            read_escape(rest)
        } else {
            None
        };
        if let Some(escape) = escape {
            has_changed = true;
            layer.bytes.extend_from_slice(escape.bytes());
            at += escape.length;
        } else {
            layer.bytes.push(text[at]);
            at += 1;
        }
        layer.starts.resize(layer.bytes.len(), start);
    }
    layer.starts.push(original(text.len()));
    has_changed.then_some(layer)
}

/// An escape: what it stands for, and how many bytes it takes.
struct Escape {
    plain: [u8; 4],
    plain_length: usize,
    length: usize,
}

impl Escape {
    fn byte(byte: u8, length: usize) -> Self {
        Self {
            plain: [byte, 0, 0, 0],
            plain_length: 1,
            length,
        }
    }

    fn char(c: char, length: usize) -> Self {
        let mut plain = [0; 4];
        let plain_length = c.encode_utf8(&mut plain).len();
        Self {
            plain,
            plain_length,
            length,
        }
    }

    fn bytes(&self) -> &[u8] {
        &self.plain[..self.plain_length]
    }
}

fn read_escape(text: &[u8]) -> Option<Escape> {
    match text[0] {
        b'%' => Some(Escape::byte(u8::try_from(hex(text.get(1..3)?)?).ok()?, 3)),
        b'\\' => read_backslash(text),
        _ => read_entity(text),
    }
}

/// Those of JSON, JavaScript, Lua and C.
fn read_backslash(text: &[u8]) -> Option<Escape> {
    let digits = text
        .get(1..4)
        .filter(|digits| digits.iter().all(|d| (b'0'..b'8').contains(d)));
    if let Some(digits) = digits {
        let value = digits
            .iter()
            .fold(0, |value, digit| value * 8 + u32::from(digit - b'0'));
        return Some(Escape::byte(u8::try_from(value).ok()?, 4));
    }
    let plain = match *text.get(1)? {
        same @ (b'"' | b'\\' | b'/' | b'\'' | b'\n') => same,
        b'b' => 8,
        b'f' => 12,
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'x' => return Some(Escape::char(char::from_u32(hex(text.get(2..4)?)?)?, 4)),
        b'u' => return read_unicode(text),
        _ => return None,
    };
    Some(Escape::byte(plain, 2))
}

/// `\u00e4`, two of them where a character needs two, or `\u{e4}`.
fn read_unicode(text: &[u8]) -> Option<Escape> {
    if text.get(2) == Some(&b'{') {
        let length = text[3..].iter().take(7).position(|byte| *byte == b'}')?;
        let c = char::from_u32(hex(&text[3..3 + length])?)?;
        return Some(Escape::char(c, length + 4));
    }
    let unit = hex(text.get(2..6)?)?;
    if let Some(c) = char::from_u32(unit) {
        return Some(Escape::char(c, 6));
    }
    let second = text.get(6..12)?.strip_prefix(b"\\u").and_then(hex)?;
    let units = [u16::try_from(unit).ok()?, u16::try_from(second).ok()?];
    let c = char::decode_utf16(units).next()?.ok()?;
    Some(Escape::char(c, 12))
}

/// Those of XML, and numbers.
fn read_entity(text: &[u8]) -> Option<Escape> {
    const LONGEST: usize = 10;
    let length = text.iter().take(LONGEST).position(|byte| *byte == b';')?;
    let c = match &text[1..length] {
        b"amp" => '&',
        b"lt" => '<',
        b"gt" => '>',
        b"quot" => '"',
        b"apos" => '\'',
        [b'#', b'x' | b'X', digits @ ..] => char::from_u32(hex(digits)?)?,
        [b'#', digits @ ..] => char::from_u32(number(digits, 10)?)?,
        _ => return None,
    };
    Some(Escape::char(c, length + 1))
}

fn hex(digits: &[u8]) -> Option<u32> {
    number(digits, 16)
}

fn number(digits: &[u8], radix: u32) -> Option<u32> {
    // `from_str_radix` takes a sign.
    let is_plain = digits.iter().all(u8::is_ascii_alphanumeric);
    let digits = std::str::from_utf8(digits).ok().filter(|_| is_plain)?;
    u32::from_str_radix(digits, radix).ok()
}

#[cfg(test)]
mod tests {
    use super::{innermost, layers};

    fn plain(text: &str) -> Option<String> {
        innermost(text.as_bytes()).map(|bytes| String::from_utf8(bytes).unwrap())
    }

    #[test]
    fn escapes_of_each_kind_are_taken_off_however_deep() {
        for text in [
            "a\"ä",
            r#"a\"\u00e4"#,
            r#"a\\\"\\u00E4"#,
            "a%22%c3%a4",
            "a%2522%25C3%25A4",
            "a&quot;&#228;",
            "a&#34;&#xE4;",
            "a%26quot%3B\\u{e4}",
            r"a\x22\xe4",
            r"a\042\303\244",
        ] {
            let found = plain(text).unwrap_or_else(|| text.to_owned());
            assert_eq!(found, "a\"ä", "{text}");
        }
        assert_eq!(plain(r"it'\''s").as_deref(), Some("it's"));
        assert_eq!(plain(r"\ud83d\ude00").as_deref(), Some("😀"));
    }

    #[test]
    fn what_only_looks_like_an_escape_stays() {
        for text in [
            "", "100%", "5%zz", "%+1", r"C:\dir\", r"\u12", r"\ud83d", "a&b", "&;", "&#;", "&#x;",
            "&nosuch;", r"\u{}",
        ] {
            assert_eq!(plain(text), None, "{text}");
        }
    }

    #[test]
    fn a_range_is_found_again_in_the_original() {
        let text = "x%2522y";
        let last = layers(text.as_bytes()).last().unwrap();
        assert_eq!(last.bytes, b"x\"y");
        assert_eq!(last.original(&(1..2)), 1..6);
        assert_eq!(last.original(&(2..3)), 6..7);
    }
}
