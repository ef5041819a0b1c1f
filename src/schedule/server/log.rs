//! The server's log; `cli` writes it.

use crate::gate::Level;

/// Something that takes the server's lines.
pub trait Log: Send + Sync {
    /// Takes a line; `fields` are the same for programs.
    fn line(&self, level: Level, message: &str, fields: &[(&str, &str)]);
}
