//! The reference: what is in the catalogue, for the terminal, a browser, an editor and other programs.
//!
//! A [`document::Document`] is built once from the catalogue (`action`, `overview`) and written by [`page`] and [`html`];
//! [`listing`], [`table`] and [`lua_types`] read the catalogue themselves.

mod action;
mod describe;
pub mod document;
mod example;
pub mod html;
mod listing;
pub mod lua_types;
mod overview;
pub mod page;
mod table;

pub use listing::listing;
pub use table::table;

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
struct Output<'a> {
    folder: &'a Path,
    files: Vec<PathBuf>,
}

impl<'a> Output<'a> {
    fn into(folder: &'a Path) -> Result<Self, ReferenceError> {
        fs::create_dir_all(folder).map_err(|reason| ReferenceError::Unwritable { file: folder.to_owned(), reason })?;
        Ok(Self { folder, files: Vec::new() })
    }

    fn write(&mut self, name: &str, text: &str) -> Result<(), ReferenceError> {
        let file = self.folder.join(name);
        let made = file.parent().map_or(Ok(()), fs::create_dir_all);
        made.and_then(|()| fs::write(&file, text)).map_err(|reason| ReferenceError::Unwritable { file: file.clone(), reason })?;
        self.files.push(file);
        Ok(())
    }
}
