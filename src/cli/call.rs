//! `cumulua call`: one Action from the shell.

use super::confirmation::Confirmation;
use super::options::{GlobalOptions, duration};
use super::simulation::Simulation;
use super::status::Status;
use super::{context, leaving, parameter, recording, report, status};
use crate::client::error::Failure;
use crate::client::value::Params;
use crate::client::{Call as ClientCall, CallOptions, FileOption, waiter};
use crate::effect_id::EffectId;
use crate::gate::audit::sensitive_params;
use crate::gate::{Confirm, Gate, Grants, StopReason, WAIT_TIMEOUT, WaitError};
use clap::Args;
use cumulua_core::catalog::Action;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  cumulua call --sim cds.ccs.DescribeTags\n  cumulua call --sim cds.ccs.CreateTag TagName=web\n  cumulua call --sim cds.ccs.DescribeInstances PageSize:=5 PublicIp:='[\"101.251.1.1\"]'\n  cumulua call cds.ecs.ModifyInstancePassword EcsIds:='[\"…\"]' Password=@password.txt\n\nOther programs can read a command line, so secrets do not belong there: Name=@FILE (one line break at its\nend is dropped, 1 MiB at most), Name=- or Name=secret:NAME.\n\n`cumulua docs ACTION` shows the parameters of an Action."
)]
pub(super) struct Call {
    /// The Action, as cds.ccs.DescribeInstances
    action: String,
    /// Parameters: Name=value for text and numbers, Name:=json for the rest. Name=@FILE takes a
    /// file's text, Name=- standard input, Name=secret:NAME a secret of the profile; Name:='"@x"' is
    /// the text @x
    #[arg(value_name = "Name=value")]
    params: Vec<String>,
    /// Waits for the task that the Action starts, and prints {"answer": …, "resources": […]}
    #[arg(long)]
    wait: bool,
    /// How long the call, and then the wait, may take
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub(super) timeout: Option<Duration>,
    /// Sends parameters too that the catalogue does not know
    #[arg(long)]
    unchecked: bool,
    #[command(flatten)]
    moved: MovedFile,
    /// Does not ask before a call that can destroy or cost on a profile with production = true;
    /// without a terminal such a call needs it
    #[arg(long)]
    yes: bool,
}

/// The file that is sent or received.
#[derive(Debug, Args)]
struct MovedFile {
    /// The file that is sent, or that is received
    #[arg(long, value_name = "PATH")]
    file: Option<PathBuf>,
    /// Lets --file replace a file that is there by the one that is received
    #[arg(long, requires = "file")]
    overwrite: bool,
}

impl Call {
    /// Makes the call.
    pub(super) fn run(self, options: &GlobalOptions, simulation: &Simulation) -> ExitCode {
        context::block_on(options, simulation, async {
            let grants = Grants {
                read_only: options.read_only,
                // Who names it on the command line may use it.
                allow_paths: self.moved.file.iter().cloned().collect(),
                ..Grants::default()
            };
            let subject = context::Subject {
                name: self.action.clone(),
                kind: "call",
                script: None,
                text: None,
                args: self.params.clone(),
                run: None,
                is_detached: false,
                confirm: (!self.yes).then(|| Arc::new(Confirmation) as Arc<dyn Confirm>),
            };
            let (gate, recorder) =
                context::recorded_gate(options, simulation, Path::new("."), grants, subject);
            let action = match gate.catalog().action(&self.action) {
                Ok(action) => action,
                Err(problem) => return usage(&problem.to_string()),
            };
            if self.wait && action.task.is_none() {
                return usage(&format!(
                    "{} starts no task, so --wait has nothing to wait for",
                    self.action
                ));
            }
            let guard = leaving::start_guard(&gate, recorder.clone());
            if let Some(timeout) = self.timeout {
                leaving::limit_blocked(&guard, if self.wait { timeout * 2 } else { timeout });
            }
            // A FIFO, or standard input, may let it wait.
            let params = match self.params(&gate, &action) {
                Ok(params) => params,
                Err(problem) => {
                    guard.last(leaving::WRITING);
                    return usage(&problem);
                }
            };
            let (status, error) = self.call(&gate, action, params).await;
            guard.step(leaving::RECORDING);
            if let Some(recorder) = &recorder {
                recording::record_end(
                    recorder,
                    recording::outcome(status, gate.cancel_token().reason().as_ref()),
                    status,
                    error.as_deref(),
                );
            }
            guard.last(leaving::WRITING);
            status.into()
        })
    }

