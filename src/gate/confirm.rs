//! Who is asked before a call that can destroy or cost in production.

use crate::client::transport::BoxFuture;
use cumulua_core::controls;

/// What a person is asked to confirm. No field holds a secret.
#[derive(Debug, Clone)]
pub struct Question {
    /// The profile.
    pub profile: String,
    /// The Action.
    pub action: String,
    /// What carrying it out can do, as `destroys` or `costs`.
    pub effects: Vec<&'static str>,
    /// The redacted parameters.
    pub params: serde_json::Value,
}

/// Lines of a call's parameters that a question shows at most.
const MOST_LINES: usize = 12;

impl Question {
    /// What is about to happen, with the parameters in lines of their own.
    pub fn describe(&self) -> String {
        let effects = self.effects.join(" and ");
        let mut text = format!("{} {effects} ({})", self.action, self.profile);
        let shown = format!("{:#}", self.params);
        let shown = controls::escape_json(&shown);
        for line in shown.lines().take(MOST_LINES) {
            text = text + "\n  " + line;
        }
        if shown.lines().count() > MOST_LINES {
            text.push_str("\n  …");
        }
        text
    }

    /// What is asked.
    pub fn prompt(&self) -> String {
        format!("Send it to {}? [y/N] ", self.profile)
    }
}

/// Whether an answer means that the call is made.
pub fn is_yes(answer: &str) -> bool {
    ["y", "yes"]
        .iter()
        .any(|yes| answer.trim().eq_ignore_ascii_case(yes))
}

/// The future of an answer: whether the call may be made; otherwise why not.
pub type Asking<'a> = BoxFuture<'a, Result<(), String>>;

/// A way to ask a person. A run without one, as that of a script, is not asked anything.
pub trait Confirm: Send + Sync {
    /// Whether the call may be made; otherwise why not.
    fn confirm<'a>(&'a self, question: &'a Question) -> Asking<'a>;
}
