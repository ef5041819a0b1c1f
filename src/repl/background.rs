//! Lines in the background, as they are reported to a person: how they began, and how they ended.

use super::conversation::Conversation;
use super::jobs::{Ended, Job};
use super::running::Running;
use crate::gate::StopReason;
use crate::lua::ScriptError;
use crate::lua::judge::Form;
use crate::lua::session::{InputError, Values};
use cumulua_core::controls;
use std::fmt::Write as _;
use std::time::Duration;

/// Lines of a job's value that are announced.
const MOST_ANNOUNCED: usize = 12;
impl Conversation {
    pub(super) fn start_job(&mut self, line: &str) {
        self.inputs += 1;
        match self
            .session
            .compile(&format!("=input[{}]", self.inputs), line)
        {
            Ok(input) => {
                let number = self
                    .jobs
                    .start(&self.session, &self.ui, line, self.inputs, input);
                self.ui.note(&format!(
                    "[{number}] runs in the background; `jobs` lists it"
                ));
            }
            Err(InputError::Wrong(error)) => self.failed(*error),
            Err(InputError::Incomplete) => {
                self.problem("write what shall run behind the &, as `&ids = wait(r)`");
            }
        }
    }

    /// Announces how a job ended.
    pub(super) fn job_ended(&mut self, (number, job, outcome): Ended) {
        self.ui.output.end(Running::Job(number));
        let stop = self.settle();
        if let Some(StopReason::Exit(status)) = stop {
            self.leaving = Some(status);
        }
        let after = job.as_ref().map_or(Duration::ZERO, Job::elapsed);
        let line = job
            .as_ref()
            .map(|job| self.secrets.replace_secrets(&job.line))
            .unwrap_or_default();
        let mut text = format!(
            "[{number}] {} after {:.1} s: {}",
            word(outcome.as_ref(), stop.is_some()),
            after.as_secs_f64(),
            controls::escape_line(&first_line(&line))
        );
        match outcome {
            Some(Ok(values)) => {
                if !values.is_empty() {
                    let value = self
                        .gate
                        .redact(&values.text(&self.session, self.ui.terminal.width()));
                    let lines: Vec<&str> = value.lines().take(MOST_ANNOUNCED).collect();
                    let _ = write!(text, "\n{}", lines.join("\n"));
                    if value.lines().count() > MOST_ANNOUNCED {
                        text.push_str("\n…");
                    }
                }
                let form = job.as_ref().map_or(Form::default(), |job| job.form);
                if let Some(job) = job {
                    self.transcript
                        .add(job.input, &job.line, form, values.len());
                }
            }
            Some(Err(error)) if stop.is_none() => {
                let _ = write!(
                    text,
                    "\n{}",
                    self.ui
                        .terminal
                        .error(&error, &self.session.sources(), false)
                );
                self.last_error = Some(error);
            }
            Some(Err(_)) | None => {}
        }
        self.ui.note_styled(&text);
    }
}

fn word(outcome: Option<&Result<Values, ScriptError>>, is_stopped: bool) -> &'static str {
    match outcome {
        Some(Ok(_)) => "done",
        Some(Err(_)) if !is_stopped => "failed",
        Some(Err(_)) | None => "stopped",
    }
}

pub(super) fn first_line(text: &str) -> String {
    let first = text.lines().next().unwrap_or_default();
    if first.chars().count() <= 40 && first.len() == text.len() {
        first.to_owned()
    } else {
        first.chars().take(39).chain(['…']).collect()
    }
}
