//! `cumulua call`: one Action from the shell.

use super::confirmation::Confirmation;
use super::options::{GlobalOptions, duration};
use super::simulation::Simulation;
use super::status::Status;
use super::{context, leaving, recording, report, status};
use crate::client::error::Failure;
use crate::client::value::{Params, Value};
use crate::client::{Call as ClientCall, CallOptions, waiter};
use crate::effect_id::EffectId;
use crate::gate::{Confirm, Gate, Grants, StopReason, WAIT_TIMEOUT, WaitError};
use clap::Args;
use cumulua_core::catalog::Action;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  cumulua call --sim cds.ccs.DescribeTags\n  cumulua call --sim cds.ccs.CreateTag TagName=web\n  cumulua call --sim cds.ccs.DescribeInstances PageSize:=5 PublicIp:='[\"101.251.1.1\"]'\n\n`cumulua docs ACTION` shows the parameters of an Action."
)]
pub(super) struct Call {
    /// The Action, as cds.ccs.DescribeInstances
    action: String,
    /// Parameters: Name=value for text and numbers, Name:=json for the rest, Name@=secret for a
    /// secret of the profile
    #[arg(value_name = "Name=value")]
    params: Vec<String>,
    /// Waits for the task that the Action starts, and prints {"answer": …, "resources": […]}
    #[arg(long)]
    wait: bool,
    /// How long the call, and then the wait, may take
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    timeout: Option<Duration>,
    /// Sends parameters too that the catalogue does not know
    #[arg(long)]
    unchecked: bool,
    /// Does not ask before a call that can destroy or cost on a profile with production = true;
    /// without a terminal such a call needs it
    #[arg(long)]
    yes: bool,
}

impl Call {
    /// Makes the call.
    pub(super) fn run(self, options: &GlobalOptions, simulation: &Simulation) -> ExitCode {
        context::block_on(options, simulation, async {
            let grants = Grants {
                read_only: options.read_only,
                ..Grants::default()
            };
            let subject = context::Subject {
                name: self.action.clone(),
                kind: "call",
                script: None,
                text: None,
                args: self.params.clone(),
                run: None,
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
            let params = match self.params(&gate) {
                Ok(params) => params,
                Err(problem) => return usage(&problem),
            };
            let guard = leaving::start_guard(&gate, recorder.clone());
            if let Some(timeout) = self.timeout {
                leaving::limit_blocked(&guard, if self.wait { timeout * 2 } else { timeout });
            }
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
            guard.over();
            status.into()
        })
    }

    /// The status, and what went wrong.
    async fn call(&self, gate: &Gate, action: Action, params: Params) -> (Status, Option<String>) {
        let options = CallOptions {
            timeout: self.timeout,
            unchecked: self.unchecked,
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
            report::print(&format!("{:#}", answer.json));
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
                report::print(&format!(
                    "{:#}",
                    serde_json::json!({ "answer": answer.json, "resources": resources })
                ));
                (status::DONE, None)
            }
            Err(failure) => (
                report_wait_failure(gate, &failure),
                Some(failure.to_string()),
            ),
        }
    }

    fn params(&self, gate: &Gate) -> Result<Params, String> {
        let mut params = Params::new();
        for text in &self.params {
            let (name, value) = parameter(gate, text)?;
            if params.insert(name.to_owned(), value).is_some() {
                return Err(format!("the parameter {name} is given twice"));
            }
        }
        Ok(params)
    }
}

/// `Name=value`, `Name:=json` or `Name@=secret`.
fn parameter<'a>(gate: &Gate, text: &'a str) -> Result<(&'a str, Value), String> {
    let Some((name, value)) = text.split_once('=') else {
        return Err(format!(
            "{text:?} is no parameter; write Name=value or Name:=json"
        ));
    };
    if let Some(name) = name.strip_suffix(':') {
        let json: serde_json::Value =
            serde_json::from_str(value).map_err(|error| format!("{name}:= needs JSON: {error}"))?;
        return Ok((name, Value::from(&json)));
    }
    if let Some(name) = name.strip_suffix('@') {
        return Ok((
            name,
            Value::Secret(gate.secret(value).map_err(|denied| denied.to_string())?),
        ));
    }
    if name.is_empty() {
        return Err(format!("{text:?} has no name; write Name=value"));
    }
    Ok((name, Value::String(value.to_owned())))
}

fn usage(problem: &str) -> ExitCode {
    report::error(problem);
    status::USAGE.into()
}

fn report_failure(gate: &Gate, failure: &Failure) -> Status {
    report::error(&gate.redact(&failure.to_string()));
    report::pending(&gate.pending());
    if gate.cancel_token().reason() == Some(StopReason::Interrupted) {
        return status::INTERRUPTED;
    }
    status::of_kind(Some(failure.error.kind().as_str()))
}

/// Reports how a wait failed and gives the status for it.
pub(super) fn report_wait_failure(gate: &Gate, failure: &WaitError) -> Status {
    report::error(&gate.redact(&failure.to_string()));
    report::pending(&gate.pending());
    match failure {
        WaitError::UnknownDialect { .. } | WaitError::Incomplete { .. } => status::SCRIPT,
        WaitError::Failed { .. } => status::TASK,
        WaitError::TimedOut { .. } => status::TIMED_OUT,
        WaitError::Cancelled { .. } => status::INTERRUPTED,
        WaitError::Call { failure, .. } => status::of_kind(Some(failure.error.kind().as_str())),
    }
}
