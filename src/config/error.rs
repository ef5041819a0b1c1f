//! What can be wrong with the configuration.

use crate::credentials::SecretError;
use std::path::PathBuf;

/// What can be wrong with the configuration.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ConfigError {
    /// A file cannot be read.
    #[error("the configuration {} cannot be read: {reason}", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        reason: String,
    },
    /// A file does not parse.
    #[error("the configuration {}, line {line}, column {column}: {reason}", .path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// From 1.
        line: usize,
        /// From 1.
        column: usize,
        /// What is wrong.
        reason: String,
    },
    /// A value that does not fit its key.
    #[error("the configuration {}: {what} must be {rule}", .path.display())]
    BadValue {
        /// The file.
        path: PathBuf,
        /// The key.
        what: String,
        /// What fits.
        rule: String,
    },
    /// A profile that no file has.
    #[error("there is no profile {name:?}{}; `cumulua profile list` shows what there is", cumulua_core::catalog::suggest::did_you_mean(.near))]
    UnknownProfile {
        /// The name.
        name: String,
        /// Names that may have been meant.
        near: Vec<String>,
    },
    /// The simulator knows one account only.
    #[error("the simulator has one profile; start without --sim to use those of cumulua.toml")]
    Simulated,
    /// No access key or no secret.
    #[error(
        "no {what} for {product}; set {variable}, or `{key}` of [profiles.{profile}.{product}] in cumulua.toml, or try the simulator with --sim"
    )]
    MissingCredential {
        /// `access key` or `secret key`.
        what: &'static str,
        /// The product.
        product: String,
        /// The environment variable of the vendor's own tools.
        variable: String,
        /// The key in the file.
        key: &'static str,
        /// The profile.
        profile: String,
    },
    /// A secret that its source does not give.
    #[error("{0}")]
    Secret(#[from] SecretError),
    /// A host of `[http]` that is none.
    #[error("the configuration {}: [http] allow has {entry:?}: {reason}; write it as \"hooks.example.com\" or \"127.0.0.1:8080\"", .path.display())]
    BadHost {
        /// The file.
        path: PathBuf,
        /// What stands there.
        entry: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A host that no file names.
    #[error(
        "scripts may not ask this host; {} below [http] in cumulua.toml lets them",
        .entry.as_ref().map_or_else(|| "its name in `allow`".to_owned(), |entry| format!("allow = [{entry:?}]"))
    )]
    HostNotAllowed {
        /// What would have to stand there, where that may be shown.
        entry: Option<String>,
    },
    /// A project's file sets more than one that is not trusted may.
    #[error("{} is not trusted and sets {}; until then a project's file may only narrow what is allowed and name a region. Read it, then trust it: `cumulua trust {}`", .path.display(), .wants.join(", "), .path.display())]
    Untrusted {
        /// The file.
        path: PathBuf,
        /// What it sets, each by its key.
        wants: Vec<String>,
    },
}

impl ConfigError {
    /// The same; the variable that would give a secret is named only where it may be.
    #[must_use]
    pub fn with_hint_where(self, is_shown: impl Fn(&str) -> bool) -> Self {
        match self {
            Self::Secret(SecretError::Unknown { name, variable }) => {
                let variable = variable.filter(|variable| is_shown(variable));
                Self::Secret(SecretError::Unknown { name, variable })
            }
            other => other,
        }
    }

    /// Whether the fault is a credential's, and not the configuration's as a whole.
    pub fn is_about_credentials(&self) -> bool {
        matches!(self, Self::MissingCredential { .. } | Self::Secret(_))
    }
}
