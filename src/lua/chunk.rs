//! What is run, and what it may use.

use std::path::PathBuf;

/// What a script may use.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Memory of the VM, in bytes.
    pub memory: usize,
}

/// A chunk of Lua to run.
#[derive(Debug, Clone)]
pub struct Chunk {
    /// Lua's name of it: `@path` for a file, `=name` for others.
    pub name: String,
    /// Its text.
    pub text: String,
    /// Its arguments.
    pub args: Vec<String>,
    /// The folder in which `require` looks for modules.
    pub folder: PathBuf,
}
