//! What the server says of itself; `cli` writes it.

use crate::gate::Level;

/// Something that takes the server's lines.
pub trait Log: Send + Sync {
    /// Takes a line; `fields` say the same for programs.
    fn line(&self, level: Level, message: &str, fields: &[(&str, &str)]);
}
