//! What is measured of buckets. Only the script uses them, so there is no traffic of others.

use super::state::{self, OSS, no_bucket, place};
use crate::cloud::call::Call;
use crate::cloud::refusal::Refusal;
use jiff::civil::DateTime;
use jiff::{SignedDuration, Timestamp, ToSpan as _};
use serde_json::{Value as Json, json};

/// How many measurements an answer has at most.
const MOST: i64 = 1440;

/// How a time is written in a bucket's monitoring.
const TIME: &str = "%Y-%m-%d %H:%M:%S";

/// How a time is written in a bucket's metrics.
const METRICS_TIME: &str = "%Y-%m-%dT%H:%M:%S";

/// How long one row of metrics is, in minutes.
const ROW: i64 = 10;

pub(super) fn monitor(call: &mut Call) -> Result<Json, Refusal> {
    let time = |call: &Call, name: &str| {
        let given = call.params.required(name);
        DateTime::strptime(TIME, given)
            .map_err(|_| call.malformed(name, "it is no time as 2023-06-29 19:30:00"))
    };
    let (start, end) = (time(call, "StartTime")?, time(call, "EndTime")?);
    let metric = call.params.required("MetricKey").to_owned();
    let period = call.params.text("Period").unwrap_or("minute").to_owned();
    let seconds = match period.as_str() {
        "minute" => 60,
        "hour" => 3600,
        _ => 86_400,
    };
    let span = end.duration_since(start).as_secs();
    if span < 0 || span / seconds > MOST {
        let why = format!("it is not up to {MOST} steps behind StartTime");
        return Err(call.malformed("EndTime", &why));
    }
    let bucket = state::bucket(call)?;
    #[expect(
        clippy::cast_precision_loss,
        reason = "a float is what the document has"
    )]
    let value = match metric.as_str() {
        "StorageCapacitySize" => bucket.used() as f64,
        _ => 0.0,
    };
    let rows: Vec<Json> = (1..=span / seconds)
        .filter_map(|step| {
            let at = start.checked_add((step * seconds).seconds()).ok()?;
            Some(json!({"Value": value, "DateTime": at.strftime(TIME).to_string()}))
        })
        .collect();
    Ok(json!({"Data": {
        "StartTime": start.strftime(TIME).to_string(),
        "EndTime": end.strftime(TIME).to_string(),
        "Monitor": rows,
        "BucketName": bucket.id,
        "MetricKey": metric,
        "Period": period,
    }}))
}

pub(super) fn bucket(call: &mut Call) -> Result<Json, Refusal> {
    let endpoint = call.params.required("endpoint");
    let name = call.params.required("BucketName");
    let in_header = place(endpoint).map(|(bucket, _)| bucket);
    let now = call.cloud.now();
    let at = match call.params.text("RequestTime") {
        None => now,
        Some(given) => {
            let parsed = DateTime::strptime(METRICS_TIME, given);
            let zoned = parsed.and_then(|time| time.to_zoned(jiff::tz::TimeZone::UTC));
            zoned
                .map_err(|_| call.malformed("RequestTime", "it is no time as 2024-07-07T11:17:42"))?
                .timestamp()
        }
    };
    let bucket = call.cloud[OSS].buckets.get(name);
    let bucket = bucket
        .filter(|_| in_header == Some(name))
        .ok_or_else(|| no_bucket(name))?;
    let text = |time: Timestamp| time.strftime(METRICS_TIME).to_string();
    let begun = at.as_second() - at.as_second().rem_euclid(ROW * 60);
    let start = Timestamp::from_second(begun).unwrap_or(at);
    let length = SignedDuration::from_secs(ROW * 60 - 1);
    let end = start.saturating_add(length).unwrap_or(start);
    let (start, end) = (text(start), text(end));
    let none = json!({
        "TotalCount": 0,
        "TotalTime": 0,
        "CountDetail": {"2xx": 0, "3xx": 0, "4xx": 0, "5xx": 0},
    });
    let traffic = |network: &str| {
        json!({
            "StartTime": start, "EndTime": end, "Network": network,
            "InBandwidth": 0, "OutBandwidth": 0,
            "Put": none, "Get": none, "Delete": none, "Post": none, "Head": none,
        })
    };
    Ok(json!({"Data": {
        "RequestTime": text(at),
        "BucketName": bucket.id,
        "Usage": {
            "StartTime": start, "EndTime": end,
            "CapacityUsed": bucket.used(), "ObjectCount": bucket.objects.len(),
        },
        "NetworkTraffic": [traffic("inner"), traffic("flow")],
    }}))
}
