//! `cumulua trust`: lets a project's configuration set whatever there is to set.

use super::{report, status};
use crate::config::{FILE_NAME, review, trust};
use clap::Args;
use cumulua_core::controls::escape_line;
use std::path::PathBuf;
use std::process::ExitCode;

#[derive(Debug, Args)]
pub(super) struct Trust {
    /// The file
    #[arg(default_value = FILE_NAME)]
    file: PathBuf,
    /// Trusts it only if this is the SHA-256 of its content, as 64 hexadecimal digits
    #[arg(long, value_name = "SHA256", value_parser = sha256)]
    digest: Option<String>,
    /// Trusts nothing: shows the SHA-256 of the file, and what it sets that needs trust
    #[arg(long, conflicts_with = "digest")]
    show: bool,
}

impl Trust {
    /// Remembers it.
    pub(super) fn run(self) -> ExitCode {
        let done = if self.show { self.show() } else { self.trust() };
        match done {
            Ok(text) => {
                report::print(&text);
                status::DONE.into()
            }
            Err(problem) => {
                report::error(&problem);
                status::SCRIPT.into()
            }
        }
    }

    fn trust(&self) -> Result<String, String> {
        let file = self.file.display().to_string();
        let file = escape_line(&file);
        // What it would set is not known of a file that cannot be read as configuration.
        review(&self.file).map_err(|problem| problem.to_string())?;
        trust::trust(&self.file, self.digest.as_deref())
            .map(|digest| format!("trusted {file} as it is now (SHA-256 {digest})"))
            .map_err(|problem| format!("{file} cannot be trusted: {problem}"))
    }

    fn show(&self) -> Result<String, String> {
        let about = review(&self.file).map_err(|problem| problem.to_string())?;
        let state = if about.is_trusted {
            "trusted"
        } else {
            "not trusted"
        };
        let mut lines = vec![
            format!("{}: {state}", escape_line(&self.file.display().to_string())),
            format!("SHA-256: {}", about.digest),
        ];
        lines.extend(about.wants.iter().map(|key| format!("sets {key}")));
        if about.wants.is_empty() {
            lines.push("sets nothing that needs trust".to_owned());
        }
        Ok(lines.join("\n"))
    }
}

fn sha256(text: &str) -> Result<String, String> {
    let is_digest = text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_digest
        .then(|| text.to_owned())
        .ok_or_else(|| "a SHA-256 is 64 hexadecimal digits, as sha256sum prints it".to_owned())
}
