//! `cumulua run`: runs a script.

use super::options::{Format, GlobalOptions, GrantOptions, duration};
use super::own_paths::read_only;
use super::simulation::Simulation;
use super::{context, detached, leaving, recording, report, status, streams};
use crate::gate::{Grants, StopReason, adopt_orphans};
use crate::history::RunOutcome;
use crate::lua::{Chunk, RunFacts};
use crate::run::given::{self, SecretParams};
use crate::run::{self, HistoryRecorder};
use clap::Args;
use cumulua_core::clock::real_now;
use std::io::Read as _;
use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use std::{fs, io};
use tokio::task::spawn_local;

/// Runs a script
///
/// The script sees the products as globals (cds, mcs, aliyun), its arguments as `args`, and files
/// below the working folder.
#[derive(Debug, Args)]
#[expect(
    clippy::struct_field_names,
    reason = "run_id and run_schedule are the flags' names"
)]
#[command(
    after_help = "Examples:\n  cumulua run --sim scripts/quickstart.lua\n  cumulua run nightly.lua web-1 web-2\n  cumulua run -e 'pp(cds.ccs.DescribeInstances { PageSize = 5 }.Data.Instances)'\n  echo 'print(1 + 1)' | cumulua run -"
)]
pub(super) struct Run {
    /// The script, or - for standard input
    #[arg(required_unless_present = "code", value_name = "FILE")]
    script: Option<String>,
    /// Runs this code in place of a file
    #[arg(
        short = 'e',
        long = "execute",
        value_name = "CODE",
        allow_hyphen_values = true
    )]
    code: Option<String>,
    /// Arguments of the script
    #[arg(
        trailing_var_arg = true,
        allow_hyphen_values = true,
        value_name = "ARG"
    )]
    args: Vec<String>,
    /// Ends the script after this time, as 90s, 15m or 1h30m
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub(super) timeout: Option<Duration>,
    #[command(flatten)]
    grants: GrantOptions,
    /// The form of the error that ends the script
    #[arg(long, value_enum, default_value_t = Format::Text, value_name = "FORMAT")]
    error_format: Format,
    /// The id under which a server has recorded the run
    #[arg(long, value_name = "ID", hide = true)]
    run_id: Option<String>,
    /// The schedule whose lock the run holds
    #[arg(long, value_name = "NAME", hide = true, requires = "run_id")]
    run_schedule: Option<String>,
    /// A file that decides when and how this runs, which it does not change
    #[arg(long, value_name = "FILE", hide = true, requires = "run_id")]
    decided_by: Vec<PathBuf>,
    /// Parameters of the schedule that are secrets come on standard input
    #[arg(long, hide = true, requires = "run_id")]
    secrets_from_input: bool,
    /// The run goes on without the server that starts it
    #[arg(long, hide = true)]
    detached: bool,
}

impl Run {
    /// `echo … | cumulua`.
    pub(super) fn from_standard_input() -> Self {
        Self {
            script: Some("-".to_owned()),
            code: None,
            args: Vec::new(),
            timeout: None,
            grants: GrantOptions::default(),
            error_format: Format::Text,
            run_id: None,
            run_schedule: None,
            decided_by: Vec::new(),
            secrets_from_input: false,
            detached: false,
        }
    }

    /// Runs the script to its end.
    pub(super) fn run(self, options: &GlobalOptions, simulation: &Simulation) -> ExitCode {
        if let Some(option) = misplaced(&self.args) {
            report::error(&format!(
                "{option} stands behind the script's arguments, where it is the script's and changes \
                 nothing of the run; put it in front of the script, or write -- before the arguments \
                 to hand it on"
            ));
            return status::USAGE.into();
        }
        self.run_script(options, simulation)
    }

