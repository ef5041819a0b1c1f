//! `cumulua trust`: lets a project's configuration name endpoints and commands.

use super::{report, status};
use crate::config::{FILE_NAME, trust};
use clap::Args;
use std::path::PathBuf;
use std::process::ExitCode;

#[derive(Debug, Args)]
pub(super) struct Trust {
    /// The file
    #[arg(default_value = FILE_NAME)]
    file: PathBuf,
}

impl Trust {
    /// Remembers it.
    pub(super) fn run(self) -> ExitCode {
        match trust::trust(&self.file) {
            Ok(()) => {
                report::print(&format!("trusted {} as it is now", self.file.display()));
                status::DONE.into()
            }
            Err(problem) => {
                report::error(&format!(
                    "{} cannot be trusted: {problem}",
                    self.file.display()
                ));
                status::SCRIPT.into()
            }
        }
    }
}
