//! `cumulua runs calls`.

use super::common::{History, Problem, table};
use super::times::took;
use crate::cli::report;
use crate::history::CallRow;
use clap::Args;
use jiff::SignedDuration;

/// Lists the calls of a run
#[derive(Debug, Args)]
pub(super) struct Calls {
    /// The beginning of the run's id, or a name for the latest run of that name
    run: String,
    /// Only calls that failed or were never answered
    #[arg(long)]
    failed: bool,
    /// Only calls that change things
    #[arg(long)]
    mutating: bool,
    /// Prints an object a line, with the redacted parameters
    #[arg(long)]
    json: bool,
}

/// Calls that are read at once.
const PAGE: u32 = 1_000;

impl Calls {
    pub(super) fn run(self, history: &History) -> Result<(), Problem> {
        let row = history.find(&self.run)?;
        let mut rows = Vec::new();
        let mut after = 0;
        loop {
            let calls = history.store.calls(&row.run.id, after, PAGE)?;
            let Some(last) = calls.last() else { break };
            after = last.number;
            let failed = |call: &CallRow| call.error.is_some() || call.phase == "sending";
            for call in calls.iter().filter(|call| {
                (!self.failed || failed(call)) && (!self.mutating || !call.read_only)
            }) {
                if self.json {
                    report::print_json_line(&json(history, call));
                } else {
                    rows.push(line(history, call));
                }
            }
        }
        if self.json {
            return Ok(());
        }
        if rows.is_empty() {
            report::note(&format!("the run {} has made no such calls", row.run.id));
        } else {
            report::print(&table(
                &[
                    "#", "WHEN", "ACTION", "SENT", "TRIES", "TOOK", "REQUEST", "OUTCOME",
                ],
                rows,
            ));
        }
        Ok(())
    }
}

fn line(history: &History, call: &CallRow) -> Vec<String> {
    let outcome = match (&call.error, &call.code) {
        _ if call.phase == "sending" => "no answer".to_owned(),
        (None, _) => "ok".to_owned(),
        (Some(kind), Some(code)) => format!("{kind} {code}"),
        (Some(kind), None) => kind.clone(),
    };
    vec![
        call.number.to_string(),
        history.times.full(call.at),
        call.action.clone(),
        call.sent.clone(),
        call.attempts.to_string(),
        took(SignedDuration::from_millis(call.duration_ms.cast_signed())),
        call.request_id.clone().unwrap_or_default(),
        outcome,
    ]
}

/// A call for programs.
pub(super) fn json(history: &History, call: &CallRow) -> serde_json::Value {
    serde_json::json!({
        "number": call.number, "at": history.times.exact(call.at), "phase": call.phase, "place": call.place, "action": call.action,
        "read_only": call.read_only, "params": call.params, "profile": call.profile, "region": call.region, "endpoint": call.endpoint,
        "http_status": call.http_status, "code": call.code, "request_id": call.request_id, "attempts": call.attempts,
        "duration_ms": call.duration_ms, "sent": call.sent, "error": call.error, "message": call.message,
    })
}
