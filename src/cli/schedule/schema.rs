//! `cumulua schedule schema`: the JSON Schema of the file.

use super::super::{report, status};
use crate::schedule::file::SCHEMA;
use clap::Args;
use std::process::ExitCode;

/// Prints the JSON Schema of schedules.toml, for editors
#[derive(Debug, Args)]
pub(super) struct Schema;

impl Schema {
    /// Prints it.
    #[expect(clippy::unused_self, reason = "every subcommand is run alike")]
    pub(super) fn run(self) -> ExitCode {
        report::print(SCHEMA.trim_end());
        status::DONE.into()
    }
}