    fn run_script(self, options: &GlobalOptions, simulation: &Simulation) -> ExitCode {
        if self.detached {
            detached::begin();
        }
        if self.detached || self.run_id.is_some() {
            detached::limit_memory(self.grants.max_memory);
        }
        let secrets = if self.secrets_from_input {
            take_secrets()
        } else {
            Ok(SecretParams::new())
        };
        let mut chunk = match self.chunk() {
            Ok(chunk) => chunk,
            Err(problem) => return self.refuse(&problem, options, simulation),
        };
        let options = options.clone();
        context::block_on(&options, simulation, async {
            let subject = subject(&chunk, self.run_id, self.detached);
            let (gate, recorder) = context::recorded_gate(
                &options,
                simulation,
                &chunk.folder,
                Grants {
                    own: read_only(self.decided_by),
                    ..self.grants.grants(&options)
                },
                subject,
            );
            let claimed = claim(
                recorder.as_ref(),
                self.run_schedule.as_deref(),
                self.detached,
            );
            if let Err(status) = claimed {
                return status;
            }
            match facts(recorder.as_deref(), secrets) {
                Ok(facts) => chunk.facts = facts,
                Err(problem) => {
                    return refuse_claimed(recorder.as_ref(), &problem, self.error_format);
                }
            }
            if self.grants.allow_run {
                adopt_orphans();
            }
            let signal = if self.detached {
                StopReason::Terminated
            } else {
                StopReason::Interrupted
            };
            let guard = leaving::guard_against(signal, &gate, recorder.clone());
            if let Some(limit) = self.timeout {
                guard.limit(limit);
            }
            let started = real_now();
            let ending = {
                let (gate, guard, limits) =
                    (Arc::clone(&gate), Arc::clone(&guard), self.grants.limits());
                // A task that is woken goes on at once; for what `block_on` itself waits for, tokio
                // first asks the system for news.
                let running =
                    spawn_local(async move { run::run(gate, &guard, limits, &chunk).await });
                running
                    .await
                    .unwrap_or_else(|failed| resume_unwind(failed.into_panic()))
            };
            guard.step("ending what the script had started");
            let left = gate.end_processes();
            guard.step("writing the audit");
            gate.flush_audit();
            let status = status::of_ending(&ending);
            guard.step("reporting how the run ended");
            let failed = ending.error.is_some() || !ending.deferred.is_empty();
            match (self.error_format, &ending.stop) {
                (Format::Json, None | Some(StopReason::Exit(_))) if !failed => {}
                (Format::Json, _) => report::note(&report::ending_json(&ending, &gate, status)),
                (Format::Text, _) => report::report_ending(&ending, &gate, options.verbose > 0),
            }
            report::ended_processes(&left);
            if let Some(recorder) = &recorder {
                guard.step(leaving::RECORDING);
                let error = report::ending_summary(&ending);
                recording::record_end(
                    recorder,
                    recording::outcome(status, ending.stop.as_ref()),
                    status,
                    error.as_deref(),
                );
            }
            guard.last(leaving::WRITING);
            detached::take_along(ending.stop.as_ref());
            if options.sim && gate.elapsed() > Duration::from_secs(1) {
                let (virtual_time, real_time) = (
                    report::seconds(gate.elapsed()),
                    (real_now() - started).as_secs_f64(),
                );
                report::note(&format!(
                    "simulated: {virtual_time} of cloud time in {real_time:.1} s"
                ));
            }
            status.into()
        })
    }

    /// Reports why there is nothing to run, and records it where the run is in the store already.
    fn refuse(self, problem: &str, options: &GlobalOptions, simulation: &Simulation) -> ExitCode {
        let Some(run) = self.run_id else {
            return refuse_claimed(None, problem, self.error_format);
        };
        let subject = context::Subject {
            name: String::new(),
            kind: "run",
            script: self.script.map(PathBuf::from),
            text: None,
            args: self.args,
            run: Some(run),
            is_detached: self.detached,
            confirm: None,
        };
        let grants = self.grants.grants(options);
        context::block_on(options, simulation, async {
            let (_, recorder) =
                context::recorded_gate(options, simulation, &working_folder(), grants, subject);
            let claimed = claim(
                recorder.as_ref(),
                self.run_schedule.as_deref(),
                self.detached,
            );
            if let Err(status) = claimed {
                return status;
            }
            refuse_claimed(recorder.as_ref(), problem, self.error_format)
        })
    }

