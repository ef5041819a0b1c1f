//! Splits a child's output into lines.

use cumulua_core::secret::Redactor;

/// A line that is longer is cut here, so that output without line breaks does not fill memory. In
/// bytes.
const LONGEST: usize = 16 * 1024;

/// Cuts a stream of bytes into lines.
#[derive(Debug, Default)]
pub(super) struct Lines {
    begun: Vec<u8>,
}

impl Lines {
    /// Takes bytes; gives the lines that they complete.
    pub(super) fn push(&mut self, bytes: &[u8]) -> Vec<String> {
        let mut lines = Vec::new();
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            self.begun.extend_from_slice(piece);
            while self.begun.len() > LONGEST {
                let rest = self.begun.split_off(Redactor::cut(&self.begun, LONGEST));
                lines.extend(self.take());
                self.begun = rest;
            }
            if piece.ends_with(b"\n") {
                lines.extend(self.take());
            }
        }
        lines
    }

    /// The last line, where no line break ends it.
    pub(super) fn take(&mut self) -> Option<String> {
        if self.begun.is_empty() {
            return None;
        }
        let line = std::mem::take(&mut self.begun);
        let line = line.strip_suffix(b"\n").unwrap_or(&line);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        Some(String::from_utf8_lossy(line).into_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::Lines;

    #[test]
    fn lines_are_whole_however_the_bytes_arrive() {
        let mut lines = Lines::default();
        assert!(lines.push("grü".as_bytes()).is_empty());
        assert_eq!(
            lines.push("ße\r\nzwei\n\ndrei".as_bytes()),
            ["grüße", "zwei", ""]
        );
        assert_eq!(
            (lines.take().as_deref(), lines.take()),
            (Some("drei"), None)
        );
    }

    #[test]
    fn the_mark_of_a_secret_is_not_cut() {
        for length in super::LONGEST - 10..super::LONGEST + 2 {
            let text = format!("{}[secret]y\n", "x".repeat(length));
            let mut lines = Lines::default();
            let mut found = lines.push(text.as_bytes());
            found.extend(lines.take());
            assert!(
                found.iter().any(|line| line.contains("[secret]")),
                "{length}"
            );
            assert_eq!(found.concat() + "\n", text, "{length}");
        }
    }

    #[test]
    fn a_line_without_end_is_cut() {
        let mut lines = Lines::default();
        let cut: usize = (0..100).map(|_| lines.push(&[b'x'; 4096]).len()).sum();
        assert_eq!(cut, 24);
    }
}
