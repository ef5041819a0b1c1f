//! Prices of bandwidth and addresses. The document gives those of one type and scheme; the others are made up, and fixed.

use super::{Call, Handler};
use crate::simulator::money::Money;
use crate::simulator::refusal::Refusal;
use serde_json::{Value as Json, json};

pub(super) const ACTIONS: &[(&str, Handler)] = &[("VDCBandwidthBillingScheme", schemes), ("VDCBandwidthUnitPrice", unit_price)];

/// The billing schemes of public networks, and what they are called.
const SCHEMES: &[(&str, &str)] =
    &[("BandwIdth", "固定带宽"), ("Traffic", "流量按需"), ("DataPackage", "流量包"), ("Bandwidth_95", "95峰值")];

/// What a unit costs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rate {
    /// In thousandths of a yuan.
    milli: u64,
    cycle: &'static str,
    unit: &'static str,
    /// Whether it is paid when it is ordered; what is used is not.
    is_paid_ahead: bool,
}

/// An address for a day.
pub(crate) const ADDRESS: Rate = Rate { milli: 331, cycle: "/天", unit: "个", is_paid_ahead: true };

/// One Mbps of an access point of a GPN for a day.
pub(super) const ACCESS_POINT: Rate = Rate { milli: 10_000, cycle: "/天", unit: "Mb", is_paid_ahead: true };

/// What bandwidth costs under a billing scheme, of a public network, an EIP or a shared bandwidth.
pub(crate) fn bandwidth(scheme: &str) -> Option<Rate> {
    let (milli, cycle, unit, is_paid_ahead) = match scheme.strip_suffix("_Shared").unwrap_or(scheme) {
        "BandwIdth" | "Bandwidth_95" => (3312, "/天", "Mb", true),
        "BandwIdthMonth" => (99_360, "/月", "Mb", true),
        "DataPackage" => (600, "/GB", "GB", true),
        "Traffic" => (800, "/GB", "GB", false),
        _ => return None,
    };
    Some(Rate { milli, cycle, unit, is_paid_ahead })
}

impl Rate {
    /// What is paid for so many units when they are ordered: a day or a month of them, or all of a package.
    pub(crate) fn of(self, units: u64) -> Money {
        let cents = if self.is_paid_ahead { self.milli.saturating_mul(units).saturating_add(5) / 10 } else { 0 };
        Money::cents(i64::try_from(cents).unwrap_or(i64::MAX))
    }

    /// As the answers of the price Actions have it. There are no discounts here.
    #[expect(clippy::cast_precision_loss, reason = "a unit costs far less than 2^53 thousandths")]
    pub(crate) fn json(self) -> Json {
        let price = self.milli as f64 / 1000.0;
        json!({
            "Cycle": self.cycle, "Discount": 1, "DiscountStr": "无折扣", "Price": price, "PriceStr": price.to_string(),
            "Sign": "¥", "StdPrice": price, "StdPriceStr": price.to_string(), "Unit": self.unit,
        })
    }
}

/// What a reference table of the product calls a value in Chinese.
pub(crate) fn term(call: &Call, table: &str, value: &str) -> String {
    let known = call.table(table).iter().find(|known| known.value == value);
    known.map_or_else(|| value.to_owned(), |known| known.term.clone().unwrap_or_else(|| known.label.clone()))
}

fn wide_area_only(call: &Call) -> Result<(), Refusal> {
    let kind = call.params.text("Type").unwrap_or("wan");
    if kind == "wan" { Ok(()) } else { Err(call.malformed("Type", "it must be wan")) }
}

fn schemes(call: &mut Call) -> Result<Json, Refusal> {
    call.zone("RegionId")?;
    wide_area_only(call)?;
    let schemes = SCHEMES.iter().map(|(scheme, name)| {
        json!({"BillingScheme": scheme, "BillingSchemeName": name, "ResourceType": "wan", "ResourceTypeName": "公网带宽"})
    });
    let schemes: Vec<_> = schemes.collect();
    let kinds = call.table("Bandwidth").iter().map(|kind| {
        json!({
            "BandwidthType": kind.value,
            "BandwidthTypeName": kind.term.as_ref().unwrap_or(&kind.label),
            "BillingSchemeList": schemes,
        })
    });
    Ok(json!({"Data": kinds.collect::<Vec<_>>()}))
}

fn unit_price(call: &mut Call) -> Result<Json, Refusal> {
    call.zone("RegionId")?;
    wide_area_only(call)?;
    let (kind, scheme) = (call.params.required("BandwidthType"), call.params.required("BillScheme"));
    call.in_table("Bandwidth", kind, || call.malformed("BandwidthType", "it is not a type of bandwidth"))?;
    let rate = bandwidth(scheme).filter(|_| SCHEMES.iter().any(|(known, _)| *known == scheme));
    let rate = rate.ok_or_else(|| call.malformed("BillScheme", "it is not a billing scheme of public networks"))?;
    Ok(json!({"Data": {"BandwidthPrice": rate.json(), "EIPPrice": ADDRESS.json()}}))
}
