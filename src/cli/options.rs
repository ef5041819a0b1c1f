//! Options that every subcommand takes.

use crate::gate::{GRACE, Grants};
use crate::lua::Limits;
use clap::{Args, ValueEnum};
use cumulua_core::clock::parse_duration;
use cumulua_core::size::parse_size;
use std::path::PathBuf;
use std::time::Duration;

/// Options that every subcommand takes.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Options of every command")]
pub(super) struct GlobalOptions {
    /// The profile of cumulua.toml
    #[arg(long, global = true, value_name = "NAME")]
    pub(super) profile: Option<String>,
    /// The region, by its name (cn, asia, us) or by that of one of its zones
    #[arg(long, global = true, value_name = "REGION")]
    pub(super) region: Option<String>,
    /// Replaces scheme and host of a product (cds, mcs, aliyun) or service (aliyun.sas); the URL's
    /// path goes in front
    #[arg(long, global = true, value_name = "PRODUCT=URL", value_parser = endpoint)]
    pub(super) endpoint: Vec<(String, String)>,
    /// Refuses every call that changes anything
    #[arg(long, global = true)]
    pub(super) read_only: bool,
    /// Uses a simulator inside this process: nothing leaves the machine, and waiting takes no real
    /// time
    #[arg(long, global = true)]
    pub(super) sim: bool,
    /// With --sim, begins from the account that this file describes
    #[arg(long, global = true, value_name = "FILE")]
    pub(super) seed_file: Option<PathBuf>,
    /// With --sim, writes the account to this file in the end
    #[arg(long, global = true, value_name = "FILE")]
    pub(super) dump: Option<PathBuf>,
    /// Reads this file in place of cumulua.toml beside the script or above it and of the user's own
    #[arg(long, global = true, value_name = "FILE")]
    pub(super) config: Option<PathBuf>,
    /// Adds or replaces Actions from a folder laid out as the catalogue is
    #[arg(long, global = true, value_name = "DIR", env = "CUMULUA_CATALOG")]
    pub(super) catalog: Vec<PathBuf>,
    /// Records calls in this file instead of the user's state folder
    #[arg(long, global = true, value_name = "FILE", env = "CUMULUA_AUDIT")]
    pub(super) audit: Option<PathBuf>,
    /// Keeps the history of runs in this file instead of the user's state folder
    #[arg(long, global = true, value_name = "FILE", env = "CUMULUA_STORE")]
    pub(super) store: Option<PathBuf>,
    /// Leaves this run out of the history
    #[arg(long, global = true)]
    pub(super) no_record: bool,
    /// Prints more on standard error; twice for everything
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(super) verbose: u8,
    /// The form of log lines on standard error
    #[arg(long, global = true, value_enum, default_value_t = Format::Text, value_name = "FORMAT")]
    pub(super) log_format: Format,
    /// When to use color
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto, value_name = "WHEN")]
    pub(super) color: Color,
}

/// What Lua may use of this machine.
#[derive(Debug, Clone, Args)]
pub(super) struct GrantOptions {
    /// The memory that Lua may use, as 256M or 1.5G
    #[arg(long, value_name = "SIZE", value_parser = memory, default_value = MEMORY)]
    pub(super) max_memory: usize,
    /// Lets Lua read and write below this path too
    #[arg(long, value_name = "PATH")]
    allow_path: Vec<PathBuf>,
    /// Lets Lua start processes
    #[arg(long)]
    pub(super) allow_run: bool,
    /// How long what Lua deferred may take once it was ended from outside, as 10s or 1m
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "10s")]
    pub(super) grace: Duration,
}

/// Memory of a script by default.
const MEMORY: &str = "1G";

impl Default for GrantOptions {
    fn default() -> Self {
        Self {
            max_memory: memory(MEMORY).unwrap_or(usize::MAX),
            allow_path: Vec::new(),
            allow_run: false,
            grace: GRACE,
        }
    }
}

impl GrantOptions {
    /// What the gate holds Lua to.
    pub(super) fn grants(&self, options: &GlobalOptions) -> Grants {
        Grants {
            read_only: options.read_only,
            allow_paths: self.allow_path.clone(),
            own: Vec::new(),
            allow_run: self.allow_run,
            memory: self.max_memory,
            grace: self.grace,
        }
    }

    /// What the VM holds it to.
    pub(super) fn limits(&self) -> Limits {
        Limits {
            memory: self.max_memory,
        }
    }
}

/// Text for people or JSON for programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For people
    Text,
    /// One JSON object a line
    Json,
}

/// When to use color.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Color {
    /// On a terminal, unless `NO_COLOR` is set
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// `PRODUCT=URL`.
fn endpoint(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((product, url))
            if !product.is_empty()
                && (url.starts_with("http://") || url.starts_with("https://")) =>
        {
            // What stands before an @ may be a password, so only the reason is printed.
            url::Url::parse(url).map_err(|error| format!("that is no URL: {error}"))?;
            Ok((product.to_owned(), url.to_owned()))
        }
        _ => Err("write it as PRODUCT=URL, as cds=http://127.0.0.1:8080".to_owned()),
    }
}

/// `90s`, `15m`, `1h 30m`, `7d`, or seconds.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let parsed = parse_duration(text).filter(|duration| !duration.is_zero());
    parsed
        .ok_or_else(|| "write it as 90s, 15m, 1h30m, 7d or a number of seconds above 0".to_owned())
}

/// `256M`, `2G`, or bytes.
fn memory(text: &str) -> Result<usize, String> {
    let bytes = parse_size(text).and_then(|bytes| usize::try_from(bytes).ok());
    match bytes {
        // The standard libraries alone take some hundred KiB.
        Some(bytes) if bytes >= 1024 * 1024 => Ok(bytes),
        Some(_) => Err("a script needs at least 1M".to_owned()),
        None => Err("write it as 256M, 1.5G or a number of bytes".to_owned()),
    }
}
