//! What is done to servers that are there.

use super::order::{image, layout};
use super::state::{ChargeType, Power};
use super::{Effect, work};
use crate::cloud::call::{Call, Handler};
use crate::cloud::refusal::Refusal;
use crate::cloud::task::Plan;
use serde_json::{Value as Json, json};

pub(super) const ACTIONS: &[(&str, Handler)] = &[
    ("OperateBmsPower", power),
    ("ReinstallBms", reinstall),
    ("DeleteBmsInstance", delete),
    ("DescribeBmsVNC", console),
    ("RenameBmsInstance", rename),
];

/// One task a server, in their order; a server that is in the wrong state refuses the whole call.
fn power(call: &mut Call) -> Result<Json, Refusal> {
    let (from, to, state) = match call.params.required("Operate") {
        "start" => (Power::Stopped, Power::Running, "starting"),
        "stop" => (Power::Running, Power::Stopped, "stopping"),
        _ => (Power::Running, Power::Running, "resetting"),
    };
    let mut ids: Vec<String> = Vec::new();
    for id in call.params.texts("BaremetalIds") {
        let server = call.cloud.idle_bare_metal(id, "InstanceError")?;
        let refuse = |why: &str| {
            Err(Refusal::new(
                "InstanceError",
                format!("The server {id} {why}"),
            ))
        };
        if server.power != from {
            return refuse(if from == Power::Running {
                "is powered off"
            } else {
                "is powered on"
            });
        }
        if server.has_lapsed(call.cloud.now()) {
            return refuse("is not paid any more");
        }
        if !ids.iter().any(|known| known == id) {
            ids.push(id.to_owned());
        }
    }
    let start = |id: &String| {
        let plan = Plan::holding(work::POWER, vec![id.clone()]).showing(state);
        call.cloud.start(plan.then(Effect::SetPower {
            server: id.clone(),
            to,
        }))
    };
    let tasks: Vec<_> = ids.iter().map(start).collect();
    Ok(json!({"Data": {"BaremetalIds": ids, "TaskIds": tasks}}))
}

fn reinstall(call: &mut Call) -> Result<Json, Refusal> {
    let id = call.params.required("BaremetalId").to_owned();
    if call.cloud.bare_metal(&id).is_none() {
        return Err(Refusal::new(
            "DataNotExists",
            format!("There is no bare-metal server {id:?}"),
        ));
    }
    let (image, layout) = (image(call)?, layout(call)?);
    if call
        .cloud
        .idle_bare_metal(&id, "RebuildFailed")?
        .has_lapsed(call.cloud.now())
    {
        return Err(Refusal::new(
            "RebuildFailed",
            format!("The server {id} is not paid any more"),
        ));
    }
    let plan = Plan::holding(work::REINSTALL, vec![id.clone()]).showing("rebuilding");
    let task = call.cloud.start(plan.then(Effect::Reinstall {
        server: id,
        image,
        layout,
    }));
    Ok(json!({"Data": {"TaskIds": [task]}}))
}

fn delete(call: &mut Call) -> Result<Json, Refusal> {
    let id = call.params.required("BaremetalId").to_owned();
    if call.cloud.bare_metal(&id).is_none() {
        return Err(Refusal::new(
            "InstanceNotFound",
            format!("There is no bare-metal server {id:?}"),
        ));
    }
    let server = call.cloud.idle_bare_metal(&id, "LogicError")?;
    if server.charge_type == ChargeType::Prepaid || server.power == Power::Running {
        let message = "Only servers that are paid on demand and powered off can be deleted";
        return Err(Refusal::new("LogicError", message));
    }
    let plan = Plan::holding(work::DELETE, vec![id.clone()]).showing("deleting");
    call.cloud.start(plan.then(Effect::Remove { server: id }));
    Ok(json!({"Data": {}}))
}

fn console(call: &mut Call) -> Result<Json, Refusal> {
    let id = call.params.required("BaremetalId");
    if call.cloud.bare_metal(id).is_none() {
        return Err(Refusal::new(
            "DataNotExists",
            format!("There is no bare-metal server {id:?}"),
        ));
    }
    let (user, token) = (call.cloud.ids.uuid(), call.cloud.ids.uuid());
    Ok(json!({"Data": {"Url": format!("http://114.112.35.22/vnc/?authId={user}&token={token}")}}))
}

fn rename(call: &mut Call) -> Result<Json, Refusal> {
    let id = call.params.required("BaremetalId").to_owned();
    let name = call.params.required("name").to_owned();
    if name.trim().is_empty() {
        let message = "The parameter name is empty";
        return Err(Refusal::new("ParameterIsEmpty", message));
    }
    if call.cloud.bare_metal(&id).is_none() {
        return Err(Refusal::new(
            "ParameterInvalid",
            format!("There is no bare-metal server {id:?}"),
        ));
    }
    call.cloud
        .change_bare_metal(&id, |server| server.name = name);
    Ok(json!({"Data": {}}))
}
