//! Disks changed in speed and size.

use super::disk::above_0;
use super::{Effect, work};
use crate::cloud::call::{Call, Handler};
use crate::cloud::refusal::Refusal;
use crate::cloud::task::Plan;
use serde_json::{Value as Json, json};

pub(super) const ACTIONS: &[(&str, Handler)] = &[
    ("ChangeIops", iops),
    ("ChangeBandwidth", bandwidth),
    ("ExpansionSize", grow),
];

fn iops(call: &mut Call) -> Result<Json, Refusal> {
    let iops = above_0(call, "Iops")?;
    change(call, |disk| Effect::SetIops { disk, iops })
}

/// The table calls it an increase.
fn bandwidth(call: &mut Call) -> Result<Json, Refusal> {
    let more = above_0(call, "Bw")?;
    change(call, |disk| Effect::AddBandwidth { disk, more })
}

fn grow(call: &mut Call) -> Result<Json, Refusal> {
    let more = above_0(call, "Size")?;
    let id = call
        .params
        .text("DiskId")
        .ok_or_else(|| call.missing("DiskId"))?;
    let disk = call.cloud.idle_bms_disk(id)?;
    call.cloud.fits_pool(&disk.region, disk.kind, more)?;
    change(call, |disk| Effect::Grow { disk, more })
}

fn change(call: &mut Call, effect: impl FnOnce(String) -> Effect) -> Result<Json, Refusal> {
    let id = call
        .cloud
        .idle_bms_disk(call.params.required("DiskId"))?
        .id
        .clone();
    let plan = Plan::holding(work::CHANGE, vec![id.clone()]);
    let task = call.cloud.start(plan.then(effect(id)));
    Ok(json!({"Data": {"TaskId": task}}))
}
