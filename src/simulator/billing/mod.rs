//! The service `/billing` of Capital Online, with the two small ones beside it: account subjects and metering.

pub(crate) mod metering;
pub(crate) mod subject;

use super::call::Handler;
use serde::{Deserialize, Serialize};

/// What the account has here, beside its wallet.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct State {}

/// What carries an Action out, by the Action's name.
pub(crate) fn handler(_action: &str) -> Option<Handler> {
    None
}
