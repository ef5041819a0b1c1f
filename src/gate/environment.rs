//! The environment: variables, and secrets that a profile or a variable holds.

use super::admit::allow;
use super::base::Gate;
use super::cancel::StopReason;
use super::denied::Denied;
use super::effect::{Effect, Open};
use crate::config::{ConfigError, variable_of};
use crate::effect_id::EffectId;
use crate::policy::{HeldSecret, Subject, VariableSubject};
use cumulua_core::secret::{LONGEST_SECRET, Redactor, Secret};
use std::collections::BTreeSet;
use std::sync::PoisonError;

/// Why a variable is not given.
#[derive(Debug)]
pub enum VariableError {
    /// It must not be.
    Denied(Denied),
    /// The run was ended.
    Stopped(StopReason),
}

struct Variable<'a>(&'a str);

impl Effect for Variable<'_> {
    type Outcome = Result<Option<String>, VariableError>;

    async fn perform(&self, open: &Open<'_>) -> Self::Outcome {
        open.gate
            .allow_variable(self.0, false)
            .map_err(VariableError::Denied)?;
        Ok(std::env::var(self.0).ok())
    }

    fn stopped(&self, _: &Open<'_>, stop: StopReason) -> Self::Outcome {
        Err(VariableError::Stopped(stop))
    }
}

impl Gate {
    /// A variable of the environment; none where it is not set. One that holds a secret is refused.
    pub fn variable(&self, name: &str, id: &EffectId) -> Result<Option<String>, VariableError> {
        self.through_now(Variable(name), id)
    }

    /// The variables of this process that hold secrets, which what a script starts must not have.
    pub(super) fn secret_variables(&self) -> Vec<String> {
        let catalog = &self.parts.catalog;
        let of_products: BTreeSet<String> = catalog
            .products()
            .iter()
            .filter_map(|product| catalog.product(product).ok())
            .flat_map(|product| {
                let variables = &product.credentials;
                let token = variables.security_token.clone();
                [Some(variables.secret_key.clone()), token]
            })
            .flatten()
            .collect();
        std::env::vars_os()
            .filter_map(|(name, _)| name.into_string().ok())
            .filter(|name| of_products.contains(name) || self.is_secret_variable(name))
            .collect()
    }

    /// Reads `secret "name"` as the profile defines.
    pub fn secret(&self, name: &str) -> Result<Secret, Denied> {
        let read = self.parts.profiles.secret(name);
        let (secret, variable) = read.map_err(|error| self.without_folded_secrets(error))?;
        if let Some(variable) = &variable {
            self.allow_variable(variable, true)?;
        }
        self.learn_secret(&format!("the secret {name}"), &secret)?;
        self.secret_variables
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .extend(variable);
        Ok(secret)
    }

    /// An error without the name of a variable that was made of a text with a secret in it.
    fn without_folded_secrets(&self, error: ConfigError) -> ConfigError {
        let redactor = &self.parts.redactor;
        error.with_hint_where(|variable| !redactor.is_in_folded(variable, variable_of))
    }

    /// Lets a secret be found wherever it would be shown, where it is not too long for that; `title`
    /// is what it is called.
    pub fn learn_secret(&self, title: &str, secret: &Secret) -> Result<(), Denied> {
        if self.parts.redactor.is_too_much(secret.expose()) {
            return Err(Denied::Policy(format!(
                "{title} has {} bytes; up to {LONGEST_SECRET}, and {} together in one run, can be kept out of texts",
                secret.expose().len(),
                self.parts.redactor.most()
            )));
        }
        self.parts.redactor.learn(secret.expose());
        if !Redactor::can_find(secret.expose()) {
            self.warn_of_short_secret(title);
        }
        Ok(())
    }

    fn allow_variable(&self, name: &str, stays_closed: bool) -> Result<(), Denied> {
        let product = self.product_signed_with(name);
        let holds = match &product {
            Some(title) => Some(HeldSecret::OfProduct(title)),
            None => self
                .is_secret_variable(name)
                .then_some(HeldSecret::OfScript),
        };
        allow(&Subject::Variable(VariableSubject {
            name,
            holds,
            stays_closed,
        }))
        .map_err(Denied::Policy)
    }

    /// The title of the product whose calls are signed with what this variable holds.
    fn product_signed_with(&self, name: &str) -> Option<String> {
        let catalog = &self.parts.catalog;
        catalog
            .products()
            .iter()
            .filter_map(|product| catalog.product(product).ok())
            .find_map(|product| {
                let variables = &product.credentials;
                let is_its = name == variables.secret_key
                    || variables.security_token.as_deref() == Some(name);
                is_its.then(|| product.title.clone())
            })
    }

    fn is_secret_variable(&self, name: &str) -> bool {
        let known = self
            .secret_variables
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        known.contains(name) || self.parts.profiles.is_secret_variable(name)
    }
}