    /// The status, and what went wrong.
    async fn call(&self, gate: &Gate, action: Action, params: Params) -> (Status, Option<String>) {
        let options = CallOptions {
            timeout: self.timeout,
            unchecked: self.unchecked,
            file: self.moved.file.clone().map(|path| FileOption {
                path,
                overwrite: self.moved.overwrite,
            }),
            ..CallOptions::default()
        };
        let place = EffectId {
            path: "0".to_owned(),
            number: 1,
        };
        let outcome = gate
            .call(
                ClientCall {
                    action,
                    params,
                    content: None,
                    options,
                },
                &place,
            )
            .await;
        gate.flush_audit();
        let answer = match outcome {
            Ok(answer) => answer,
            Err(failure) => return (report_failure(gate, &failure), Some(failure.to_string())),
        };
        if !self.wait {
            report::print_json(&gate.redact_json(answer.json));
            return (status::DONE, None);
        }
        let waited = gate
            .wait(
                waiter::tasks(&answer),
                self.timeout.unwrap_or(WAIT_TIMEOUT),
                &place,
            )
            .await;
        gate.flush_audit();
        match waited {
            Ok(resources) => {
                let waited = serde_json::json!({ "answer": answer.json, "resources": resources });
                report::print_json(&gate.redact_json(waited));
                (status::DONE, None)
            }
            Err(failure) => (
                report_wait_failure(gate, &failure),
                Some(failure.to_string()),
            ),
        }
    }

    /// The parameters; what is secret and stands on the command line is warned about.
    fn params(&self, gate: &Gate, action: &Action) -> Result<Params, String> {
        let mut params = Params::new();
        let mut literal = Params::new();
        let mut input = parameter::StandardInput::default();
        for text in &self.params {
            let parameter = parameter::read(gate, text, &mut input)?;
            if params.contains_key(&parameter.name) {
                return Err(format!("the parameter {} is given twice", parameter.name));
            }
            if parameter.is_literal {
                literal.insert(parameter.name.clone(), parameter.value.clone());
            }
            params.insert(parameter.name, parameter.value);
        }
        for name in sensitive_params(action, &literal) {
            report::warning(&format!(
                "{name} stands on the command line, where other programs and the shell's history see it; \
                 write {name}=@FILE, {name}=- (standard input) or {name}=secret:NAME"
            ));
        }
        Ok(params)
    }
}

fn usage(problem: &str) -> ExitCode {
    report::error(problem);
    status::USAGE.into()
}

fn report_failure(gate: &Gate, failure: &Failure) -> Status {
    report::error(&gate.redact(&failure.to_string()));
    report::pending(&gate.pending(), gate);
    if gate.cancel_token().reason() == Some(StopReason::Interrupted) {
        return status::INTERRUPTED;
    }
    status::of_kind(Some(failure.error.kind().as_str()))
}

/// Reports how a wait failed and gives the status for it.
pub(super) fn report_wait_failure(gate: &Gate, failure: &WaitError) -> Status {
    report::error(&gate.redact(&failure.to_string()));
    report::pending(&gate.pending(), gate);
    match failure {
        WaitError::UnknownDialect { .. } | WaitError::Incomplete { .. } => status::SCRIPT,
        WaitError::Failed { .. } => status::TASK,
        WaitError::TimedOut { .. } => status::TIMED_OUT,
        WaitError::Cancelled { .. } => status::INTERRUPTED,
        WaitError::Call { failure, .. } => status::of_kind(Some(failure.error.kind().as_str())),
    }
}
