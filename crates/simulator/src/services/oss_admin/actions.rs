//! What the Actions do.

use super::state::{Account, OSS_ADMIN, Status};
use crate::cloud::call::{Call, Handler};
use crate::cloud::refusal::Refusal;
use serde_json::{Value as Json, json};

pub(super) const ACTIONS: &[(&str, Handler)] = &[
    ("CreateOssInstance", create),
    ("StopOssInstance", |call| switch(call, Status::Disabled)),
    ("RestartOssInstance", |call| switch(call, Status::Ok)),
    ("ReleaseOssInstance", release),
];

/// When a service ends that is not released before; the document gives no such time.
const NEVER: &str = "2099-12-31 23:59:59";

fn create(call: &mut Call) -> Result<Json, Refusal> {
    let id = call.owner("ownerId")?;
    if call.cloud[OSS_ADMIN].accounts.contains(&id) {
        return Err(Refusal::new(
            "ORDER.OPEND",
            format!("The account {id} has opened OSS already"),
        ));
    }
    let opened = call.cloud.now();
    call.cloud[OSS_ADMIN].accounts.insert(Account {
        id: id.clone(),
        status: Status::Ok,
        opened,
    });
    Ok(json!({
        "aliUid": id,
        "instanceId": id,
        "instacneStatus": "enabled",
        "instanceName": id,
        "startTime": opened.strftime("%Y-%m-%d %H:%M:%S").to_string(),
        "endTime": NEVER,
    }))
}

/// Sets the state, whatever it was: the document refuses nothing here, and a lost call can be
/// repeated.
fn switch(call: &mut Call, to: Status) -> Result<Json, Refusal> {
    let id = call.owner("ownerId")?;
    let account = call.cloud[OSS_ADMIN].accounts.get_mut(&id);
    account.ok_or_else(|| not_open(&id))?.status = to;
    Ok(json!({}))
}

fn release(call: &mut Call) -> Result<Json, Refusal> {
    let id = call.owner("ownerId")?;
    call.cloud[OSS_ADMIN]
        .accounts
        .remove(&id)
        .ok_or_else(|| not_open(&id))?;
    Ok(json!({}))
}

fn not_open(id: &str) -> Refusal {
    Refusal::new("Forbidden", format!("OSS is not open for the account {id}"))
}
