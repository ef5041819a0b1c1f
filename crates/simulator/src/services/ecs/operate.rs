//! Deleting and renaming servers, and new passwords for them.

use super::answers::started;
use super::arguments::{filled, ids};
use super::state::ECS;
use super::{Effect, work};
use crate::cloud::call::{Call, Handler};
use crate::cloud::refusal::Refusal;
use crate::cloud::task::Plan;
use serde_json::{Value as Json, json};

pub(super) const ACTIONS: &[(&str, Handler)] = &[
    ("DeleteInstance", delete),
    ("ModifyInstancePassword", set_password),
    ("ModifyInstanceName", rename),
];

fn delete(call: &mut Call) -> Result<Json, Refusal> {
    let servers = call.batch(&ids(call, "EcsIds")?)?;
    let mut held = servers.clone();
    for id in &servers {
        for disk in call.cloud.ebs_disks_of(id) {
            if call.cloud.tasks.holder(&disk.id).is_some() {
                let message = format!(
                    "The disk {} of the server {id} has the state {}",
                    disk.id,
                    call.cloud.ebs_disk_status(disk)
                );
                return Err(Refusal::new("InvalidOperation", message));
            }
            held.push(disk.id.clone());
        }
    }
    let plan = Plan::holding(work::DELETE, held)
        .making(servers.clone())
        .then(Effect::Delete { servers });
    Ok(started(&call.cloud.start(plan)))
}

/// Nothing shows a password, so the event is all that there is of it.
fn set_password(call: &mut Call) -> Result<Json, Refusal> {
    filled(call, "Password")?;
    let servers = call.batch(&ids(call, "EcsIds")?)?;
    Ok(started(
        &call.cloud.start(Plan::holding(work::PASSWORD, servers)),
    ))
}

fn rename(call: &mut Call) -> Result<Json, Refusal> {
    let (id, name) = (filled(call, "EcsId")?, filled(call, "Name")?);
    call.cloud.ecs_server(id)?;
    if let Some(server) = call.cloud[ECS].servers.get_mut(id) {
        name.clone_into(&mut server.name);
    }
    Ok(json!({"Data": {"EcsId": id, "Name": name}}))
}
