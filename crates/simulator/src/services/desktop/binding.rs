//! Who uses which desktop.

use super::answers::done;
use super::arguments::{filled, ids};
use super::state::{DESKTOP, Desktop, Power};
use crate::cloud::call::{Call, Handler};
use crate::cloud::refusal::Refusal;
use serde_json::{Value as Json, json};

pub(super) const ACTIONS: &[(&str, Handler)] = &[
    ("ChangeAccount", change),
    ("BindAccounts", bind),
    ("UnbindAccounts", unbind),
];

/// The sub-account that `accountId` names, created and in order.
fn account(call: &Call, code: &'static str) -> Result<String, Refusal> {
    let id = filled(call, "accountId")?;
    let account = call.cloud[DESKTOP].accounts.get(id);
    let account =
        account.ok_or_else(|| Refusal::new(code, format!("There is no sub-account {id:?}")))?;
    if account.has_failed || call.cloud.tasks.state_of(id).is_some() {
        return Err(Refusal::new(
            code,
            format!("The sub-account {id} is not created"),
        ));
    }
    Ok(account.id.clone())
}

/// A desktop without a user may be on or off, one with a user has to be off.
fn change(call: &mut Call) -> Result<Json, Refusal> {
    const CODE: &str = "13011";
    filled(call, "requestId")?;
    let account = account(call, CODE)?;
    let desktop = call.cloud.idle_desktop(filled(call, "vmId")?, CODE)?;
    if desktop.account.is_some() && desktop.power == Power::On {
        return Err(Refusal::new(
            CODE,
            format!("The desktop {} has a user and is on", desktop.id),
        ));
    }
    let id = desktop.id.clone();
    call.cloud
        .change_desktop(&id, |desktop| desktop.account = Some(account));
    Ok(done())
}

fn bind(call: &mut Call) -> Result<Json, Refusal> {
    filled(call, "requestId")?;
    let account = account(call, "13013")?;
    let free = |desktop: &Desktop| match desktop.account {
        Some(_) => Err("the desktop has a user already"),
        None => Ok(()),
    };
    each(call, "13013", free, &|desktop| {
        desktop.account = Some(account.clone());
    })
}

fn unbind(call: &mut Call) -> Result<Json, Refusal> {
    filled(call, "requestId")?;
    let off = |desktop: &Desktop| match desktop.power {
        Power::On => Err("the desktop is on"),
        Power::Off => Ok(()),
    };
    each(call, "13012", off, &|desktop| desktop.account = None)
}

/// Changes each desktop that is there, idle and fit, and tells of the others; refuses where none
/// is.
fn each(
    call: &mut Call,
    code: &'static str,
    fits: impl Fn(&Desktop) -> Result<(), &'static str>,
    change: &dyn Fn(&mut Desktop),
) -> Result<Json, Refusal> {
    let (mut done, mut failed) = (Vec::new(), Vec::new());
    for id in ids(call, "vmIds")? {
        let fit = match call.cloud[DESKTOP].desktops.get(id) {
            None => Err("no such desktop"),
            Some(_) if call.cloud.tasks.state_of(id).is_some() => Err("the desktop is busy"),
            Some(desktop) => fits(desktop),
        };
        match fit {
            Ok(()) => done.push(id.to_owned()),
            Err(why) => failed.push((id, why)),
        }
    }
    if let (true, Some((id, why))) = (done.is_empty(), failed.first()) {
        return Err(Refusal::new(code, format!("{id}: {why}")));
    }
    for id in &done {
        call.cloud.change_desktop(id, change);
    }
    let failed: Vec<_> = failed
        .into_iter()
        .map(|(id, why)| json!({"vmId": id, "messsage": why}))
        .collect();
    Ok(json!({"Data": {"successNum": done.len(), "failedNum": failed.len(), "failedMsgs": failed}}))
}
