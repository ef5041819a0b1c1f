//! How much of bandwidths is used.

use super::refusals::not_found;
use super::state::VPC;
use crate::cloud::call::{Call, Handler};
use crate::cloud::format::{format_time, parse_time};
use crate::cloud::refusal::Refusal;
use crate::cloud::state::Cloud;
use crate::services::vdc::{self, VDC};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value as Json, json};

pub(super) const ACTIONS: &[(&str, Handler)] = &[
    ("DescribePipeUtilization", pipes),
    ("DescribeOneMinuteFlow", minutes),
];

/// How many points an answer has at most; the document gives no limit.
const MAX_POINTS: usize = 10_000;

/// Private networks outside a GPN are not counted.
#[expect(clippy::unnecessary_wraps, reason = "handlers have one form")]
fn pipes(call: &mut Call) -> Result<Json, Refusal> {
    let cloud = &*call.cloud;
    let vdcs = cloud[VDC].vdcs.iter().map(|vdc| {
        let pipes: Vec<_> = cloud
            .networks_of(&vdc.id)
            .filter_map(|network| pipe(cloud, network))
            .collect();
        let pipes = if pipes.is_empty() {
            Json::Null
        } else {
            json!(pipes)
        };
        json!({"VdcId": vdc.id, "VdcName": vdc.name, "PipeInfo": pipes})
    });
    Ok(json!({"Data": {"Time": format_time(cloud.now()), "VdcInfo": vdcs.collect::<Vec<_>>()}}))
}

fn pipe(cloud: &Cloud, network: &vdc::Network) -> Option<Json> {
    let (kind, limit) = match network.bandwidth() {
        Some(bandwidth) => ("public", bandwidth.qos),
        None => ("private", cloud.gpn_of(&network.id)?.qos),
    };
    let (inbound, outbound) = vdc::traffic(cloud, &network.id, limit);
    #[expect(clippy::cast_precision_loss, reason = "a bandwidth is far below 2^53")]
    let share = |flow: f64| format!("{:.1}%", flow * 100.0 / limit as f64);
    Some(json!({
        "PipeId": network.id,
        "PipeName": network.name,
        "Type": kind,
        "Qos": limit,
        "InFlow": inbound,
        "InUtilization": share(inbound),
        "OutFlow": outbound,
        "OutUtilization": share(outbound),
    }))
}

/// A point for each whole minute after the start up to the end, of those that have passed since the
/// bandwidth was bought.
fn minutes(call: &mut Call) -> Result<Json, Refusal> {
    let (cloud, id) = (&*call.cloud, call.params.required("CloudId"));
    let (limit, created, in_use) = cloud.metered(id).ok_or_else(|| not_found("CloudId", id))?;
    let time = |name: &str| {
        parse_time(call.params.required(name))
            .ok_or_else(|| call.malformed(name, "it is not a time as 2025-04-22 14:17:00"))
    };
    let (start, end) = (time("StartTime")?, time("EndTime")?);
    if start > end {
        return Err(call.malformed("EndTime", "it is before StartTime"));
    }
    let (start, end) = (start.max(created), end.min(cloud.now()));
    let first = start.as_second().div_euclid(60) + 1;
    let minutes = first..=end.as_second().div_euclid(60);
    if minutes.clone().count() > MAX_POINTS {
        return Err(call.malformed(
            "EndTime",
            &format!("the span has more than {MAX_POINTS} points"),
        ));
    }
    let points = minutes.map(|minute| {
        #[expect(clippy::cast_precision_loss, reason = "a bandwidth is far below 2^53")]
        let flow = |way: &str| {
            let share = cloud.fraction(&format!("{id} {way}"), u64::try_from(minute).unwrap_or(0));
            if in_use { (share * limit as f64 * 1e6).round() } else { 0.0 }
        };
        let (inbound, outbound) = (flow("in"), flow("out"));
        let time = Timestamp::UNIX_EPOCH.saturating_add(SignedDuration::from_mins(minute)).unwrap_or(Timestamp::MAX);
        json!({"time": format_time(time), "in_bps": inbound, "out_bps": outbound, "value": inbound.max(outbound)})
    });
    Ok(json!({"Data": points.collect::<Vec<_>>()}))
}

impl Cloud {
    /// A bandwidth of the account by its id: its size in Mbps, when it was bought, and whether an
    /// EIP that is bound uses it.
    fn metered(&self, id: &str) -> Option<(u64, Timestamp, bool)> {
        let mut eips = self[VPC]
            .eips
            .iter()
            .filter(|eip| self.line_of(eip).is_some_and(|line| line.id == id));
        let line = self[VPC]
            .bandwidths
            .get(id)
            .or_else(|| eips.clone().find_map(|eip| self.line_of(eip)))?;
        Some((line.qos, line.created, eips.any(|eip| eip.bound.is_some())))
    }
}
