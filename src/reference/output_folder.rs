//! A folder that generated files are written into.

use cumulua_core::catalog::CatalogError;
use std::fs;
use std::path::{Path, PathBuf};

/// Why generated files could not be written.
#[derive(Debug, thiserror::Error)]
pub enum ReferenceError {
    /// The catalogue cannot be read.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    /// A file or its folder cannot be written.
    #[error("{} cannot be written: {reason}", .file.display())]
    Unwritable {
        /// The file or folder.
        file: PathBuf,
        /// The system's reason.
        reason: std::io::Error,
    },
}

/// Writes files of one folder and remembers which.
pub(super) struct OutputFolder<'a> {
    folder: &'a Path,
    pub(super) files: Vec<PathBuf>,
}

impl<'a> OutputFolder<'a> {
    pub(super) fn into(folder: &'a Path) -> Result<Self, ReferenceError> {
        fs::create_dir_all(folder).map_err(|reason| ReferenceError::Unwritable {
            file: folder.to_owned(),
            reason,
        })?;
        Ok(Self {
            folder,
            files: Vec::new(),
        })
    }

    pub(super) fn write(&mut self, name: &str, text: &str) -> Result<(), ReferenceError> {
        let file = self.folder.join(name);
        let made = file.parent().map_or(Ok(()), fs::create_dir_all);
        made.and_then(|()| fs::write(&file, text))
            .map_err(|reason| ReferenceError::Unwritable {
                file: file.clone(),
                reason,
            })?;
        self.files.push(file);
        Ok(())
    }
}
