//! Opening a file in one of C's modes.

use super::stream::{Access, Buffering, Stream, Whence};
use crate::effect_id::EffectId;
use crate::gate::{FileError, Gate, Opening};
use std::path::Path;

/// A mode of C's `fopen`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::lua) struct Mode {
    kind: Kind,
    /// A `+`: for reading and writing.
    is_update: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Read,
    Write,
    Append,
}

impl Mode {
    /// `r`.
    pub(in crate::lua) const READ: Self = Self {
        kind: Kind::Read,
        is_update: false,
    };
    /// `w`.
    pub(in crate::lua) const WRITE: Self = Self {
        kind: Kind::Write,
        is_update: false,
    };

    /// `[rwa]%+?b*`, as Lua takes it.
    pub(in crate::lua) fn parse(name: &[u8]) -> Option<Self> {
        let (first, rest) = name.split_first()?;
        let kind = match first {
            b'r' => Kind::Read,
            b'w' => Kind::Write,
            b'a' => Kind::Append,
            _ => return None,
        };
        let flags = rest.strip_prefix(b"+");
        flags
            .unwrap_or(rest)
            .iter()
            .all(|flag| *flag == b'b')
            .then_some(Self {
                kind,
                is_update: flags.is_some(),
            })
    }
}

/// Opens the file at a path.
pub(in crate::lua) fn open(
    gate: &Gate,
    path: &Path,
    mode: Mode,
    id: &EffectId,
) -> Result<Stream, FileError> {
    let access = Access {
        reads: mode.kind == Kind::Read || mode.is_update,
        writes: mode.kind != Kind::Read || mode.is_update,
    };
    let opening = Opening {
        reads: access.reads,
        writes: access.writes,
        appends: mode.kind == Kind::Append,
        creates: mode.kind != Kind::Read,
        truncates: mode.kind == Kind::Write,
    };
    let file = gate.open(path, opening, id)?;
    let mut stream = Stream::new(file, access, Buffering::Full).ended_by(gate.shared_token());
    if mode.kind == Kind::Append && !mode.is_update {
        // Where the first byte will stand is where the script is; a pipe has no places.
        let _ = stream.seek(Whence::End, 0);
    }
    Ok(stream)
}

#[cfg(test)]
mod tests {
    use super::{Kind, Mode};

    #[test]
    fn modes_are_those_of_lua() {
        for (name, kind, is_update) in [
            ("r", Kind::Read, false),
            ("rb", Kind::Read, false),
            ("r+b", Kind::Read, true),
            ("w+", Kind::Write, true),
            ("abb", Kind::Append, false),
        ] {
            assert_eq!(
                Mode::parse(name.as_bytes()),
                Some(Mode { kind, is_update }),
                "{name}"
            );
        }
        for name in ["", "+", "b", "rw", "rb+", "r+bk", "R", "r ", "x", "r++"] {
            assert_eq!(Mode::parse(name.as_bytes()), None, "{name:?}");
        }
    }
}
