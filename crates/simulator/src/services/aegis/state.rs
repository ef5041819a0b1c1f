//! What the account has here.

use crate::cloud::service_states::StateKey;
use crate::cloud::store::Store;
use crate::services::aliyun::Subscription;
use serde::{Deserialize, Serialize};

/// Where the state is kept.
pub(crate) const AEGIS: StateKey<State> = StateKey::new("aegis");

/// What the account has here.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct State {
    /// One of an owner at most.
    pub(crate) instances: Store<Subscription>,
}
