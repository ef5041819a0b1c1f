//! Alibaba's Server Guard (Aegis).

use super::call::Handler;
use super::world::World;
use serde::{Deserialize, Serialize};

/// What the account has here.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct State {}

/// What the end of a task does here.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Effect {}

impl Effect {
    /// Does it.
    pub(crate) fn apply(self, _world: &mut World) {
        match self {}
    }
}

/// What carries an Action out, by the Action's name.
pub(crate) fn handler(_action: &str) -> Option<Handler> {
    None
}
