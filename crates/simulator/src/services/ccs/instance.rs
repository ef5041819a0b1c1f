//! What is done to servers that are there.

use super::answers::started;
use super::create::{acceptable_name, instance_type, password};
use super::image::Image;
use super::payment::{self, PREPAID};
use super::state::{Paid, Power};
use super::{Effect, work};
use crate::cloud::call::{Call, Handler};
use crate::cloud::money::Money;
use crate::cloud::refusal::Refusal;
use crate::cloud::task::Plan;
use crate::services::vdc::VDC;
use serde_json::{Value as Json, json};

pub(super) const ACTIONS: &[(&str, Handler)] = &[
    ("DeleteInstance", delete),
    ("StartInstance", |call| {
        power(call, Power::Stopped, Power::Running)
    }),
    ("StartInstances", |call| {
        power(call, Power::Stopped, Power::Running)
    }),
    ("StopInstance", |call| {
        power(call, Power::Running, Power::Stopped)
    }),
    ("StopInstances", |call| {
        power(call, Power::Running, Power::Stopped)
    }),
    ("RebootInstance", |call| {
        power(call, Power::Running, Power::Running)
    }),
    ("RebootInstances", |call| {
        power(call, Power::Running, Power::Running)
    }),
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
        if call.cloud.instance(id)?.is_protected {
            return Err(Refusal::new(
                "InvalidOperation.DeletionProtection",
                format!("The server {id} is protected from deletion"),
            ));
        }
    }
    let plan = Plan::holding(work::DELETE, ids.clone())
        .showing("deleting")
        .then(Effect::RemoveInstances { instances: ids });
    Ok(started(&call.cloud.start(plan)))
}

/// Brings servers from one state of power to another; one that is in another state refuses the
/// whole call.
fn power(call: &mut Call, from: Power, to: Power) -> Result<Json, Refusal> {
    let one = call.params.text("InstanceId").into_iter();
    let ids: Vec<_> = one.chain(call.params.parts("InstanceIds")).collect();
    let ids = call.idle_instances(&ids)?;
    for id in &ids {
        in_power(call, id, from)?;
        call.cloud.paid_instance(id)?;
    }
    // A server that is switched off hard is not asked to shut down.
    let work = if call.params.text("StopType") == Some("HARD") {
        work::HARD_STOP
    } else {
        work::POWER
    };
    let plan = Plan::holding(work, ids.clone()).then(Effect::SetPower { instances: ids, to });
    Ok(started(&call.cloud.start(plan)))
}

/// Refuses a server that is busy or in another state of power.
fn in_power(call: &Call, id: &str, power: Power) -> Result<(), Refusal> {
    let instance = call.cloud.idle_instance(id)?;
    if instance.power == power {
        return Ok(());
    }
    let status = call.cloud.instance_status(instance);
    Err(Refusal::new(
        "IncorrectInstanceStatus",
        format!("The server {id} is {status}"),
    ))
}

fn change_charge_type(call: &mut Call) -> Result<Json, Refusal> {
    let (id, to) = (
        call.params.required("InstanceId").to_owned(),
        call.params.required("InstanceChargeType").to_owned(),
    );
    let (now, instance) = (call.cloud.now(), call.cloud.idle_instance(&id)?);
    if instance.charge_type == to && !instance.has_lapsed(now) {
        return Err(Refusal::new(
            "IncorrectInstanceStatus",
            format!("The server {id} is {to} already"),
        ));
    }
    let (mut paid, mut price) = (None, Money::ZERO);
    if to == PREPAID {
        let (term, month_price) = (payment::term_from_now(call.params), instance.month_price());
        price = term.price(now, month_price);
        if !call.cloud.affords(price, None) {
            return Err(Refusal::new(
                "NotEnoughBalance",
                "The account's balance does not cover the term",
            ));
        }
        let bought = Paid::of(call.params, term, now, month_price);
        paid = Some(bought.ok_or_else(|| call.malformed("PrepaidMonth", "it is too large"))?);
    }
    let charge = call.cloud.pay(
        "cds.ccs",
        "ModifyInstanceChargeType",
        vec![id.clone()],
        price,
    );
    let plan = Plan::holding(work::UPDATE, vec![id.clone()])
        .then(Effect::ChangeChargeType {
            instance: id,
            to,
            paid,
        })
        .or_else(Effect::CancelOrder {
            instances: Vec::new(),
            charge,
        });
    Ok(started(&call.cloud.start(plan)))
}

