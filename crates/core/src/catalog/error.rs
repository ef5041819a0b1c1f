//! What can be wrong with a name or a file of the catalogue.

use super::suggest;
use std::path::PathBuf;

/// What can be wrong with a name or a file of the catalogue.
#[derive(Debug, Clone, thiserror::Error)]
pub enum CatalogError {
    /// Nothing has that name.
    #[error("{what} {name:?} is not in the catalogue{}", suggest::did_you_mean(.near))]
    Unknown {
        /// `product`, `service` or `Action`.
        what: &'static str,
        /// The name.
        name: String,
        /// Names that may have been meant.
        near: Vec<String>,
    },
    /// An overlay's file cannot be read.
    #[error("the catalogue file {} cannot be read: {reason}", .file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// The system's reason.
        reason: String,
    },
    /// A file does not fit `catalog/schema.json`.
    #[error("the catalogue file {}, line {line}, column {column}: {reason}; see catalog/schema.json for what fits", .file.display())]
    Malformed {
        /// The file.
        file: PathBuf,
        /// From 1.
        line: usize,
        /// From 1.
        column: usize,
        /// What does not fit.
        reason: String,
    },
}
