//! What is done to desktops that are there.

use super::answers::done;
use super::arguments::{UNKNOWN, filled, ids};
use super::offerings::installable;
use super::request_content::content;
use super::state::{DESKTOP, Power};
use super::{Effect, work};
use crate::cloud::call::{Call, Handler};
use crate::cloud::refusal::Refusal;
use crate::cloud::task::{Plan, TaskFault};
use serde_json::{Value as Json, json};

pub(super) const ACTIONS: &[(&str, Handler)] = &[
    ("OperateVm", power),
    ("OffAndUnbind", off_and_unbind),
    ("RebuildVm", rebuild),
    ("DeleteVm", delete),
    ("ChangeVmName", rename),
    ("UpdateVmLabels", label),
    ("ConfigNet", configure),
];

const OPERATION_FAILED: &str = "13002";

/// A desktop in the wrong state refuses the call. One that is not there makes the task fail, after
/// the others were operated: the document's example of `QueryTask` is such a task.
fn power(call: &mut Call) -> Result<Json, Refusal> {
    filled(call, "requestId")?;
    let (from, to, shows, verb) = match call.params.required("action") {
        "on" => (Power::Off, Power::On, "starting", "power on"),
        "off" => (Power::On, Power::Off, "stoping", "power off"),
        _ => (Power::On, Power::On, "rebooting", "reboot"),
    };
    let ids = ids(call, "vmIds")?;
    let is_known = |id: &&&str| call.cloud[DESKTOP].desktops.contains(id);
    let known: Vec<String> = ids
        .iter()
        .filter(is_known)
        .map(|id| (*id).to_owned())
        .collect();
    let lost = ids
        .iter()
        .find(|id| !is_known(id))
        .map(|id| format!("subtask {verb} desktop {id} failed: no such desktop"));
    for id in &known {
        let desktop = call.cloud.idle_desktop(id, OPERATION_FAILED)?;
        if desktop.power != from || desktop.has_lapsed(call.cloud.now()) {
            let status = call.cloud.desktop_status(desktop);
            return Err(Refusal::new(
                OPERATION_FAILED,
                format!("The desktop {id} is {status}"),
            ));
        }
    }
    let effect = Effect::SetPower {
        desktops: known.clone(),
        to,
    };
    let plan = Plan::holding(work::POWER, known).showing(shows);
    let told = call.cloud.task_fault.clone();
    let plan = match lost.filter(|_| told.is_none()) {
        None => plan.then(effect),
        Some(reason) => {
            call.cloud.task_fault = Some(TaskFault::Fails(reason));
            plan.or_else(effect)
        }
    };
    let answer = started_for_all(call, plan, &ids);
    call.cloud.task_fault = told;
    Ok(answer)
}

/// Desktops that are on or off already, with users or without. One that is not there refuses the
/// call.
fn off_and_unbind(call: &mut Call) -> Result<Json, Refusal> {
    filled(call, "requestId")?;
    let ids = ids(call, "vmIds")?;
    for id in &ids {
        call.cloud.idle_desktop(id, OPERATION_FAILED)?;
    }
    let desktops: Vec<String> = ids.iter().map(|id| (*id).to_owned()).collect();
    let plan = Plan::holding(work::POWER, desktops.clone()).showing("stoping");
    let plan = plan.then(Effect::OffAndUnbind { desktops });
    Ok(started_for_all(call, plan, &ids))
}

fn rebuild(call: &mut Call) -> Result<Json, Refusal> {
    let request = filled(call, "requestId")?;
    let desktop = call.cloud.a_desktop(filled(call, "vmId")?, UNKNOWN)?;
    let status = call.cloud.desktop_status(desktop);
    if status != "stop" {
        return Err(Refusal::new(
            "13004",
            format!(
                "The desktop {} is {status}, and only one that is off is reinstalled",
                desktop.id
            ),
        ));
    }
    let id = desktop.id.clone();
    let image = installable(call, &desktop.product, &desktop.site)?
        .id
        .clone();
    let plan = Plan::holding(work::REBUILD, vec![id.clone()])
        .showing("configuring")
        .asked_with(request);
    let task = call.cloud.start(plan.then(Effect::Reinstall {
        desktop: id.clone(),
        image,
    }));
    // The document's example of this Action shows no more.
    let content = format!("vmId={id}");
    Ok(
        json!({"Data": {"requestContent": content, "requestId": request, "taskId": task, "vmId": id}}),
    )
}

fn delete(call: &mut Call) -> Result<Json, Refusal> {
    let (request, id) = (filled(call, "requestId")?, filled(call, "vmId")?);
    call.cloud.a_desktop(id, UNKNOWN)?;
    call.cloud.idle_desktop(id, OPERATION_FAILED)?;
    let plan = Plan::holding(work::DELETE, vec![id.to_owned()])
        .showing("deleteing")
        .asked_with(request);
    let task = call.cloud.start(plan.then(Effect::Remove {
        desktop: id.to_owned(),
    }));
    let content = content(call, &json!({"funVmParam": {"instanceIds": [id]}}));
    Ok(
        json!({"Data": {"requestContent": content, "requestId": request, "taskId": task, "vmId": id}}),
    )
}

fn rename(call: &mut Call) -> Result<Json, Refusal> {
    filled(call, "requestId")?;
    let (id, name) = (filled(call, "vmId")?, filled(call, "name")?);
    call.cloud.a_desktop(id, UNKNOWN)?;
    call.cloud
        .change_desktop(id, |desktop| name.clone_into(&mut desktop.name));
    Ok(done())
}

fn label(call: &mut Call) -> Result<Json, Refusal> {
    filled(call, "requestId")?;
    let (ids, label) = (ids(call, "vmIds")?, call.params.required("label"));
    for id in &ids {
        call.cloud.a_desktop(id, "13015")?;
    }
    for id in &ids {
        call.cloud
            .change_desktop(id, |desktop| label.clone_into(&mut desktop.label));
    }
    Ok(done())
}

/// What it configures is not documented: the desktops are busy meanwhile and then as they were.
fn configure(call: &mut Call) -> Result<Json, Refusal> {
    filled(call, "requestId")?;
    let ids = ids(call, "vmIds")?;
    for id in &ids {
        call.cloud.idle_desktop(id, OPERATION_FAILED)?;
    }
    let held = ids.iter().map(|id| (*id).to_owned()).collect();
    let plan = Plan::holding(work::CONFIGURE, held).showing("configuring");
    Ok(started_for_all(call, plan, &ids))
}

fn started_for_all(call: &mut Call, plan: Plan, ids: &[&str]) -> Json {
    let request = call.params.required("requestId");
    let task = call.cloud.start(plan.asked_with(request));
    let content = content(call, &json!({"funVmParam": {"instanceIds": ids}}));
    json!({"Data": {"requestContent": content, "requestId": request, "taskId": task, "vmIds": ids}})
}
