//! The command line of a run.

use crate::gate::RUN_VARIABLE;
use crate::history::NewRun;
use crate::run::given::hand_on;
use crate::run::{arguments, last_words};
use crate::schedule::engine::{Attempt, Cause};
use crate::schedule::params::Given;
use crate::schedule::value::Overlap;
use cumulua_core::secret::Redactor;
use jiff::Timestamp;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use tokio::process::Command;

/// What every child of a server has in common.
#[derive(Debug, Clone)]
pub struct Launcher {
    /// The program.
    program: PathBuf,
    /// Options that were given to the server and count for its runs too.
    shared: Shared,
    /// The store's file.
    store: PathBuf,
}

/// Options that were given to the server and count for its runs too.
#[derive(Debug, Clone, Default)]
pub struct Shared {
    /// The profile, where a schedule names none.
    pub profile: Option<String>,
    /// The region, where a schedule names none.
    pub region: Option<String>,
    /// Whether every run is read-only.
    pub read_only: bool,
    /// The others, as they stand on a command line.
    pub others: Vec<OsString>,
}

impl Launcher {
    /// A launcher of this very program, even where an update has put another in its place
    /// meanwhile.
    pub fn new(shared: Shared, store: PathBuf) -> io::Result<Self> {
        let itself = Path::new("/proc/self/exe");
        let program = if itself.exists() {
            itself.to_owned()
        } else {
            std::env::current_exe()?
        };
        Ok(Self {
            program,
            shared,
            store,
        })
    }

    fn command(&self, folder: &Path) -> Command {
        let mut command = Command::new(&self.program);
        command
            .current_dir(folder)
            .arg("run")
            .args(&self.shared.others);
        command.stdin(Stdio::null());
        // Where a run has started the server, what the server starts is none of that run's.
        command.env_remove(RUN_VARIABLE);
        #[cfg(unix)]
        command.arg0("cumulua");
        command
    }

    /// A run that goes on without this process, and writes nothing but its record.
    pub(super) fn detached_run(
        &self,
        attempt: &Attempt,
        run: &str,
        folder: &Path,
        given: &Given,
    ) -> io::Result<Command> {
        let mut command = self.command(folder);
        let words = last_words::open(&self.store, run).map_or_else(|_| Stdio::null(), Stdio::from);
        command
            .stdout(Stdio::null())
            .stderr(words)
            .arg("--detached");
        self.describe(command, attempt, run, given)
    }

    /// A run at this process's terminal.
    pub(super) fn run(
        &self,
        attempt: &Attempt,
        run: &str,
        folder: &Path,
        given: &Given,
    ) -> io::Result<Command> {
        self.describe(self.command(folder), attempt, run, given)
    }

    fn describe(
        &self,
        mut command: Command,
        attempt: &Attempt,
        run: &str,
        given: &Given,
    ) -> io::Result<Command> {
        let schedule = &attempt.schedule;
        command
            .arg("--store")
            .arg(&self.store)
            .args(["--run-id", run]);
        if schedule.overlap != Overlap::Allow {
            command.args(["--run-schedule", &schedule.name]);
        }
        for file in &*schedule.files {
            command.arg("--decided-by").arg(file);
        }
        if let Some(profile) = schedule.profile.as_ref().or(self.shared.profile.as_ref()) {
            command.args(["--profile", profile]);
        }
        if let Some(region) = schedule.region.as_ref().or(self.shared.region.as_ref()) {
            command.args(["--region", region]);
        }
        if let Some(timeout) = schedule.timeout {
            command
                .arg("--timeout")
                .arg(timeout.as_secs_f64().to_string());
        }
        if let Some(grace) = schedule.grace {
            command.arg("--grace").arg(grace.as_secs_f64().to_string());
        }
        if let Some(memory) = schedule.max_memory {
            command.arg("--max-memory").arg(memory.to_string());
        }
        if schedule.permissions.read_only || self.shared.read_only {
            command.arg("--read-only");
        }
        if schedule.permissions.allow_run {
            command.arg("--allow-run");
        }
        for path in &schedule.permissions.allow_path {
            command.arg("--allow-path").arg(path);
        }
        if !given.secrets.is_empty() {
            command.arg("--secrets-from-input");
            command.stdin(hand_on(&given.secrets)?);
        }
        let args = given.args.as_ref().unwrap_or(&schedule.args);
        command.arg("--").arg(&schedule.script).args(args);
        Ok(command)
    }

    /// The run of a function that receives a notification.
    pub(super) fn function(
        &self,
        module: &str,
        function: &str,
        event: &str,
        folder: &Path,
    ) -> Command {
        let code = "local module, name, event = args[1], args[2], json.decode(args[3])
            local loaded = require(module)
            local receiver = type(loaded) == 'table' and loaded[name] or _G[name]
            if type(receiver) ~= 'function' then error(module .. ' has no function ' .. name) end
            receiver(event)";
        let mut command = self.command(folder);
        command.stdout(Stdio::null()).stderr(Stdio::piped());
        command.args([
            "--detached",
            "--no-record",
            "--error-format",
            "json",
            "--timeout",
            "60",
            "-e",
            code,
            "--",
            module,
            function,
            event,
        ]);
        command
    }
}

/// A run as the store has it before its process starts.
pub(super) fn new_run(attempt: &Attempt, id: String, now: Timestamp) -> NewRun {
    let schedule = &attempt.schedule;
    let kind = match attempt.cause {
        Cause::Trigger | Cause::Backfill => attempt.cause.as_str(),
        Cause::Schedule | Cause::CatchUp => Cause::Schedule.as_str(),
    };
    let given = attempt.given.as_ref().and_then(|given| given.args.as_ref());
    let args = given.unwrap_or(&schedule.args);
    NewRun {
        id,
        name: schedule.name.to_string(),
        kind: kind.to_owned(),
        script: Some(schedule.script.display().to_string()),
        script_hash: None,
        args: arguments::redact(args, &Redactor::default()),
        profile: schedule.profile.clone(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        simulated: false,
        pid: None,
        due: Some(attempt.at),
        attempt: attempt.number,
        started: now,
    }
}
