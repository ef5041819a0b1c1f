//! What there is to know of a project's file before it is trusted.

use super::error::ConfigError;
use super::file::{ConfigFile, Location};
use super::trust;
use super::untrusted;
use std::path::Path;

/// What there is to know of a project's file before it is trusted.
#[derive(Debug)]
pub struct Review {
    /// The SHA-256 of its content, in hexadecimal digits of lower case.
    pub digest: String,
    /// Whether this content is trusted already.
    pub is_trusted: bool,
    /// What it sets that counts only once it is trusted, each by its key.
    pub wants: Vec<String>,
}

/// Reads a file as a project's.
pub fn review(path: &Path) -> Result<Review, ConfigError> {
    let (file, text) = ConfigFile::read_with_text(path, Location::Project)?;
    // Limits are held against those of the user's own file.
    let below = ConfigFile::users();
    Ok(Review {
        digest: trust::digest(&text),
        is_trusted: file.trusted,
        wants: untrusted::wants(&file.tables, below.as_slice()),
    })
}