    fn chunk(&self) -> Result<Chunk, String> {
        if let Some(code) = &self.code {
            // Without a file, what stands in its place is the first argument.
            let args = self.script.iter().chain(&self.args).cloned().collect();
            return Ok(Chunk {
                name: "=(command line)".to_owned(),
                text: code.clone(),
                args,
                folder: working_folder(),
                facts: RunFacts::default(),
            });
        }
        let script = self.script.clone().unwrap_or_default();
        let (name, bytes, folder) = if script == "-" {
            let mut bytes = Vec::new();
            io::stdin()
                .read_to_end(&mut bytes)
                .map_err(|error| format!("standard input cannot be read: {error}"))?;
            ("=stdin".to_owned(), bytes, working_folder())
        } else {
            let path = Path::new(&script);
            if path.is_dir() {
                return Err(format!(
                    "{script} is a folder; give the script in it, as {}",
                    path.join("main.lua").display()
                ));
            }
            let bytes = fs::read(path)
                .map_err(|error| format!("the script {script} cannot be read: {error}"))?;
            (
                format!("@{script}"),
                bytes,
                path.parent().map(Path::to_owned).unwrap_or_default(),
            )
        };
        let text = String::from_utf8(bytes).map_err(|error| {
            let line =
                String::from_utf8_lossy(&error.as_bytes()[..error.utf8_error().valid_up_to()])
                    .matches('\n')
                    .count()
                    + 1;
            format!("the script {script} is not UTF-8 (line {line}); save it as UTF-8 text")
        })?;
        let folder = if folder.as_os_str().is_empty() {
            working_folder()
        } else {
            folder
        };
        Ok(Chunk {
            name,
            text,
            args: self.args.clone(),
            folder,
            facts: RunFacts::default(),
        })
    }
}

/// Options that make a run harmless: whoever misses that they are the script's calls the real cloud.
const HARMLESS: [&str; 2] = ["--sim", "--read-only"];

/// An option among a script's arguments that was hardly meant for it.
fn misplaced(args: &[String]) -> Option<&str> {
    let mut options = args.iter().map(String::as_str);
    let found = options.find(|arg| HARMLESS.contains(arg))?;
    let is_handed_on = std::env::args_os().any(|arg| arg == "--");
    (!is_handed_on).then_some(found)
}

/// Reports why there is nothing to run, and records it.
fn refuse_claimed(
    recorder: Option<&Arc<HistoryRecorder>>,
    problem: &str,
    format: Format,
) -> ExitCode {
    match format {
        Format::Text => report::error(problem),
        Format::Json => {
            let status = status::SCRIPT.0;
            report::note_json(
                &serde_json::json!({ "kind": "validation", "message": problem, "status": status }),
            );
        }
    }
    if let Some(recorder) = recorder {
        recording::record_end(recorder, RunOutcome::Failed, status::SCRIPT, Some(problem));
    }
    status::SCRIPT.into()
}

/// Secrets that the starting process hands on; the script reads nothing of them.
fn take_secrets() -> io::Result<SecretParams> {
    let secrets = given::take(io::stdin().lock());
    #[cfg(unix)]
    {
        let nothing = fs::File::open("/dev/null")?;
        rustix::stdio::dup2_stdin(nothing)?;
    }
    secrets
}

/// What a run that is claimed finds of itself, with its secrets.
fn facts(
    recorder: Option<&HistoryRecorder>,
    secrets: io::Result<SecretParams>,
) -> Result<RunFacts, String> {
    let secrets = secrets
        .map_err(|problem| format!("the secrets of the run were not handed on: {problem}"))?;
    match recorder.filter(|recorder| recorder.is_to_be_claimed()) {
        Some(recorder) => Ok(RunFacts {
            secrets,
            ..recorder.facts()?
        }),
        None => Ok(RunFacts::default()),
    }
}

/// Takes up a run that is in the store already. What the command writes goes into its output from
/// then on.
fn claim(
    recorder: Option<&Arc<HistoryRecorder>>,
    schedule: Option<&str>,
    is_detached: bool,
) -> Result<(), ExitCode> {
    let Some(recorder) = recorder.filter(|recorder| recorder.is_to_be_claimed()) else {
        return Ok(());
    };
    if let Err(refusal) = recorder.claim(schedule) {
        report::error(&refusal);
        return Err(status::SCRIPT.into());
    }
    let recorded = Arc::clone(recorder);
    streams::record_errors(move |text| recorded.note(text), is_detached);
    Ok(())
}

fn working_folder() -> PathBuf {
    PathBuf::from(".")
}

/// What the history keeps of a script.
fn subject(chunk: &Chunk, run: Option<String>, is_detached: bool) -> context::Subject {
    let script = chunk.name.strip_prefix('@').map(PathBuf::from);
    let name = match script.as_deref().and_then(Path::file_stem) {
        Some(stem) => stem.to_string_lossy().into_owned(),
        None => chunk.name.trim_start_matches('=').to_owned(),
    };
    context::Subject {
        name,
        kind: "run",
        script,
        text: Some(chunk.text.clone()),
        args: chunk.args.clone(),
        run,
        is_detached,
        // A script is not asked: what it does was decided when it was started.
        confirm: None,
    }
}
