//! Desktops and tasks as they are asked about.

use super::answers::NEVER;
use super::arguments::{MALFORMED, UNKNOWN, filled};
use super::line::line;
use super::state::{DESKTOP, Desktop};
use crate::cloud::call::{Call, Handler};
use crate::cloud::format::format_time_with_offset;
use crate::cloud::refusal::Refusal;
use crate::cloud::task::{Dialect, Stage};
use jiff::SignedDuration;
use serde_json::{Value as Json, json};

pub(super) const ACTIONS: &[(&str, Handler)] = &[
    ("QueryVms", list),
    ("QueryVm", one),
    ("QueryExpireVms", expiring),
    ("QueryTask", task),
];

/// How soon a term ends that is told of.
const SOON: SignedDuration = SignedDuration::from_hours(7 * 24);

fn list(call: &mut Call) -> Result<Json, Refusal> {
    let wanted = |name: &str| call.params.text(name).filter(|text| !text.is_empty());
    let method = wanted("billMethod");
    if method.is_some_and(|method| !["0", "1"].contains(&method)) {
        return Err(Refusal::new(MALFORMED, "billMethod is 0 or 1"));
    }
    let state = &call.cloud[DESKTOP];
    let email = |desktop: &Desktop| {
        desktop
            .account
            .as_ref()
            .and_then(|id| state.accounts.get(id))
            .map(|account| &account.email)
    };
    let vpc_name = |desktop: &Desktop| state.vpcs.get(&desktop.vpc).map(|vpc| &vpc.name);
    let has = |wanted: Option<&str>, own: Option<&String>| {
        wanted.is_none_or(|wanted| own.is_some_and(|own| own == wanted))
    };
    let (site, product, address) = (wanted("siteId"), wanted("productId"), wanted("email"));
    let (vpc, name) = (wanted("vpcId"), wanted("vpcName"));
    let fits = |desktop: &&Desktop| {
        has(site, Some(&desktop.site))
            && has(product, Some(&desktop.product))
            && has(vpc, Some(&desktop.vpc))
            && method.is_none_or(|method| (method == "1") == desktop.paid_until.is_some())
            && has(address, email(desktop))
            && has(name, vpc_name(desktop))
    };
    let ids: Vec<_> = state
        .desktops
        .iter()
        .filter(fits)
        .map(|desktop| desktop.id.as_str())
        .collect();
    Ok(json!({"Data": {"vmIds": ids}}))
}

fn one(call: &mut Call) -> Result<Json, Refusal> {
    let cloud = &*call.cloud;
    let desktop = cloud.a_desktop(filled(call, "vmId")?, UNKNOWN)?;
    let vpc = cloud[DESKTOP].vpcs.get(&desktop.vpc);
    let network = |id: &str| vpc.and_then(|vpc| vpc.network(id));
    let carrier = network(&desktop.gateway)
        .and_then(|gateway| line(gateway.line?))
        .map_or("", |line| line.name);
    let vlan = network(&desktop.subnet).map_or(0, |subnet| subnet.vlan);
    let account = desktop
        .account
        .as_ref()
        .and_then(|id| cloud[DESKTOP].accounts.get(id));
    Ok(json!({"Data": {
        "vmName": desktop.name,
        "siteId": desktop.site,
        "billMethod": bill_method(desktop),
        "productId": desktop.product,
        "vpcId": desktop.vpc,
        "vpcName": vpc.map(|vpc| &vpc.name),
        "eip": format!("{carrier}:{}", desktop.elastic_address),
        "privateIp": format!("vlan{vlan}:{}", desktop.private_address),
        "publicIp": desktop.public_address.to_string(),
        "bw": desktop.bandwidth,
        "accountName": account.map_or("", |account| &account.name),
        "accountEmail": account.map_or("", |account| &account.email),
        "label": desktop.label,
        "expireTime": format_time_with_offset(desktop.paid_until.unwrap_or(NEVER)),
        "status": cloud.desktop_status(desktop),
    }}))
}

fn bill_method(desktop: &Desktop) -> u8 {
    u8::from(desktop.paid_until.is_some())
}

/// Names instead of ids, as documented.
#[expect(clippy::unnecessary_wraps, reason = "handlers have one form")]
fn expiring(call: &mut Call) -> Result<Json, Refusal> {
    let cloud = &*call.cloud;
    let soon = cloud.now().saturating_add(SOON).unwrap_or(NEVER);
    let ending = cloud[DESKTOP]
        .desktops
        .iter()
        .filter_map(|desktop| Some((desktop, desktop.paid_until.filter(|end| *end <= soon)?)));
    let described = ending.map(|(desktop, end)| {
        json!({
            "vmName": desktop.name,
            "billMethod": bill_method(desktop),
            "expireTime": format_time_with_offset(end),
            "status": cloud.desktop_status(desktop),
        })
    });
    Ok(json!({"Data": described.collect::<Vec<_>>()}))
}

/// A task is found by its id together with the id of the call that started it.
fn task(call: &mut Call) -> Result<Json, Refusal> {
    let (id, request) = (filled(call, "taskId")?, filled(call, "requestId")?);
    let tasks = &call.cloud.tasks;
    let task = tasks
        .get(Dialect::DesktopTask, id)
        .filter(|task| task.request.as_deref() == Some(request));
    let task = task.ok_or_else(|| {
        Refusal::new(
            UNKNOWN,
            format!("There is no task {id:?} of the request {request:?}"),
        )
    })?;
    let has_failed = tasks.stage(task) == Stage::Failed;
    Ok(json!({"Data": {
        "taskId": id,
        "requestId": request,
        "status": tasks.status(task),
        "failReason": task.failure.as_deref().filter(|_| has_failed).unwrap_or_default(),
    }}))
}
