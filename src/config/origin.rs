//! Where a value comes from, for `cumulua profile show` and for errors.

use std::fmt;
use std::path::PathBuf;

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// A flag of the command.
    Flag(&'static str),
    /// A command at the prompt.
    Prompt(&'static str),
    /// An option of the call.
    Call,
    /// An environment variable.
    Environment(String),
    /// A configuration file.
    File(PathBuf),
    /// The catalogue.
    Catalog,
    /// The simulator's own throw-away values.
    Simulator,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(name) | Self::Prompt(name) => f.write_str(name),
            Self::Call => f.write_str("option of the call"),
            Self::Environment(name) => write!(f, "environment variable {name}"),
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Catalog => f.write_str("default"),
            Self::Simulator => f.write_str("simulator"),
        }
    }
}

/// A value and where it comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting<T> {
    /// The value.
    pub value: T,
    /// Where it comes from.
    pub origin: Origin,
}

impl<T> Setting<T> {
    /// A value from somewhere.
    pub fn new(value: T, origin: Origin) -> Self {
        Self { value, origin }
    }
}
