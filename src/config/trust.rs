//! The trust store: which content of which project's file a person has read and trusts.
//!
//! A trust is for one content of one path; a changed file must be read again. The store is a file
//! with one JSON object a line, so that no path can run into the next entry.

use super::folder::user_file;
use percent_encoding::{NON_ALPHANUMERIC, percent_encode};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::{fs, io};

/// Why a file is not trusted from now on.
#[derive(Debug, thiserror::Error)]
pub enum TrustError {
    /// It cannot be read, or the store cannot be written.
    #[error("{0}")]
    System(#[from] io::Error),
    /// There is nowhere to remember it.
    #[error("there is no home folder to remember it in")]
    NoHome,
    /// It is not the content that was meant.
    #[error("its SHA-256 is {found}, which is not the one that was given")]
    OtherContent {
        /// The digest that the file has, in lower case.
        found: String,
    },
}

/// An entry of the store.
#[derive(Debug, Serialize, Deserialize, PartialEq)]
struct Entry {
    /// The content's SHA-256, in hexadecimal digits of lower case.
    sha256: String,
    /// The bytes of the path, percent-encoded but for letters and digits.
    path: String,
}

/// Whether this content of this file is trusted.
pub fn is_trusted(path: &Path, content: &str) -> bool {
    let Some(store) = store() else { return false };
    fs::read(store).is_ok_and(|store| holds(&store, &canonical(path), &digest(content)))
}

/// Remembers that the content of a file is trusted, where it has this digest if one is given. Gives
/// the digest.
pub fn trust(path: &Path, expected: Option<&str>) -> Result<String, TrustError> {
    let content = fs::read_to_string(path)?;
    let found = digest(&content);
    if expected.is_some_and(|expected| !expected.eq_ignore_ascii_case(&found)) {
        return Err(TrustError::OtherContent { found });
    }
    let store = store().ok_or(TrustError::NoHome)?;
    let known = fs::read(&store).unwrap_or_default();
    let path = canonical(path);
    if !holds(&known, &path, &found) {
        if let Some(folder) = store.parent() {
            fs::create_dir_all(folder)?;
        }
        let mut file = fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(store)?;
        // A line that was torn ends before the next begins.
        let before = if known.last().is_some_and(|byte| *byte != b'\n') {
            "\n"
        } else {
            ""
        };
        let entry = serde_json::to_string(&Entry::new(&path, &found)).map_err(io::Error::from)?;
        file.write_all(format!("{before}{entry}\n").as_bytes())?;
    }
    Ok(found)
}

/// The SHA-256 of a content, in hexadecimal digits of lower case.
pub fn digest(content: &str) -> String {
    let digest = Sha256::digest(content.as_bytes());
    digest
        .iter()
        .fold(String::with_capacity(64), |mut hex, byte| {
            let _ = write!(hex, "{byte:02x}");
            hex
        })
}

impl Entry {
    fn new(path: &Path, digest: &str) -> Self {
        let path = percent_encode(path.as_os_str().as_encoded_bytes(), NON_ALPHANUMERIC);
        Self {
            sha256: digest.to_owned(),
            path: path.to_string(),
        }
    }
}

/// Whether a store has this entry.
fn holds(store: &[u8], path: &Path, digest: &str) -> bool {
    let wanted = Entry::new(path, digest);
    let before = entry_of_earlier_versions(path, digest);
    store.split(|byte| *byte == b'\n').any(|line| {
        before
            .as_ref()
            .is_some_and(|before| line == before.as_bytes())
            || serde_json::from_slice::<Entry>(line).is_ok_and(|entry| entry == wanted)
    })
}

/// `<SHA-256>  <path>`, as `sha256sum` writes it: what earlier versions wrote. Only for paths that
/// it holds without loss.
fn entry_of_earlier_versions(path: &Path, digest: &str) -> Option<String> {
    let path = path.to_str()?;
    let is_plain = !path.contains(|c: char| c.is_control() || c == char::REPLACEMENT_CHARACTER);
    is_plain.then(|| format!("{digest}  {path}"))
}

fn canonical(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}

fn store() -> Option<PathBuf> {
    user_file().map(|file| file.with_file_name("trusted"))
}

#[cfg(test)]
mod tests {
    use super::{Entry, digest, holds};
    use proptest::prelude::*;
    use std::path::Path;

    fn line(path: &Path, digest: &str) -> String {
        serde_json::to_string(&Entry::new(path, digest)).unwrap() + "\n"
    }

    #[test]
    fn a_path_with_a_line_break_forges_no_second_entry() {
        let (own, other) = (digest("own"), digest("other"));
        let forged = format!("/a\n{other}  /b");
        for store in [
            line(Path::new(&forged), &own),
            line(
                Path::new(&format!("/a\n{}", line(Path::new("/b"), &other))),
                &own,
            ),
        ] {
            assert!(!holds(store.as_bytes(), Path::new("/b"), &other), "{store}");
        }
        // As earlier versions wrote it, only the forged file itself could have been meant.
        let before = format!("{own}  {forged}\n");
        assert!(!holds(before.as_bytes(), Path::new(&forged), &own));
    }

    #[test]
    fn stores_of_earlier_versions_count_on() {
        let own = digest("own");
        let store = format!("{own}  /home/user/a project/cumulua.toml\n");
        let path = Path::new("/home/user/a project/cumulua.toml");
        assert!(holds(store.as_bytes(), path, &own));
        assert!(!holds(store.as_bytes(), path, &digest("changed")));
    }

    #[cfg(unix)]
    #[test]
    fn paths_that_look_alike_are_not_mixed_up() {
        use std::os::unix::ffi::OsStrExt as _;
        let own = digest("own");
        let paths: [&[u8]; 4] = [b"/d\xff", "/d\u{fffd}".as_bytes(), b"/d%FF", b"/d%ff"];
        let paths = paths.map(|bytes| Path::new(std::ffi::OsStr::from_bytes(bytes)));
        for path in paths {
            let store = line(path, &own);
            let old = format!("{own}  {}\n", path.display());
            for other in paths.iter().filter(|other| **other != path) {
                assert!(!holds(store.as_bytes(), other, &own), "{path:?} {other:?}");
                assert!(!holds(old.as_bytes(), other, &own), "{path:?} {other:?}");
            }
        }
    }

    proptest! {
        #[test]
        fn entries_of_any_paths_stay_apart(paths in prop::collection::vec("/(.|\n){0,20}", 1..4), other in "/(.|\n){0,20}") {
            let own = digest("own");
            let store: String = paths.iter().map(|path| line(Path::new(path), &own)).collect();
            prop_assert_eq!(store.lines().count(), paths.len());
            for path in &paths {
                prop_assert!(holds(store.as_bytes(), Path::new(path), &own));
            }
            prop_assert_eq!(holds(store.as_bytes(), Path::new(&other), &own), paths.contains(&other));
        }
    }
}
