//! A refusal that is not a call's.

use std::io;
use std::sync::Arc;

/// A refusal that is not a call's.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Denied {
    /// A policy forbids it.
    #[error("{0}")]
    Policy(String),
    /// There is no such path.
    #[error("{path}: {problem}")]
    NoSuchPath {
        /// The path as the script gave it.
        path: String,
        /// Why it leads nowhere.
        problem: Arc<io::Error>,
    },
    /// The configuration does not give it.
    #[error("{0}")]
    Config(#[from] crate::config::ConfigError),
}
