//! Paid terms: what renews itself is paid again when its term ends, and the rest is switched off
//! then.

use super::state::{BMS, Power};
use crate::cloud::call::{Call, Handler};
use crate::cloud::refusal::Refusal;
use crate::cloud::state::Cloud;
use serde_json::{Value as Json, json};

pub(super) const ACTIONS: &[(&str, Handler)] = &[("ModifyBmsOrder", modify)];

fn modify(call: &mut Call) -> Result<Json, Refusal> {
    let params = call.params;
    let id = params.required("BaremetalId");
    let missing = || {
        Refusal::new(
            "InstanceNotFound",
            format!("There is no bare-metal server {id:?}"),
        )
    };
    let server = call.cloud.bare_metal(id).ok_or_else(missing)?;
    let cannot = |why: &str| Refusal::new("OrderUpdateError", why.to_owned());
    if server.paid_until.is_none() {
        return Err(cannot(
            "The server is paid on demand: its order does not end",
        ));
    }
    if params
        .text("BillMethod")
        .is_some_and(|method| method != "1")
    {
        return Err(cannot("The only BillMethod is 1"));
    }
    let months = params.int("Duration").map(|months| {
        u64::try_from(months)
            .ok()
            .filter(|months| (1..=1200).contains(months))
    });
    if months == Some(None) {
        return Err(cannot("Duration is not a number of months"));
    }
    let order = server.order_id.clone();
    call.cloud.change_bare_metal(id, |server| {
        let renewal = &mut server.renewal;
        renewal.is_automatic = params.int("AutoRenewal") == Some(1);
        renewal.months = months.flatten().unwrap_or(renewal.months);
        renewal.to_month_end = params
            .int("IsToMonth")
            .map_or(renewal.to_month_end, |to_end| to_end == 1);
    });
    Ok(json!({"Data": [{"SuborderIds": [order]}]}))
}

/// Renews or switches off the servers whose terms have ended by now.
pub(crate) fn renew(cloud: &mut Cloud) {
    let now = cloud.now();
    if cloud[BMS].next_end.is_none_or(|end| now < end) {
        return;
    }
    let Cloud { states, wallet, .. } = cloud;
    let bms = &mut states[BMS];
    for server in bms.servers.iter_mut() {
        if let Some(end) = server.paid_until.filter(|_| server.renewal.is_automatic) {
            let term = server.renewal.term();
            server.paid_until =
                Some(term.renew(wallet, end, now, server.month_price, "cds.bms", &server.id));
        }
        if server.has_lapsed(now) {
            server.power = Power::Stopped;
        }
    }
    bms.next_end = bms
        .servers
        .iter()
        .filter_map(|server| server.paid_until)
        .filter(|end| *end > now)
        .min();
}
