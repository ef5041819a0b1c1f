//! Who is asked before a call that can destroy or cost in production.

use crate::client::transport::BoxFuture;

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

/// The future of an answer: whether the call may be made; otherwise why not.
pub type Asking<'a> = BoxFuture<'a, Result<(), String>>;

/// A way to ask a person. A run without one, as that of a script, is not asked anything.
pub trait Confirm: Send + Sync {
    /// Whether the call may be made; otherwise why not.
    fn confirm<'a>(&'a self, question: &'a Question) -> Asking<'a>;
}
