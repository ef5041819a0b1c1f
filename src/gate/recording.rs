//! What is recorded of calls and requests, in the audit and in the history.

use super::audit::{Audit, AuditEntry, AuditLine};
use super::base::Gate;
use super::effect::Open;
use super::events::Level;
use serde::Serialize;
use std::io;
use std::sync::atomic::Ordering;

impl Gate {
    /// Records how something ended.
    pub(super) fn record<P: Serialize>(&self, entry: &AuditEntry<'_, P>) {
        let line = AuditLine::new(entry, &self.run, self.now());
        if let Some(audit) = &self.parts.audit {
            self.report_audit_failure(audit, audit.append(&line));
        }
        if let Some(recorder) = &self.recorder {
            self.report_record_failure(recorder.call(&line));
        }
    }

    /// The latest records of the audit, one line of JSON each, where it keeps them.
    pub fn latest_records(&self) -> Vec<String> {
        self.parts
            .audit
            .as_ref()
            .map(Audit::kept)
            .unwrap_or_default()
    }

    /// Writes what the audit has not written yet; to be called before the process ends.
    pub fn flush_audit(&self) {
        if let Some(audit) = &self.parts.audit {
            self.report_audit_failure(audit, audit.flush());
        }
    }

    /// Logs once that the audit cannot be written.
    fn report_audit_failure(&self, audit: &Audit, outcome: io::Result<()>) {
        if let Err(error) = outcome
            && !self.audit_failed.swap(true, Ordering::Relaxed)
        {
            let file = audit
                .path()
                .map(|path| path.display().to_string())
                .unwrap_or_default();
            self.log(
                Level::Warn,
                &format!("calls cannot be recorded in {file}: {error}"),
            );
        }
    }

    /// Logs once that the run cannot be recorded.
    pub(super) fn report_record_failure(&self, outcome: Result<(), String>) {
        if let Err(problem) = outcome
            && !self.record_failed.swap(true, Ordering::Relaxed)
        {
            self.log(
                Level::Warn,
                &format!("what this run does is recorded late, or not at all: {problem}"),
            );
        }
    }
}

impl Open<'_> {
    /// Commits that a change is about to leave, once an effect and before a byte of it does: a
    /// machine that dies with the change on its way leaves this behind.
    pub(super) async fn commit_intent<'r, P: Serialize>(
        &self,
        entry: impl FnOnce() -> AuditEntry<'r, P>,
    ) {
        if !self.needs_intent() {
            return;
        }
        let gate = self.gate;
        let line = AuditLine::new(&entry(), &gate.run, gate.now());
        if let Some(audit) = &gate.parts.audit {
            audit.hold(&line);
        }
        if let Some(recorder) = &gate.recorder {
            gate.report_record_failure(recorder.intent(&line).await);
        }
        // The first of those that were committed together writes the lines of all.
        gate.flush_audit();
    }
}
