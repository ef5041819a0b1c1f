//! Measurements of servers. They are made up, and the same for the same seed.

use super::arguments::filled;
use crate::cloud::call::{Call, Handler};
use crate::cloud::format::{format_time, parse_time};
use crate::cloud::refusal::Refusal;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value as Json, json};

pub(super) const ACTIONS: &[(&str, Handler)] = &[("DescribeInstanceMonitor", monitor)];

/// A measurement: the indicator that asks for it, its own name, its unit, the device, the largest
/// value.
const SERIES: &[(&str, &str, &str, Option<&str>, f64)] = &[
    ("CpuUsage", "CpuUsage", "%", None, 100.0),
    ("MemoryUsage", "MemoryUsage", "%", None, 100.0),
    ("Load", "Load1M", "", None, 4.0),
    ("Load", "Load5M", "", None, 4.0),
    ("Load", "Load15M", "", None, 4.0),
    ("NetworkRate", "NetworkOutrate", "Mbps", Some("eth0"), 50.0),
    ("NetworkRate", "NetworkInrate", "Mbps", Some("eth0"), 50.0),
    ("DiskUsage", "DiskUsage", "%", Some("vda"), 100.0),
    (
        "DiskThroughput",
        "DiskReadThroughput",
        "MB/s",
        Some("vda"),
        90.0,
    ),
    (
        "DiskThroughput",
        "DiskWriteThroughput",
        "MB/s",
        Some("vda"),
        90.0,
    ),
    ("DiskIops", "DiskReadIops", "", Some("vda"), 2500.0),
    ("DiskIops", "DiskWriteIops", "", Some("vda"), 2500.0),
    ("GpuUsage", "GpuUsage", "%", Some("0"), 100.0),
    ("GpuMemoryUsage", "GpuMemoryUsage", "%", Some("0"), 100.0),
    ("GpuTemperature", "GpuTemperature", "C", Some("0"), 80.0),
    (
        "GpuClocksGraphics",
        "GpuClocksGraphics",
        "MHz",
        Some("0"),
        1700.0,
    ),
    (
        "GpuClocksMemory",
        "GpuClocksMemory",
        "MHz",
        Some("0"),
        8000.0,
    ),
];

/// Seconds between two points, and how many points an answer has at most; the document gives
/// neither.
const STEP: i64 = 60;
const MAX_POINTS: i64 = 10_000;

fn monitor(call: &mut Call) -> Result<Json, Refusal> {
    let id = filled(call, "EcsId")?;
    let server = call.cloud.ecs_server(id)?;
    let (start, end) = period(call)?;
    let wanted = call.params.texts("Indicators");
    if let Some(unknown) = wanted
        .iter()
        .find(|wanted| !SERIES.iter().any(|(indicator, ..)| indicator == *wanted))
    {
        return Err(call.malformed("Indicators", &format!("there is no indicator {unknown}")));
    }
    let (first, last) = (start.max(server.created), end.min(call.cloud.now()));
    let times: Vec<i64> = (first.as_second()..=last.as_second())
        .filter(|second| second % STEP == 0)
        .collect();
    let views: Vec<_> = times
        .iter()
        .filter_map(|second| Timestamp::from_second(*second).ok())
        .map(format_time)
        .collect();
    let mut data = Map::new();
    for (indicator, name, unit, device, most) in SERIES {
        let is_wanted = wanted.is_empty() || wanted.contains(indicator);
        if is_wanted && (server.gpu > 0 || !indicator.starts_with("Gpu")) {
            let purpose = format!("{id} {name}");
            let value = |second: &i64| {
                (call.cloud.fraction(&purpose, second.unsigned_abs()) * most * 10.0).round() / 10.0
            };
            let values: Vec<_> = times.iter().map(value).collect();
            data.insert(
                (*name).to_owned(),
                json!({"Unit": unit, "Device": device, "Time": views, "Value": values}),
            );
        }
    }
    Ok(json!({"Data": data}))
}

/// From when to when: the two times where a start is given, otherwise the last hours.
fn period(call: &Call) -> Result<(Timestamp, Timestamp), Refusal> {
    let end = time(call, "EndTime")?.unwrap_or_else(|| call.cloud.now());
    let hours: i64 = match call
        .params
        .text("TimeInterval")
        .filter(|text| !text.is_empty())
    {
        Some(text) => text
            .parse()
            .ok()
            .filter(|hours| (1..=24 * 365).contains(hours)),
        None => Some(1),
    }
    .ok_or_else(|| call.malformed("TimeInterval", "it is not a number of hours"))?;
    let back = end
        .saturating_sub(SignedDuration::from_hours(hours))
        .unwrap_or(Timestamp::MIN);
    let start = time(call, "StartTime")?.unwrap_or(back);
    if start > end || end.duration_since(start).as_secs() / STEP > MAX_POINTS {
        return Err(call.malformed("StartTime", "it is after EndTime, or too long before it"));
    }
    Ok((start, end))
}

fn time(call: &Call, name: &str) -> Result<Option<Timestamp>, Refusal> {
    let Some(text) = call.params.text(name).filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    // The document's own example has two spaces between date and time.
    let words: Vec<_> = text.split_whitespace().collect();
    let time = parse_time(&words.join(" "));
    time.map(Some)
        .ok_or_else(|| call.malformed(name, "it is not a time as 2022-09-03 01:29:28"))
}
