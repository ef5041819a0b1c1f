//! Carriers' lines: how they are billed, what elastic addresses cost on them, and which they have.

use super::arguments::{UNKNOWN, filled, number};
use crate::cloud::addresses::Range;
use crate::cloud::call::{Call, Handler};
use crate::cloud::example::example;
use crate::cloud::money::Money;
use crate::cloud::refusal::Refusal;
use serde_json::{Value as Json, json};
use std::net::Ipv4Addr;

pub(super) const ACTIONS: &[(&str, Handler)] = &[
    ("GetLineBillingScheme", schemes),
    ("GetEipPrice", price),
    ("GetVpcBandwidth", lines),
];

/// A line by its `conf_id`; the document's example of `GetLineBillingScheme` has them.
pub(super) struct Line {
    pub(super) id: u64,
    pub(super) name: &'static str,
    /// The second octet of its elastic addresses, 120.x.0.0/16.
    octet: u8,
}

pub(super) const LINES: &[Line] = &[
    Line {
        id: 10289,
        name: "电信",
        octet: 222,
    },
    Line {
        id: 10298,
        name: "移动",
        octet: 226,
    },
    Line {
        id: 10307,
        name: "联通",
        octet: 224,
    },
];

pub(super) fn line(id: u64) -> Option<&'static Line> {
    LINES.iter().find(|line| line.id == id)
}

impl Line {
    /// Its elastic addresses.
    pub(super) fn range(&self) -> Range {
        Range::new(Ipv4Addr::new(120, self.octet, 0, 0), 16)
    }
}

/// What the elastic addresses of a line are taken from.
pub(super) fn pool(line: u64) -> String {
    format!("desktop line {line}")
}

/// The lines are the same at each site, and so are the document's.
fn schemes(call: &mut Call) -> Result<Json, Refusal> {
    filled(call, "requestId")?;
    call.cloud.desktop_site(call.params.required("siteId"))?;
    example(call)
}

/// They are the same at each site.
fn lines(call: &mut Call) -> Result<Json, Refusal> {
    call.cloud.desktop_site(call.params.required("siteId"))?;
    let lines = LINES.iter();
    let lines = lines.map(|line| json!({"conf_id": line.id, "conf_name": line.name}));
    Ok(json!({"Data": lines.collect::<Vec<_>>()}))
}

/// In the document's example: a day costs 0.50 an address, and 1.50 for 5 Mbps.
fn price(call: &mut Call) -> Result<Json, Refusal> {
    filled(call, "requestId")?;
    call.cloud.desktop_site(call.params.required("siteId"))?;
    let (size, qos) = (number(call, "size", 1)?, number(call, "qos", 1)?);
    let conf = filled(call, "bandwidthConfId")?;
    let known = conf.parse().ok().and_then(line);
    known.ok_or_else(|| Refusal::new(UNKNOWN, format!("There is no line {conf:?}")))?;
    let addresses = Money::cents(50) * size;
    let bandwidth = Money::cents(30) * qos.saturating_mul(size);
    Ok(json!({"Data": {
        "bandwidth_price": a_day(bandwidth),
        "eip_price": a_day(addresses),
        "total_price": a_day(bandwidth + addresses),
    }}))
}

fn a_day(price: Money) -> Json {
    json!({
        "price": price.json(),
        "price_str": price.text(),
        "sign": "¥",
        "cycle": "/天",
        "end_time": crate::cloud::format::format_time(super::answers::NEVER),
    })
}
