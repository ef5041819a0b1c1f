//! The service `/billing` of Capital Online, with the two small ones beside it: account subjects and metering.

mod account;
mod bill;
mod credit;
pub(crate) mod metering;
mod period;
mod record;
pub(crate) mod subject;
mod summary;
#[cfg(test)]
mod tests;
mod usage;

pub(crate) use credit::Credit;
pub(crate) use metering::Pool;
pub(crate) use usage::{Use, index};

use crate::cloud::call::{self, Call, Handler};
use crate::cloud::store::Store;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What the account has here, beside its wallet.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct State {
    /// Trial credits, which are also called test accounts.
    pub(crate) credits: Vec<Credit>,
    /// What is used on demand now, by resource.
    pub(crate) uses: Store<Use>,
    /// What was used on demand, and is paid.
    pub(crate) past_uses: Vec<Use>,
    /// Pools of cold storage.
    pub(crate) pools: Store<Pool>,
    /// What the uses cost together, by the credit that pays; it follows from them.
    #[serde(skip)]
    totals: BTreeMap<Option<u64>, usage::Total>,
}

impl Default for State {
    /// The credits and pools of the documents' examples.
    fn default() -> Self {
        Self {
            credits: credit::ready(),
            uses: Store::default(),
            past_uses: Vec::new(),
            pools: metering::ready().into_iter().collect(),
            totals: BTreeMap::new(),
        }
    }
}

/// What carries an Action out, by the Action's name.
pub(crate) fn handler(action: &str) -> Option<Handler> {
    call::find(&[account::ACTIONS, bill::ACTIONS, summary::ACTIONS], action)
}

/// Times as the document's answers write them.
fn written(time: Timestamp) -> String {
    time.strftime("%Y-%m-%d %H:%M:%S").to_string()
}
