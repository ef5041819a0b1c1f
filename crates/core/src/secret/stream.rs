//! Redaction of a text that comes in pieces: output of a script, of a process.

use super::redactor::{REDACTED, Redactor};
use std::sync::Arc;

/// A line that has no end yet is handed on in parts from this length on, in bytes.
const LONGEST_LINE: usize = 16 * 1024;

/// A text that comes in pieces, wherever they are cut. It is handed on line by line; of a long line
/// a part is held back in which a secret could begin.
#[derive(Debug)]
pub struct RedactedStream {
    redactor: Arc<Redactor>,
    held: Vec<u8>,
    /// How much of the beginning of what is held belongs to a secret whose mark is handed on.
    covered: usize,
}

impl RedactedStream {
    /// A stream that has not begun.
    pub fn new(redactor: Arc<Redactor>) -> Self {
        Self {
            redactor,
            held: Vec::new(),
            covered: 0,
        }
    }

    /// Takes a piece; gives the lines that it completes with their line breaks, and a part of a
    /// line where that is long. Bytes that are no UTF-8 are replaced.
    pub fn push(&mut self, piece: &[u8]) -> String {
        let before = self.held.len();
        self.held.extend_from_slice(piece);
        let mut given = match piece.iter().rposition(|byte| *byte == b'\n') {
            Some(end) => self.give(before + end + 1),
            None => String::new(),
        };
        let reach = self.redactor.reach();
        if self.held.len() > LONGEST_LINE + reach {
            given += &self.give(self.held.len() - reach);
        }
        given
    }

    /// What is left at the end.
    pub fn finish(&mut self) -> String {
        self.give(self.held.len())
    }

    /// Hands on what is held up to there, or a little less where that is inside a character.
    fn give(&mut self, limit: usize) -> String {
        let is_inside = |at: usize| {
            self.held
                .get(at)
                .is_some_and(|byte| (0x80..0xC0).contains(byte))
        };
        let back = (0..4).find(|back| *back <= limit && !is_inside(limit - back));
        let limit = limit - back.unwrap_or(0);
        let mut given = String::new();
        let mut end = self.covered;
        for range in self.redactor.find(&self.held) {
            if range.start >= limit {
                break;
            }
            if range.start >= end {
                given += &String::from_utf8_lossy(&self.held[end..range.start]);
                given += REDACTED;
            }
            end = end.max(range.end);
        }
        if end < limit {
            given += &String::from_utf8_lossy(&self.held[end..limit]);
            end = limit;
        }
        self.held.drain(..limit);
        self.covered = end - limit;
        given
    }
}

#[cfg(test)]
mod tests {
    use super::{LONGEST_LINE, RedactedStream};
    use crate::secret::Redactor;
    use proptest::prelude::*;
    use std::sync::Arc;

    fn through(secrets: &[&str], text: &str, cuts: &[usize]) -> String {
        let redactor = Arc::new(Redactor::default());
        for secret in secrets {
            redactor.learn(secret);
        }
        let mut stream = RedactedStream::new(redactor);
        let (mut given, mut start) = (String::new(), 0);
        for cut in cuts {
            let cut = (*cut).clamp(start, text.len());
            given += &stream.push(&text.as_bytes()[start..cut]);
            start = cut;
        }
        given += &stream.push(&text.as_bytes()[start..]);
        given + &stream.finish()
    }

    #[test]
    fn a_secret_across_the_parts_of_a_long_line_is_found() {
        for length in LONGEST_LINE - 20..LONGEST_LINE + 300 {
            let before = "x".repeat(length);
            let text = format!("{before}hunter2-hunter2{}", "y".repeat(LONGEST_LINE));
            let cuts = [length + 5, length + 400];
            let given = through(&["hunter2-hunter2"], &text, &cuts);
            assert!(
                given == format!("{before}[secret]{}", "y".repeat(LONGEST_LINE)),
                "{length}"
            );
        }
    }

    #[test]
    fn a_line_of_nothing_but_a_secret_is_not_held_back_without_end() {
        let redactor = Arc::new(Redactor::default());
        redactor.learn("aaaa");
        let mut stream = RedactedStream::new(redactor);
        for _ in 0..100 {
            stream.push(&[b'a'; 4096]);
            assert!(stream.held.len() < 2 * LONGEST_LINE);
        }
        assert!(!stream.finish().contains('a'));
    }

    proptest! {
        #[test]
        fn pieces_give_what_the_lines_give(
            text in "([a-z ä\n]|secret-ä|secret%2dä|c2VjcmV0LcOk){0,40}",
            cuts in proptest::collection::vec(0_usize..200, 0..8),
        ) {
            let mut cuts = cuts;
            cuts.sort_unstable();
            let whole = through(&["secret-ä"], &text, &[]);
            prop_assert_eq!(through(&["secret-ä"], &text, &cuts), whole);
        }
    }
}
