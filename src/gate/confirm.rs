//! Asking a person before a call that can destroy or cost, where a profile says that it is production and somebody is there to ask.

use super::Gate;
use super::audit::Shown;
use crate::client::effects::BoxFuture;
use crate::client::error::CallError;
use crate::client::value::Params;
use cumulua_core::catalog::Action;

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

/// What waits for an answer: whether the call may be made; else why not.
pub type Asking<'a> = BoxFuture<'a, Result<(), String>>;

/// Somebody who can be asked. A run without one, as that of a script, is not asked anything.
pub trait Confirm: Send + Sync {
    /// Whether the call may be made; else why not.
    fn confirm<'a>(&'a self, question: &'a Question) -> Asking<'a>;
}

impl Gate {
    /// Asks before a call that can destroy or cost in production.
    pub(super) async fn confirmed(&self, action: &Action, params: &Params, profile: Option<&str>) -> Result<(), CallError> {
        let Some(confirm) = &self.world.confirm else { return Ok(()) };
        let effects = self.effects_of(action);
        if effects.is_empty() {
            return Ok(());
        }
        let Some(profile) = self.production(profile)? else { return Ok(()) };
        let shown = Shown::new(action, params, &self.world.redactor);
        let params = serde_json::to_value(shown).expect("parameters have no odd keys");
        let question = Question { profile, action: action.full_name.to_string(), effects, params };
        confirm
            .confirm(&question)
            .await
            .map_err(|reason| CallError::Forbidden(format!("{} is a production profile, and {reason}", question.profile)))
    }

    /// Of an Action that the catalogue lacks nobody knows what it does.
    fn effects_of(&self, action: &Action) -> Vec<&'static str> {
        let marked = [("destroys", action.destroys), ("costs", action.costs)];
        let effects: Vec<_> = marked.into_iter().filter(|(_, is_so)| *is_so).map(|(effect, _)| effect).collect();
        if effects.is_empty() && !action.read_only && self.world.catalog.action(&action.full_name).is_err() {
            return vec!["does what the catalogue does not know"];
        }
        effects
    }

    /// The profile of a call, if it is marked as production.
    fn production(&self, profile: Option<&str>) -> Result<Option<String>, CallError> {
        let name = match profile {
            Some(name) => name.to_owned(),
            None => self.world.profiles.current()?.value,
        };
        Ok(self.world.profiles.production(&name)?.map(|_| name))
    }
}
