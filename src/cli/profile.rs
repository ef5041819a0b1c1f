//! `cumulua profile`: which values count and where each comes from.

use super::options::GlobalOptions;
use super::{context, report, status};
use crate::config::{Account, ConfigError, Profiles, Setting};
use clap::{Args, Subcommand};
use cumulua_core::catalog::ProductModel;
use cumulua_core::controls::escape_line;
use std::fmt::Display;
use std::path::Path;
use std::process::ExitCode;

#[derive(Debug, Args)]
pub(super) struct Profile {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Lists the profiles and the files that they stand in
    List,
    /// Shows what a profile gives for each product, and where from
    Show {
        /// The profile; the current one where none is given
        name: Option<String>,
    },
}

impl Profile {
    /// Shows it.
    pub(super) fn run(self, options: &GlobalOptions) -> ExitCode {
        let text = match &self.command {
            Command::List => list(&context::profiles(options, Path::new("."))),
            Command::Show { name } => {
                // A named profile is the current one of this look.
                let options = GlobalOptions {
                    profile: name.clone().or_else(|| options.profile.clone()),
                    ..options.clone()
                };
                show(&options)
            }
        };
        match text {
            Ok(lines) => {
                let lines: Vec<_> = lines.iter().map(|line| escape_line(line)).collect();
                report::print(&lines.join("\n"));
                status::DONE.into()
            }
            Err(problem) => {
                report::error(&problem.to_string());
                status::SCRIPT.into()
            }
        }
    }
}

fn list(profiles: &Profiles) -> Result<Vec<String>, ConfigError> {
    let current = profiles.current()?;
    let mut lines = Vec::new();
    for name in profiles.names()? {
        let mark = if name == current.value { '*' } else { ' ' };
        let files = profiles
            .files()?
            .iter()
            .filter(|file| file.tables.profiles.contains_key(&name));
        let files: Vec<_> = files.map(|file| file.path.display().to_string()).collect();
        lines.push(format!("{mark} {name}  ({})", files.join(", ")));
    }
    if lines.is_empty() {
        lines.push("no profiles; a cumulua.toml here, above or in the user's configuration folder would hold them".to_owned());
    }
    for file in profiles.files()?.iter().filter(|file| !file.trusted) {
        lines.push(format!(
            "{} is not trusted: it may only narrow what is allowed and name a region",
            file.path.display()
        ));
    }
    Ok(lines)
}

fn show(options: &GlobalOptions) -> Result<Vec<String>, ConfigError> {
    let profiles = context::profiles(options, Path::new("."));
    let catalog = context::catalog(options);
    let current = profiles.current()?;
    let mut lines = vec![format!("profile {} ({})", current.value, current.origin)];
    for name in catalog.products() {
        let Ok(product) = catalog.product(&name) else {
            continue;
        };
        lines.push(String::new());
        lines.push(format!("{name}: {}", product.title));
        match profiles.account(&product, None, None) {
            Ok(account) => lines.extend(account_lines(&product, &account)),
            // One product without an account hides nothing of the others.
            Err(error @ ConfigError::MissingCredential { .. }) => {
                lines.push(format!("  {error}"));
            }
            Err(error) => return Err(error),
        }
    }
    Ok(lines)
}

fn account_lines(product: &ProductModel, account: &Account) -> Vec<String> {
    let secret = Setting::new(
        account.secret_key.value.describe(),
        account.secret_key.origin.clone(),
    );
    let mut lines = vec![
        line("access key", &account.access_key),
        line("secret key", &secret),
    ];
    if let Some(token) = &account.security_token {
        lines.push(line(
            "security token",
            &Setting::new(token.value.describe(), token.origin.clone()),
        ));
    }
    lines.extend(account.region.iter().map(|region| line("region", region)));
    lines.extend(
        account
            .read_only
            .iter()
            .map(|read_only| line("read only", read_only)),
    );
    lines.extend(
        account
            .production
            .iter()
            .map(|production| line("production", production)),
    );
    lines.extend(
        account
            .endpoints
            .iter()
            .map(|(name, url)| line(&format!("endpoint {name}"), url)),
    );
    if account.endpoints.is_empty() {
        lines.push(match &product.credentials.url {
            Some(variable) => format!("  endpoint: missing; {variable} or the profile gives it"),
            None => "  endpoint: as documented".to_owned(),
        });
    }
    lines
}

fn line<T: Display>(name: &str, setting: &Setting<T>) -> String {
    format!("  {name}: {} ({})", setting.value, setting.origin)
}
