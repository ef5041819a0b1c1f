//! `cumulua completions`: completion scripts for shells.

use super::{report, status};
use clap::Args;
use clap_complete::Shell;
use std::process::ExitCode;

#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  cumulua completions bash > ~/.local/share/bash-completion/completions/cumulua"
)]
pub(super) struct Completions {
    /// The shell
    shell: Shell,
}

impl Completions {
    /// Prints it, for this command.
    pub(super) fn run(self, command: &mut clap::Command) -> ExitCode {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, command, "cumulua", &mut script);
        report::print_plain(&String::from_utf8_lossy(&script));
        status::DONE.into()
    }
}
