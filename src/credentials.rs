//! Credential providers: a secret from the environment, a file, a command, or the configuration
//! itself.

use cumulua_core::secret::Secret;
use serde::Deserialize;
use serde::de::Error as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{env, fs};

/// Where a secret stands.
#[derive(Debug, Clone, PartialEq)]
pub enum SecretSource {
    /// In the configuration or the environment, read already.
    Plain(Secret),
    /// `{ env = "NAME" }`.
    Environment(String),
    /// `{ file = "PATH" }`: the file's first line.
    File(PathBuf),
    /// `{ command = ["PROGRAM", "ARGUMENT"] }`: the first line of its standard output.
    Command(Vec<String>),
}

/// Why a source gives no secret; a source's output is never part of it.
#[derive(Debug, Clone, thiserror::Error)]
pub enum SecretError {
    /// No source is given for the secret.
    #[error(
        "no secret {name:?}; {}give it in [profiles.NAME.secrets] of cumulua.toml as {{ env = … }}, {{ file = … }} or {{ command = … }}",
        .variable.as_ref().map_or_else(String::new, |variable| format!("set {variable}, or "))
    )]
    Unknown {
        /// The secret's name.
        name: String,
        /// The environment variable that would give it, where that may be shown.
        variable: Option<String>,
    },
    /// The environment variable is not set.
    #[error("the secret {name:?} stands in the environment variable {variable}, which is not set")]
    NotInEnvironment {
        /// The secret's name.
        name: String,
        /// The variable.
        variable: String,
    },
    /// The file cannot be read.
    #[error("the secret {name:?} stands in {}, which cannot be read: {reason}", .path.display())]
    UnreadableFile {
        /// The secret's name.
        name: String,
        /// The file.
        path: PathBuf,
        /// The system's reason.
        reason: String,
    },
    /// The command failed.
    #[error("the secret {name:?} comes from the command {program:?}, which failed: {reason}")]
    FailedCommand {
        /// The secret's name.
        name: String,
        /// The program.
        program: String,
        /// How it failed.
        reason: String,
    },
    /// The source is empty.
    #[error("the secret {name:?} is empty where it stands")]
    Empty {
        /// The secret's name.
        name: String,
    },
}

impl<'de> Deserialize<'de> for SecretSource {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Table {
            env: Option<String>,
            file: Option<PathBuf>,
            command: Option<Vec<String>>,
        }
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Form {
            Plain(String),
            Table(Table),
        }
        match Form::deserialize(deserializer)? {
            Form::Plain(text) => Ok(Self::Plain(Secret::new(text))),
            Form::Table(Table {
                env: Some(name),
                file: None,
                command: None,
            }) => Ok(Self::Environment(name)),
            Form::Table(Table {
                env: None,
                file: Some(path),
                command: None,
            }) => Ok(Self::File(path)),
            Form::Table(Table {
                env: None,
                file: None,
                command: Some(command),
            }) if !command.is_empty() => Ok(Self::Command(command)),
            Form::Table(_) => Err(D::Error::custom(
                "a secret is one of { env = … }, { file = … } and { command = [ … ] }",
            )),
        }
    }
}

impl SecretSource {
    /// Takes a file's relative path from this folder, which is the one of the configuration that
    /// names it.
    pub fn relative_to(&mut self, folder: &Path) {
        if let Self::File(path) = self
            && !path.starts_with("~")
        {
            *path = folder.join(&*path);
        }
    }

    /// The file that it stands in, if it does.
    pub fn file(&self) -> Option<PathBuf> {
        match self {
            Self::File(path) => Some(expand_home(path)),
            _ => None,
        }
    }

    /// What a person may know of it.
    pub fn describe(&self) -> String {
        match self {
            Self::Plain(_) => "given".to_owned(),
            Self::Environment(name) => format!("from the environment variable {name}"),
            Self::File(path) => format!("from the file {}", path.display()),
            Self::Command(command) => format!(
                "from the command {}",
                command.first().map_or("", String::as_str)
            ),
        }
    }
}

/// Reads a secret from its source.
pub fn read(name: &str, source: &SecretSource) -> Result<Secret, SecretError> {
    let text = match source {
        SecretSource::Plain(secret) => return Ok(secret.clone()),
        SecretSource::Environment(variable) => {
            env::var(variable).map_err(|_| SecretError::NotInEnvironment {
                name: name.to_owned(),
                variable: variable.clone(),
            })?
        }
        SecretSource::File(path) => {
            let path = expand_home(path);
            fs::read_to_string(&path).map_err(|error| SecretError::UnreadableFile {
                name: name.to_owned(),
                path,
                reason: error.to_string(),
            })?
        }
        SecretSource::Command(command) => run(name, command)?,
    };
    match text.lines().next().filter(|line| !line.is_empty()) {
        Some(line) => Ok(Secret::new(line)),
        None => Err(SecretError::Empty {
            name: name.to_owned(),
        }),
    }
}

/// Standard error stays the person's own, so that a password manager can ask; its standard output
/// is the secret.
fn run(name: &str, command: &[String]) -> Result<String, SecretError> {
    let program = command[0].clone();
    let failed = |reason: String| SecretError::FailedCommand {
        name: name.to_owned(),
        program: program.clone(),
        reason,
    };
    let output = Command::new(&program)
        .args(&command[1..])
        .stdin(Stdio::inherit())
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| failed(error.to_string()))?;
    if !output.status.success() {
        return Err(failed(output.status.to_string()));
    }
    String::from_utf8(output.stdout).map_err(|_| failed("its output is not UTF-8".to_owned()))
}

fn expand_home(path: &Path) -> PathBuf {
    match (path.strip_prefix("~"), etcetera::home_dir()) {
        (Ok(rest), Ok(home)) => home.join(rest),
        _ => path.to_owned(),
    }
}
