//! The bytes of an object: in memory, or in files of a folder. They never change.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use jiff::Timestamp;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fs;
use std::path::{Path, PathBuf};

/// Bytes that were sent.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Blob {
    /// In memory; in a saved file as Base64.
    Memory(#[serde(serialize_with = "encoded", deserialize_with = "decoded")] Bytes),
    /// In a file of its own, in the folder of objects.
    File {
        /// Its name there.
        name: String,
        /// Its length.
        bytes: u64,
    },
}

/// A stretch of a file.
#[derive(Debug, Clone)]
pub(crate) struct Stretch {
    pub(crate) path: PathBuf,
    pub(crate) start: u64,
    pub(crate) length: u64,
}

/// The body of an answer that stands in files.
#[derive(Debug, Clone)]
pub(crate) struct FileBody(pub(crate) Vec<Stretch>);

/// What the URL of an object leads to.
pub(crate) struct Download<'c> {
    pub(crate) content: &'c [Blob],
    pub(crate) length: u64,
    pub(crate) etag: &'c str,
    pub(crate) content_type: &'c str,
    pub(crate) changed: Timestamp,
}

/// A request for an object: its path, and the end of its time and the signature in its query.
#[derive(Clone, Copy)]
pub(crate) struct ObjectUrl<'r> {
    pub(crate) path: &'r str,
    pub(crate) ends: Option<&'r str>,
    pub(crate) signature: Option<&'r str>,
}

impl Blob {
    pub(crate) fn len(&self) -> u64 {
        match self {
            Self::Memory(bytes) => bytes.len() as u64,
            Self::File { bytes, .. } => *bytes,
        }
    }

    /// Whether its name is one of the folder's own files: what a person writes into a file must not
    /// lead elsewhere.
    pub(crate) fn is_plain(&self) -> bool {
        match self {
            Self::Memory(_) => true,
            Self::File { name, .. } => {
                let mut bytes = name.bytes();
                !name.is_empty() && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            }
        }
    }

    /// Drops bytes that no object has.
    pub(crate) fn discard(&self, folder: Option<&Path>) {
        if let (Self::File { name, .. }, Some(folder)) = (self, folder) {
            // What is left over does no harm.
            let _ = fs::remove_file(folder.join(name));
        }
    }
}

/// What stands from `start` on in blobs, one behind the other: in memory where all of them are.
pub(crate) fn slice(
    blobs: &[Blob],
    folder: Option<&Path>,
    start: u64,
    length: u64,
) -> Result<Bytes, FileBody> {
    let mut stretches = Vec::new();
    let mut bytes = Vec::new();
    let (mut skip, mut left) = (start, length);
    for blob in blobs {
        let first = skip.min(blob.len());
        let count = (blob.len() - first).min(left);
        skip -= first;
        left -= count;
        match blob {
            Blob::Memory(whole) => {
                let at = |place: u64| usize::try_from(place).unwrap_or(usize::MAX);
                bytes.push(whole.slice(at(first)..at(first + count)));
            }
            Blob::File { name, .. } => stretches.push(Stretch {
                path: folder.map_or_else(PathBuf::new, |folder| folder.join(name)),
                start: first,
                length: count,
            }),
        }
    }
    if stretches.is_empty() {
        return Ok(match bytes.as_slice() {
            [one] => one.clone(),
            several => several.concat().into(),
        });
    }
    Err(FileBody(stretches))
}

fn encoded<S: Serializer>(bytes: &Bytes, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&BASE64_STANDARD.encode(bytes))
}

fn decoded<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Bytes, D::Error> {
    let text = String::deserialize(deserializer)?;
    let bytes = BASE64_STANDARD.decode(text).map_err(D::Error::custom)?;
    Ok(bytes.into())
}

#[cfg(test)]
mod tests {
    use super::{Blob, slice};
    use bytes::Bytes;

    #[test]
    fn a_slice_goes_over_the_ends_of_blobs() {
        let blobs = ["abc", "", "defg"].map(|text| Blob::Memory(Bytes::from(text)));
        for (start, length, expected) in [
            (0, 7, "abcdefg"),
            (0, 0, ""),
            (1, 1, "b"),
            (2, 3, "cde"),
            (3, 4, "defg"),
            (6, 1, "g"),
        ] {
            assert_eq!(slice(&blobs, None, start, length).unwrap(), expected);
        }
    }
}
