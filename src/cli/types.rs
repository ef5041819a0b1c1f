//! `cumulua types`: definitions for editors.

use super::options::GlobalOptions;
use super::{context, report, status};
use crate::reference::lua_types;
use clap::Args;
use std::path::PathBuf;
use std::process::ExitCode;

#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  cumulua types .cumulua/types\n\nThen name the folder in .luarc.json: { \"workspace.library\": [\".cumulua/types\"] }"
)]
pub(super) struct Types {
    /// The folder
    #[arg(default_value = "types", value_name = "DIR")]
    folder: PathBuf,
}

impl Types {
    /// Writes them.
    pub(super) fn run(self, options: &GlobalOptions) -> ExitCode {
        match lua_types::write_types(&context::catalog(options), &self.folder) {
            Ok(files) => {
                report::print(&format!(
                    "wrote {} files into {}",
                    files.len(),
                    self.folder.display()
                ));
                status::DONE.into()
            }
            Err(problem) => {
                report::error(&problem.to_string());
                status::SCRIPT.into()
            }
        }
    }
}
