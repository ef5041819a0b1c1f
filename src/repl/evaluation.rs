//! Runs what was typed: piece by piece, in the foreground, with its value or its error.

use super::conversation::{Conversation, Flow};
use super::pending;
use super::running::Running;
use crate::gate::StopReason;
use crate::lua::ScriptError;
use crate::lua::judge::{Judgement, judge};
use crate::lua::session::{InputError, Values};
use cumulua_core::clock::real_now;
use std::future::Future;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What stops but does not end within this is left where it is.
const REACTION: Duration = Duration::from_millis(100);
/// An unfinished piece of a pasted text is looked at again only up to so many lines.
const LONGEST_PIECE: usize = 500;

impl Conversation {
    /// Runs a text: as one chunk where it is one, otherwise piece by piece, as a pasted text can
    /// be.
    pub(super) async fn evaluate(&mut self, text: &str) -> Flow {
        let pieces = pieces(text);
        let count = pieces.len();
        for (index, piece) in pieces.iter().enumerate() {
            self.inputs += 1;
            let name = format!("=input[{}]", self.inputs);
            match self.evaluate_one(&name, piece).await {
                Ok(()) => {}
                Err(flow @ Some(_)) => return flow,
                Err(None) => {
                    if index + 1 < count {
                        self.ui.note(&format!(
                            "{} more of the pasted inputs did not run",
                            count - index - 1
                        ));
                    }
                    return None;
                }
            }
        }
        None
    }

    /// Runs one chunk; the error is whether the session ends.
    pub(super) async fn evaluate_one(&mut self, name: &str, text: &str) -> Result<(), Flow> {
        let input = match self.session.compile(name, text) {
            Ok(input) => input,
            Err(InputError::Wrong(error)) => {
                self.failed(*error);
                return Err(None);
            }
            Err(InputError::Incomplete) => {
                self.problem("the input ends before it is whole");
                return Err(None);
            }
        };
        let form = input.form();
        let started = real_now();
        let started_at = self.gate.elapsed();
        let outcome = self
            .run_in_foreground(Rc::clone(&self.session).run(input, true))
            .await;
        let stop = self.settle();
        let ended = match (outcome, stop) {
            (_, Some(stop)) => Err(self.stopped(&stop)),
            (Some(Ok(values)), None) => {
                self.show_values(&values).await;
                self.transcript.add(self.inputs, text, form, values.len());
                Ok(())
            }
            (Some(Err(error)), None) => {
                self.failed(error);
                Err(None)
            }
            (None, None) => Err(None),
        };
        self.report_timing(started, started_at);
        ended
    }

    /// Runs a future in the foreground, beside the jobs, until it ends or Ctrl-C ends it; none
    /// where it did not even then.
    pub(super) async fn run_in_foreground<T>(
        &mut self,
        future: impl Future<Output = T>,
    ) -> Option<T> {
        let (ui, interrupts) = (Arc::clone(&self.ui), Arc::clone(&self.options.interrupts));
        let mut future = pin!(ui.now_running.during(Running::Foreground, future));
        interrupts.begin();
        // What was raised for a job that ended by itself is not this line's.
        self.settle();
        let outcome = loop {
            tokio::select! {
                biased;
                () = interrupts.requested() => {
                    self.gate.cancel_token().raise(StopReason::Interrupted);
                    // The jobs stand still meanwhile, so that the interrupt is not theirs.
                    break tokio::time::timeout(REACTION, &mut future).await.ok();
                }
                outcome = &mut future => break Some(outcome),
                ended = self.jobs.next() => self.job_ended(ended),
            }
        };
        interrupts.clear();
        self.ui.output.end(Running::Foreground);
        outcome
    }

    /// Makes the VM run again after something was ended from outside; what ended it.
    pub(super) fn settle(&self) -> Option<StopReason> {
        let stop = self.gate.cancel_token().lower()?;
        self.session.recover();
        Some(stop)
    }

    /// Reports how a line was ended from outside.
    fn stopped(&mut self, stop: &StopReason) -> Flow {
        match stop {
            StopReason::Exit(status) => return Some(*status),
            StopReason::OutputClosed => return Some(1),
            StopReason::Interrupted => {
                self.interrupts = 1;
                self.ui.note("interrupted");
            }
            other => self.problem(&other.describe()),
        }
        self.report_pending();
        None
    }

    pub(super) fn report_pending(&self) {
        for line in pending::lines(&self.gate.pending()) {
            self.ui.note(&line);
        }
    }

    async fn show_values(&mut self, values: &Values) {
        if !values.is_empty() {
            let text = values.text(&self.session, self.ui.terminal.width());
            self.show(&self.gate.redact(&text)).await;
        }
    }

    fn report_timing(&self, started: Instant, started_at: Duration) {
        if !self.shows_timing {
            return;
        }
        let real = real_now() - started;
        let own = self.gate.elapsed().saturating_sub(started_at);
        let is_virtual = own > real + Duration::from_secs(1);
        let simulated = if is_virtual {
            format!(", {:.1} s of the simulator's time", own.as_secs_f64())
        } else {
            String::new()
        };
        self.ui
            .note(&format!("took {:.3} s{simulated}", real.as_secs_f64()));
    }

    /// Shows an error in one screen; `:trace` shows the rest.
    pub(super) fn failed(&mut self, error: ScriptError) {
        let text = self
            .ui
            .terminal
            .error(&error, &self.session.sources(), false);
        let most = self.ui.terminal.height().saturating_sub(4).max(6);
        let shown: Vec<&str> = text.lines().take(most).collect();
        let is_cut = text.lines().count() > most;
        self.ui.note_styled(&shown.join("\n"));
        if is_cut || has_more(&error) {
            self.ui.note(":trace shows the rest");
        }
        self.last_error = Some(error);
    }
}

/// Whether an error's stack has more than where it was raised.
fn has_more(error: &ScriptError) -> bool {
    error
        .traceback
        .lines()
        .filter(|line| line.contains("input[") || line.contains(".lua:"))
        .count()
        > 1
}

/// A text as inputs: one where it is a chunk; otherwise, as a pasted text can be, line by line,
/// joined where they belong together.
fn pieces(text: &str) -> Vec<String> {
    if !text.contains('\n') || judge(text) != Judgement::Wrong {
        return vec![text.to_owned()];
    }
    let mut found = Vec::new();
    let mut open = String::new();
    let mut lines = text.lines();
    for line in lines.by_ref() {
        if open.is_empty() && line.trim().is_empty() {
            continue;
        }
        open.push_str(line);
        if judge(&open) == Judgement::Incomplete && open.matches('\n').count() < LONGEST_PIECE {
            open.push('\n');
        } else {
            found.push(std::mem::take(&mut open));
        }
    }
    if !open.is_empty() {
        found.push(open);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::pieces;

    #[test]
    fn a_pasted_text_that_is_no_chunk_runs_line_by_line() {
        assert_eq!(pieces("x = 1\ny = 2"), ["x = 1\ny = 2"]);
        assert_eq!(
            pieces("x = 1\nx\n\nfor i = 1, 2 do\n  print(i)\nend\nx + 1"),
            ["x = 1", "x", "for i = 1, 2 do\n  print(i)\nend", "x + 1"]
        );
        assert_eq!(pieces("x y\nz = {"), ["x y", "z = {\n"]);
    }
}
