//! The formats of `read` and `lines`.

/// What is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::lua) enum Format {
    /// `n`: a numeral.
    Number,
    /// `l`, or `L` with the end of the line.
    Line { keeps_end: bool },
    /// `a`: all that is left.
    All,
    /// So many bytes at most; 0 asks whether there are any.
    Count(usize),
}

impl Format {
    /// What `read()` reads.
    pub(in crate::lua) const USUAL: Self = Self::Line { keeps_end: false };

    /// A format by its name. Only its first letter counts, and a star may stand before it, as in
    /// Lua 5.1.
    pub(in crate::lua) fn parse(name: &[u8]) -> Option<Self> {
        match name.strip_prefix(b"*").unwrap_or(name).first()? {
            b'n' => Some(Self::Number),
            b'l' => Some(Self::Line { keeps_end: false }),
            b'L' => Some(Self::Line { keeps_end: true }),
            b'a' => Some(Self::All),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Format;

    #[test]
    fn only_the_first_letter_counts_and_a_star_is_passed() {
        for (name, format) in [
            ("n", Some(Format::Number)),
            ("*n", Some(Format::Number)),
            ("l", Some(Format::USUAL)),
            ("*line", Some(Format::USUAL)),
            ("L", Some(Format::Line { keeps_end: true })),
            ("all", Some(Format::All)),
            ("", None),
            ("*", None),
            ("**a", None),
            ("x", None),
            ("5", None),
        ] {
            assert_eq!(Format::parse(name.as_bytes()), format, "{name:?}");
        }
    }
}
