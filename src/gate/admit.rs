//! Admission: what the one judge decides, and what a person decides where it asks for one.

use super::base::Gate;
use super::confirm::Question;
use crate::client::error::CallError;
use crate::policy::{FileSubject, Ruling, Subject, Verdict, judge};
use std::path::PathBuf;

impl Gate {
    /// Whether a call may be made; `question` is what a person is asked.
    pub(super) async fn admit(
        &self,
        subject: &Subject<'_>,
        question: impl FnOnce() -> Question,
    ) -> Result<(), CallError> {
        let Verdict { effect, because } = judge(subject);
        match effect {
            Ruling::Allow | Ruling::AllowBelow { .. } => Ok(()),
            Ruling::Deny => Err(CallError::Forbidden(because)),
            Ruling::Ask => {
                let Some(confirm) = &self.parts.confirm else {
                    return Err(CallError::Forbidden(because));
                };
                let question = question();
                let answer = self.clock().real(confirm.confirm(&question)).await;
                answer.map_err(|reason| CallError::Forbidden(format!("{because}, and {reason}")))
            }
        }
    }
}

/// Whether something may happen of which no person is asked; otherwise why not.
pub(super) fn allow(subject: &Subject<'_>) -> Result<(), String> {
    match judge(subject) {
        Verdict {
            effect: Ruling::Allow | Ruling::AllowBelow { .. },
            ..
        } => Ok(()),
        Verdict { because, .. } => Err(because),
    }
}

/// The granted root of a file, and what is left of its path; otherwise why it may not be used.
pub(super) fn grant(subject: FileSubject<'_>) -> Result<(PathBuf, PathBuf), String> {
    match judge(&Subject::File(subject)) {
        Verdict {
            effect: Ruling::AllowBelow { root, rest },
            ..
        } => Ok((root, rest)),
        Verdict { because, .. } => Err(because),
    }
}
