//! When a call is refused, and in which words: read-only runs and profiles; and what a person is
//! asked in production.

use super::verdict::{Ruling, Verdict};
use crate::config::Account;
use cumulua_core::catalog::Action;

/// A call of an Action in an account.
#[derive(Debug, Clone, Copy)]
pub struct CallSubject<'a> {
    /// The Action.
    pub action: &'a Action,
    /// The account.
    pub account: &'a Account,
    /// `--read-only`.
    pub is_read_only_run: bool,
    /// Whether there is a person to ask.
    pub has_person: bool,
}

impl CallSubject<'_> {
    /// What carrying it out can do, as `destroys` or `costs`. What an Action that the catalogue
    /// lacks does is not known.
    pub fn effects(&self) -> Vec<&'static str> {
        let action = self.action;
        let marked = [("destroys", action.destroys), ("costs", action.costs)];
        let effects: Vec<_> = marked
            .into_iter()
            .filter(|(_, is_so)| *is_so)
            .map(|(effect, _)| effect)
            .collect();
        if effects.is_empty() && !action.read_only && !action.is_catalogued() {
            return vec!["does what the catalogue does not know"];
        }
        effects
    }
}

/// Whether it may be made.
pub(super) fn judge(subject: &CallSubject<'_>) -> Verdict {
    let CallSubject {
        action,
        account,
        is_read_only_run,
        has_person,
    } = *subject;
    if is_read_only_run && !action.read_only {
        return Verdict::deny(format!(
            "{} changes things and this run is read-only",
            action.full_name
        ));
    }
    if let Some(setting) = account
        .read_only
        .as_ref()
        .filter(|setting| setting.value && !action.read_only)
    {
        let (name, profile, origin) = (&action.full_name, &account.profile, &setting.origin);
        return Verdict::deny(format!(
            "{name} changes things and the profile {profile} is read-only ({origin})"
        ));
    }
    if has_person && account.production.is_some() && !subject.effects().is_empty() {
        return Verdict {
            effect: Ruling::Ask,
            because: format!("{} is a production profile", account.profile),
        };
    }
    Verdict::allow()
}
