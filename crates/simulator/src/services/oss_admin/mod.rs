//! Opening, suspending and closing Alibaba's object storage for an account.

#[cfg(test)]
mod tests;

use crate::cloud::call::{self, Call, Handler};
use crate::cloud::refusal::Refusal;
use crate::cloud::store::{Keyed, Store};
use crate::cloud::world::World;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

const ACTIONS: &[(&str, Handler)] = &[
    ("CreateOssInstance", create),
    ("StopOssInstance", |call| switch(call, Status::Disabled)),
    ("RestartOssInstance", |call| switch(call, Status::Ok)),
    ("ReleaseOssInstance", release),
];

/// When a service ends that nobody ends before; the document does not say when it is.
const NEVER: &str = "2099-12-31 23:59:59";

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

impl Keyed for Account {
    fn key(&self) -> &str {
        &self.id
    }
}

/// Whether an account's data can be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Status {
    Ok,
    Disabled,
}

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
pub(crate) fn handler(action: &str) -> Option<Handler> {
    call::find(&[ACTIONS], action)
}

fn create(call: &mut Call) -> Result<Json, Refusal> {
    let id = call.owner("ownerId")?;
    if call.world.oss_admin.accounts.contains(&id) {
        return Err(Refusal::new("ORDER.OPEND", format!("The account {id} has opened OSS already")));
    }
    let opened = call.world.now();
    call.world.oss_admin.accounts.insert(Account { id: id.clone(), status: Status::Ok, opened });
    Ok(json!({
        "aliUid": id,
        "instanceId": id,
        "instacneStatus": "enabled",
        "instanceName": id,
        "startTime": opened.strftime("%Y-%m-%d %H:%M:%S").to_string(),
        "endTime": NEVER,
    }))
}

/// Sets the state, whatever it was: the document refuses nothing here, and a lost call can be repeated.
fn switch(call: &mut Call, to: Status) -> Result<Json, Refusal> {
    let id = call.owner("ownerId")?;
    let account = call.world.oss_admin.accounts.get_mut(&id);
    account.ok_or_else(|| not_open(&id))?.status = to;
    Ok(json!({}))
}

fn release(call: &mut Call) -> Result<Json, Refusal> {
    let id = call.owner("ownerId")?;
    call.world.oss_admin.accounts.remove(&id).ok_or_else(|| not_open(&id))?;
    Ok(json!({}))
}

fn not_open(id: &str) -> Refusal {
    Refusal::new("Forbidden", format!("OSS is not open for the account {id}"))
}
