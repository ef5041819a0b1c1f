//! What was taken from a file, or typed, and is not read yet.

/// An empty buffer that has grown larger is given back.
const KEPT: usize = 64 * 1024;

/// Bytes that are not read yet.
#[derive(Debug, Default)]
pub(in crate::lua) struct Input {
    bytes: Vec<u8>,
    start: usize,
    /// How many bytes were read or forgotten before.
    passed: usize,
}

impl Input {
    /// The bytes that are not read yet.
    pub(in crate::lua) fn unread(&self) -> &[u8] {
        &self.bytes[self.start..]
    }

    /// The place of the first of them, counted from the first byte that ever came.
    pub(super) fn position(&self) -> usize {
        self.passed
    }

    /// Adds bytes at the end.
    pub(in crate::lua) fn push(&mut self, bytes: &[u8]) {
        self.compact();
        self.bytes.extend_from_slice(bytes);
    }

    /// Adds what `fill` puts into room for so many bytes; how many it put there.
    pub(super) fn push_from<E>(
        &mut self,
        most: usize,
        fill: impl FnOnce(&mut [u8]) -> Result<usize, E>,
    ) -> Result<usize, E> {
        self.compact();
        let end = self.bytes.len();
        self.bytes.resize(end + most, 0);
        let filled = fill(&mut self.bytes[end..]);
        self.bytes
            .truncate(end + filled.as_ref().map_or(0, |length| *length));
        filled
    }

    /// Drops the first bytes, which are read.
    pub(super) fn consume(&mut self, length: usize) {
        self.start += length;
        self.passed += length;
        if self.unread().is_empty() {
            self.clear();
        }
    }

    /// Forgets what is not read.
    pub(in crate::lua) fn clear(&mut self) {
        self.passed += self.unread().len();
        self.start = 0;
        if self.bytes.capacity() > KEPT {
            self.bytes = Vec::new();
        } else {
            self.bytes.clear();
        }
    }

    /// What was read is dropped before more comes, and not with each item, which would move the
    /// rest each time.
    fn compact(&mut self) {
        self.bytes.drain(..self.start);
        self.start = 0;
    }
}