fn resize(call: &mut Call) -> Result<Json, Refusal> {
    let params = call.params;
    let (cpu, ram, kind) = (
        params.count("Cpu"),
        params.count("Ram"),
        params.text("InstanceType").map(str::to_owned),
    );
    if cpu.is_none() && ram.is_none() && kind.is_none() {
        return Err(call.missing("Cpu, Ram or InstanceType"));
    }
    if kind.is_some() {
        instance_type(call)?;
    }
    let id = params.required("InstanceId").to_owned();
    in_power(call, &id, Power::Stopped)?;
    let plan = Plan::holding(work::UPDATE, vec![id.clone()]).then(Effect::Resize {
        instance: id,
        cpu,
        ram,
        kind,
    });
    Ok(started(&call.cloud.start(plan)))
}

fn rename(call: &mut Call) -> Result<Json, Refusal> {
    let name = acceptable_name(call)?.to_owned();
    let id = call
        .cloud
        .idle_instance(call.params.required("InstanceId"))?
        .id
        .clone();
    call.cloud
        .change_instance(&id, |instance| instance.name = name);
    Ok(super::answers::done_at_once())
}

fn protect(call: &mut Call) -> Result<Json, Refusal> {
    let is_protected = call.params.flag("DeletionProtection") == Some(true);
    for id in call.idle_instances(&call.params.texts("InstanceIds"))? {
        call.cloud
            .change_instance(&id, |instance| instance.is_protected = is_protected);
    }
    Ok(json!({"Data": {}}))
}

fn reset_image(call: &mut Call) -> Result<Json, Refusal> {
    password(call, "Password")?;
    let id = call.params.required("InstanceId").to_owned();
    let vdc = &call.cloud.idle_instance(&id)?.vdc_id;
    let zone = call.cloud[VDC].vdcs.get(vdc).map_or("", |vdc| &vdc.region);
    call.cloud.paid_instance(&id)?;
    let image = Image::to_install(call, call.params.required("ImageId"), zone)?;
    let is_activated = image.is_activated_by(call.params.text("ProductId"));
    let effect = Effect::Reinstall {
        instance: id.clone(),
        image: image.name,
        size: image.size,
        is_activated,
    };
    let plan = Plan::holding(work::REINSTALL, vec![id]).then(effect);
    Ok(started(&call.cloud.start(plan)))
}

/// One task a server; the task ids are integers here, as in the document's example.
fn reset_passwords(call: &mut Call) -> Result<Json, Refusal> {
    password(call, "Password")?;
    let ids = call.idle_instances(&call.params.parts("InstanceIds"))?;
    let start = |id: String| {
        let task = call
            .cloud
            .start(Plan::holding(work::PASSWORD, vec![id.clone()]));
        json!({"InstanceId": id, "TaskId": task.parse::<u64>().ok()})
    };
    Ok(json!({"Data": ids.into_iter().map(start).collect::<Vec<_>>()}))
}

fn console(call: &mut Call) -> Result<Json, Refusal> {
    let instance = call.cloud.instance(call.params.required("InstanceId"))?;
    let (id, system) = (
        instance.id.clone(),
        instance
            .image
            .split('_')
            .next()
            .unwrap_or_default()
            .to_lowercase(),
    );
    let token = call.cloud.ids.uuid();
    let url = format!(
        "https://console.capitalonline.net/web_console/{token}?os_type={system}&instance={id}&info={token}"
    );
    Ok(json!({"Data": {"URL": url}, "TaskId": ""}))
}
