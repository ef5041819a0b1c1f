//! What is decided, and why.

use std::path::PathBuf;

/// What is decided, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// Whether it may happen.
    pub effect: Ruling,
    /// The reason, of anything but a plain permission: a clause that a sentence can end with.
    pub because: String,
}

/// Whether something may happen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ruling {
    /// It may.
    Allow,
    /// It may, below this granted folder, or for this granted file: the root, and what is left of
    /// the path.
    AllowBelow {
        /// What was granted.
        root: PathBuf,
        /// The path from there; empty where the root itself is meant.
        rest: PathBuf,
    },
    /// A person decides.
    Ask,
    /// It must not.
    Deny,
}

impl Verdict {
    /// It may happen.
    pub(super) fn allow() -> Self {
        Self {
            effect: Ruling::Allow,
            because: String::new(),
        }
    }

    /// It must not.
    pub(super) fn deny(because: impl Into<String>) -> Self {
        Self {
            effect: Ruling::Deny,
            because: because.into(),
        }
    }
}
