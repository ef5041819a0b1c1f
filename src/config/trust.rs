//! `cumulua trust`: a project's file may name endpoints and commands only once a person has read it
//! and trusts it.
//!
//! A trust is for one content of one path; a changed file must be read again.

use super::folder::user_file;
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::{fs, io};

/// Whether this content of this file is trusted.
pub fn is_trusted(path: &Path, content: &str) -> bool {
    let Some(store) = store() else { return false };
    let wanted = entry(path, content);
    fs::read_to_string(store).is_ok_and(|text| text.lines().any(|line| line == wanted))
}

/// Remembers that this content of this file is trusted.
pub fn trust(path: &Path) -> io::Result<()> {
    let content = fs::read_to_string(path)?;
    if is_trusted(path, &content) {
        return Ok(());
    }
    let store = store().ok_or_else(|| {
        io::Error::new(
            io::ErrorKind::NotFound,
            "there is no home folder to remember it in",
        )
    })?;
    if let Some(folder) = store.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut file = fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(store)?;
    writeln!(file, "{}", entry(path, &content))
}

/// `<SHA-256 of the content>  <path>`, as `sha256sum` writes it.
fn entry(path: &Path, content: &str) -> String {
    let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let digest = Sha256::digest(content.as_bytes());
    let hex = digest
        .iter()
        .fold(String::with_capacity(64), |mut hex, byte| {
            let _ = write!(hex, "{byte:02x}");
            hex
        });
    format!("{hex}  {}", path.display())
}

fn store() -> Option<PathBuf> {
    user_file().map(|file| file.with_file_name("trusted"))
}
