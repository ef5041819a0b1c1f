//! What the account has here.

use crate::cloud::service_states::StateKey;
use crate::cloud::store::{Store, keyed_by_id};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Where the state is kept.
pub(crate) const OSS_ADMIN: StateKey<State> = StateKey::new("oss_admin");

/// What the account has here.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct State {
    /// The accounts that the service is open for.
    pub(crate) accounts: Store<Account>,
}

/// An account that the service is open for.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Account {
    pub(crate) id: String,
    pub(crate) status: Status,
    pub(crate) opened: Timestamp,
}

/// Whether an account's data can be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Status {
    Ok,
    Disabled,
}

keyed_by_id!(Account);
