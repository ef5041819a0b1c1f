//! What is done to servers that are there.

use super::create::{acceptable_name, image, password};
use super::{Call, Handler, started};
use crate::simulator::instance::Power;
use crate::simulator::refusal::Refusal;
use crate::simulator::task::Work;
use crate::simulator::world::Plan;
use serde_json::{Value as Json, json};

pub(super) const ACTIONS: &[(&str, Handler)] = &[
    ("DeleteInstance", delete),
    ("StartInstance", |call| power(call, Power::Stopped, Power::Running)),
    ("StartInstances", |call| power(call, Power::Stopped, Power::Running)),
    ("StopInstance", |call| power(call, Power::Running, Power::Stopped)),
    ("StopInstances", |call| power(call, Power::Running, Power::Stopped)),
    ("RebootInstance", |call| power(call, Power::Running, Power::Running)),
    ("RebootInstances", |call| power(call, Power::Running, Power::Running)),
    ("ModifyInstanceChargeType", change_charge_type),
    ("ModifyInstanceSpec", resize),
    ("ModifyInstanceName", rename),
    ("ModifyInstanceAttribute", protect),
    ("ResetImage", reset_image),
    ("ResetInstancesPassword", reset_passwords),
    ("CreateInstanceHtmlConsoleURL", console),
];

fn delete(call: &mut Call) -> Result<Json, Refusal> {
    let ids = call.idle_instances(&call.params.texts("InstanceIds"))?;
    for id in &ids {
        if call.world.instance(id)?.is_protected {
            return Err(Refusal::new("InvalidOperation.DeletionProtection", format!("The server {id} is protected from deletion")));
        }
    }
    let plan = Plan::holding(Work::DELETE, ids.clone()).showing("deleting");
    Ok(started(call.world.start(plan, move |world| world.remove_instances(&ids))))
}

/// Brings servers from one state of power to another; one that is in another state refuses the whole call.
fn power(call: &mut Call, from: Power, to: Power) -> Result<Json, Refusal> {
    let one = call.params.text("InstanceId").into_iter();
    let ids: Vec<_> = one.chain(call.params.parts("InstanceIds")).collect();
    let ids = call.idle_instances(&ids)?;
    for id in &ids {
        in_power(call, id, from)?;
    }
    let task = call.world.start(Plan::holding(Work::POWER, ids.clone()), move |world| {
        for id in &ids {
            world.change(id, |instance| instance.power = to);
        }
    });
    Ok(started(task))
}

/// Refuses a server that is busy or in another state of power.
fn in_power(call: &mut Call, id: &str, power: Power) -> Result<(), Refusal> {
    let instance = call.world.idle(id)?;
    if instance.power == power {
        return Ok(());
    }
    Err(Refusal::new("IncorrectInstanceStatus", format!("The server {id} is {}", instance.status())))
}

fn change_charge_type(call: &mut Call) -> Result<Json, Refusal> {
    let (id, to) = (call.params.required("InstanceId").to_owned(), call.params.required("InstanceChargeType").to_owned());
    if call.world.idle(&id)?.charge_type == to {
        return Err(Refusal::new("IncorrectInstanceStatus", format!("The server {id} is {to} already")));
    }
    let plan = Plan::holding(Work::UPDATE, vec![id.clone()]);
    Ok(started(call.world.start(plan, move |world| world.change(&id, |instance| instance.charge_type = to))))
}

fn resize(call: &mut Call) -> Result<Json, Refusal> {
    let params = call.params;
    let (cpu, ram, kind) = (params.count("Cpu"), params.count("Ram"), params.text("InstanceType").map(str::to_owned));
    if cpu.is_none() && ram.is_none() && kind.is_none() {
        return Err(call.missing("Cpu, Ram or InstanceType"));
    }
    if let Some(kind) = &kind {
        let unsold = || Refusal::new("InvalidInstanceType.ValueUnauthorized", format!("There is no instance type {kind}"));
        call.in_table("InstanceType", kind, unsold)?;
    }
    let id = params.required("InstanceId").to_owned();
    in_power(call, &id, Power::Stopped)?;
    let task = call.world.start(Plan::holding(Work::UPDATE, vec![id.clone()]), move |world| {
        world.change(&id, |instance| {
            instance.cpu = cpu.unwrap_or(instance.cpu);
            instance.ram = ram.unwrap_or(instance.ram);
            instance.kind = kind.unwrap_or_else(|| instance.kind.clone());
        });
    });
    Ok(started(task))
}

fn rename(call: &mut Call) -> Result<Json, Refusal> {
    let name = acceptable_name(call)?.to_owned();
    call.world.idle(call.params.required("InstanceId"))?.name = name;
    Ok(super::done_at_once())
}

fn protect(call: &mut Call) -> Result<Json, Refusal> {
    let is_protected = call.params.flag("DeletionProtection") == Some(true);
    for id in call.idle_instances(&call.params.texts("InstanceIds"))? {
        call.world.change(&id, |instance| instance.is_protected = is_protected);
    }
    Ok(json!({"Data": {}}))
}

fn reset_image(call: &mut Call) -> Result<Json, Refusal> {
    password(call, "Password")?;
    let id = call.params.required("InstanceId").to_owned();
    call.world.idle(&id)?;
    let (image, size) = image(call, call.params.required("ImageId"))?;
    let task = call.world.start(Plan::holding(Work::REINSTALL, vec![id.clone()]), move |world| {
        world.change(&id, |instance| {
            instance.image = image;
            instance.system.size = instance.system.size.max(size);
            instance.power = Power::Running;
        });
    });
    Ok(started(task))
}

/// One task a server; the task ids are integers here, as in the document's example.
fn reset_passwords(call: &mut Call) -> Result<Json, Refusal> {
    password(call, "Password")?;
    let ids = call.idle_instances(&call.params.parts("InstanceIds"))?;
    let start = |id: String| {
        let task = call.world.start(Plan::holding(Work::PASSWORD, vec![id.clone()]), |_| {});
        json!({"InstanceId": id, "TaskId": task})
    };
    Ok(json!({"Data": ids.into_iter().map(start).collect::<Vec<_>>()}))
}

fn console(call: &mut Call) -> Result<Json, Refusal> {
    let instance = call.world.instance(call.params.required("InstanceId"))?;
    let (id, system) = (instance.id.clone(), instance.image.split('_').next().unwrap_or_default().to_lowercase());
    let token = call.world.ids.uuid();
    let url = format!("https://console.capitalonline.net/web_console/{token}?os_type={system}&instance={id}&info={token}");
    Ok(json!({"Data": {"URL": url}, "TaskId": ""}))
}
