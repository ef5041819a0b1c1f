//! Paid terms: converted to, renewed by hand and by themselves, and over.

use super::arguments::{UNKNOWN, filled, ids, says_yes};
use super::order::quota;
use super::price::term;
use super::request_content::content;
use super::state::{DESKTOP, Power};
use crate::cloud::call::{Call, Handler};
use crate::cloud::refusal::Refusal;
use crate::cloud::state::Cloud;
use crate::cloud::term::Term;
use jiff::Timestamp;
use serde_json::{Value as Json, json};

pub(super) const ACTIONS: &[(&str, Handler)] =
    &[("UpdateOrder", convert), ("RenewalOrder", renew_by_hand)];

/// What a desktop buys that renews itself.
const OWN_TERM: Term = Term {
    months: 1,
    to_month_end: false,
    charges_whole_months: false,
};

fn convert(call: &mut Call) -> Result<Json, Refusal> {
    const FAILED: &str = "12506";
    filled(call, "requestId")?;
    let (ids, term) = (ids(call, "vmIds")?, term(call)?);
    for id in &ids {
        if call.cloud.a_desktop(id, UNKNOWN)?.paid_until.is_some() {
            return Err(Refusal::new(
                "12503",
                format!("The desktop {id} is paid by the month already"),
            ));
        }
    }
    quota(call, true, ids.len() as u64)?;
    let start = call.cloud.now();
    extend(call, FAILED, "UpdateOrder", &ids, term, false, |_| start)
}

fn renew_by_hand(call: &mut Call) -> Result<Json, Refusal> {
    const FAILED: &str = "12500";
    filled(call, "requestId")?;
    let (ids, term) = (ids(call, "vmIds")?, term(call)?);
    for id in &ids {
        if call.cloud.a_desktop(id, UNKNOWN)?.paid_until.is_none() {
            return Err(Refusal::new(
                "12504",
                format!("The desktop {id} is paid on demand"),
            ));
        }
    }
    let now = call.cloud.now();
    extend(call, FAILED, "RenewalOrder", &ids, term, true, |end| {
        end.map_or(now, |end| end.max(now))
    })
}

/// Pays a term for each desktop, from a start that depends on its present end, and tells of those
/// for which it cannot be paid.
fn extend(
    call: &mut Call,
    code: &'static str,
    item: &str,
    ids: &[&str],
    term: Term,
    renews_itself: bool,
    start: impl Fn(Option<Timestamp>) -> Timestamp,
) -> Result<Json, Refusal> {
    let renews_itself = says_yes(call, "isAutoRenewal", renews_itself);
    let (mut done, mut failed, mut reasons) = (Vec::new(), Vec::new(), Vec::new());
    for id in ids {
        match extend_one(call.cloud, code, item, id, term, &start) {
            Ok(end) => {
                call.cloud.change_desktop(id, |desktop| {
                    (desktop.paid_until, desktop.renews_itself) = (Some(end), renews_itself);
                });
                call.cloud.mind_desktop_end(Some(end));
                done.push(*id);
            }
            Err(refusal) => {
                failed.push(*id);
                reasons.push(refusal.message);
            }
        }
    }
    let reasons = reasons.join("; ");
    if done.is_empty() {
        return Err(Refusal::new(code, reasons));
    }
    let filled_in = json!({
        "billCycle": "month",
        "duration": term.months,
        "isAutoRenewal": u8::from(renews_itself),
        "isToMonth": u8::from(term.to_month_end),
    });
    Ok(json!({"Data": {
        "successVmIds": done,
        "failedVmIds": failed,
        "failedMsg": reasons,
        "requestId": call.params.required("requestId"),
        "requestContent": content(call, &filled_in),
    }}))
}

/// The new end of a desktop's term, which is paid.
fn extend_one(
    cloud: &mut Cloud,
    code: &'static str,
    item: &str,
    id: &str,
    term: Term,
    start: impl Fn(Option<Timestamp>) -> Timestamp,
) -> Result<Timestamp, Refusal> {
    let desktop = cloud.idle_desktop(id, code)?;
    let start = start(desktop.paid_until);
    let end = term
        .end(start)
        .ok_or_else(|| Refusal::new(code, "The term is too long"))?;
    let price = term.price(start, desktop.month_price);
    if !cloud.wallet.covers(price) {
        return Err(Refusal::new(
            code,
            format!("The balance does not cover the term of {id}"),
        ));
    }
    cloud.pay("cds.desktop", item, vec![id.to_owned()], price);
    cloud.end_use(id);
    Ok(end)
}

impl Cloud {
    /// Keeps in mind when a desktop's term ends.
    pub(super) fn mind_desktop_end(&mut self, end: Option<Timestamp>) {
        self[DESKTOP].next_end = self[DESKTOP].next_end.into_iter().chain(end).min();
    }
}

/// Renews or switches off the desktops whose terms have ended by now.
pub(crate) fn renew(cloud: &mut Cloud) {
    let now = cloud.now();
    if cloud[DESKTOP].next_end.is_none_or(|end| now < end) {
        return;
    }
    let Cloud { states, wallet, .. } = cloud;
    let state = &mut states[DESKTOP];
    for desktop in state.desktops.iter_mut() {
        if let Some(end) = desktop.paid_until.filter(|_| desktop.renews_itself) {
            desktop.paid_until = Some(OWN_TERM.renew(
                wallet,
                end,
                now,
                desktop.month_price,
                "cds.desktop",
                &desktop.id,
            ));
        }
        if desktop.has_lapsed(now) {
            desktop.power = Power::Off;
        }
    }
    state.next_end = state
        .desktops
        .iter()
        .filter_map(|desktop| desktop.paid_until)
        .filter(|end| *end > now)
        .min();
}
