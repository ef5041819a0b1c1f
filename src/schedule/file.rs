//! A schedule file: what it holds once it is complete, and what can be wrong with it.

use super::model::{RunLimits, Schedule};
use super::parse;
use cumulua_core::catalog::suggest;
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// The file's name by default.
pub const FILE_NAME: &str = "schedules.toml";

/// The JSON Schema of the file, for editors.
pub const SCHEMA: &str = include_str!("schema.json");

/// A schedule file, complete and valid.
#[derive(Debug, Clone)]
pub struct ScheduleFile {
    /// Where it stands.
    pub path: PathBuf,
    /// The folder that its paths are relative to and its scripts run in.
    pub folder: PathBuf,
    /// The time that runs which end with the server get before they are ended.
    pub grace: Duration,
    /// The schedules, in the file's order.
    pub schedules: Vec<Arc<Schedule>>,
    /// How many runs go on at once.
    pub limits: RunLimits,
    /// The files that its calendars were read from.
    pub calendar_files: Vec<PathBuf>,
}

/// What is wrong with a file.
#[derive(Debug, Clone, thiserror::Error)]
pub enum FileError {
    /// It cannot be read.
    #[error("the schedules {} cannot be read: {reason}", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        reason: String,
    },
    /// It has something that no schedule file may have.
    #[error("the schedules {}, line {line}, column {column}: {reason}", .path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// From 1.
        line: usize,
        /// From 1.
        column: usize,
        /// What is wrong, and what to write instead.
        reason: String,
        /// The file's text.
        text: Arc<str>,
        /// The bytes of the text that are meant.
        span: Range<usize>,
    },
}

impl ScheduleFile {
    /// Reads a file.
    pub fn read(path: &Path) -> Result<Self, FileError> {
        let text = fs::read_to_string(path).map_err(|error| {
            let reason = match error.kind() {
                std::io::ErrorKind::InvalidData => "it is not UTF-8".to_owned(),
                _ => error.to_string(),
            };
            FileError::Unreadable {
                path: path.to_owned(),
                reason,
            }
        })?;
        Self::parse(path, &text)
    }

    /// Reads a file's text.
    pub fn parse(path: &Path, text: &str) -> Result<Self, FileError> {
        let folder = match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
            _ => PathBuf::from("."),
        };
        // Runs must find it whatever folder they run in.
        let folder = folder.canonicalize().unwrap_or(folder);
        let file = folder.join(path.file_name().unwrap_or_default());
        match parse::complete(text, &folder, &file) {
            Ok(complete) => Ok(Self {
                path: path.to_owned(),
                folder,
                grace: complete.grace,
                schedules: complete.schedules,
                limits: complete.limits,
                calendar_files: complete.calendar_files,
            }),
            Err(fault) => {
                let (line, column) = position(text, fault.span.start);
                let (path, text) = (path.to_owned(), Arc::from(text));
                Err(FileError::Malformed {
                    path,
                    line,
                    column,
                    reason: fault.reason,
                    text,
                    span: fault.span,
                })
            }
        }
    }

    /// The schedule of that name; the error names those that are near.
    pub fn find(&self, name: &str) -> Result<&Arc<Schedule>, String> {
        self.schedules
            .iter()
            .find(|schedule| &*schedule.name == name)
            .ok_or_else(|| {
                let near =
                    suggest::nearest(name, self.schedules.iter().map(|schedule| &*schedule.name));
                format!(
                    "{} has no schedule {name:?}{}",
                    self.path.display(),
                    suggest::did_you_mean(&near)
                )
            })
    }
}

/// Line and column, from 1, of a byte of `text`.
fn position(text: &str, byte: usize) -> (usize, usize) {
    let before = &text[..byte.min(text.len())];
    let line = before.matches('\n').count() + 1;
    let column = before
        .rsplit('\n')
        .next()
        .unwrap_or_default()
        .chars()
        .count()
        + 1;
    (line, column)
}
