//! Prices of bandwidth and addresses. The document gives those of one type and scheme; the others
//! are made up, and fixed.

use crate::cloud::call::{Call, Handler};
use crate::cloud::money::Money;
use crate::cloud::refusal::Refusal;
use serde_json::{Value as Json, json};

pub(super) const ACTIONS: &[(&str, Handler)] = &[
    ("VDCBandwidthBillingScheme", schemes),
    ("VDCBandwidthUnitPrice", unit_price),
];

/// The billing schemes of public networks, and what they are called.
const SCHEMES: &[(&str, &str)] = &[
    ("BandwIdth", "固定带宽"),
    ("Traffic", "流量按需"),
    ("DataPackage", "流量包"),
    ("Bandwidth_95", "95峰值"),
];

/// What a unit costs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rate {
    /// In thousandths of a yuan.
    milli: u64,
    per: Per,
    unit: &'static str,
}

/// What a price is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Per {
    /// A day of it, metered while it is there.
    Day,
    /// A month of it, paid in advance.
    Month,
    /// All of it, paid in advance.
    Package,
    /// A GB that flows, metered while something flows.
    Flow,
}

/// An address for a day.
pub(crate) const ADDRESS: Rate = Rate {
    milli: 331,
    per: Per::Day,
    unit: "个",
};

/// What a Mbps carries in a day, in MB.
const MB_A_DAY: u64 = 86_400 / 8;

/// One Mbps of an access point of a GPN for a day.
pub(super) const ACCESS_POINT: Rate = Rate {
    milli: 10_000,
    per: Per::Day,
    unit: "Mb",
};

/// What bandwidth costs under a billing scheme, of a public network, an EIP or a shared bandwidth.
pub(crate) fn bandwidth(scheme: &str) -> Option<Rate> {
    let (milli, per, unit) = match scheme.strip_suffix("_Shared").unwrap_or(scheme) {
        "BandwIdth" | "Bandwidth_95" => (3312, Per::Day, "Mb"),
        "BandwIdthMonth" => (99_360, Per::Month, "Mb"),
        "DataPackage" => (600, Per::Package, "GB"),
        "Traffic" => (800, Per::Flow, "GB"),
        _ => return None,
    };
    Some(Rate { milli, per, unit })
}

impl Rate {
    /// What is paid for so many units when they are ordered: a month of them, or all of a package.
    pub(crate) fn ahead(self, units: u64) -> Money {
        if matches!(self.per, Per::Month | Per::Package) {
            self.times(units)
        } else {
            Money::ZERO
        }
    }

    /// What so many units cost a day while they are there. Of a bandwidth whose traffic counts,
    /// half flows on average: the traffic that other Actions show is drawn evenly.
    pub(crate) fn per_day(self, units: u64) -> Money {
        match self.per {
            Per::Day => self.times(units),
            Per::Month | Per::Package => Money::ZERO,
            Per::Flow => self.times(units.saturating_mul(MB_A_DAY / 2) / 1000),
        }
    }

    /// What an account must be able to pay to order so many units: what is paid then, or the first
    /// day.
    pub(crate) fn to_begin(self, units: u64) -> Money {
        self.ahead(units) + self.per_day(units)
    }

    /// Whether it is paid by the month, in advance.
    pub(crate) fn is_monthly(self) -> bool {
        self.per == Per::Month
    }

    /// Whether it costs only while something flows.
    pub(crate) fn is_by_flow(self) -> bool {
        self.per == Per::Flow
    }

    fn times(self, units: u64) -> Money {
        let cents = self.milli.saturating_mul(units).saturating_add(5) / 10;
        Money::cents(i64::try_from(cents).unwrap_or(i64::MAX))
    }

    /// As the answers of the price Actions have it. There are no discounts here.
    #[expect(
        clippy::cast_precision_loss,
        reason = "a unit costs far less than 2^53 thousandths"
    )]
    pub(crate) fn json(self) -> Json {
        let price = self.milli as f64 / 1000.0;
        let cycle = match self.per {
            Per::Day => "/天",
            Per::Month => "/月",
            Per::Package | Per::Flow => "/GB",
        };
        json!({
            "Cycle": cycle, "Discount": 1, "DiscountStr": "无折扣", "Price": price, "PriceStr": price.to_string(),
            "Sign": "¥", "StdPrice": price, "StdPriceStr": price.to_string(), "Unit": self.unit,
        })
    }
}

/// What a reference table of the product calls a value in Chinese.
pub(crate) fn term(call: &Call, table: &str, value: &str) -> String {
    let known = call.table(table).iter().find(|known| known.value == value);
    known.map_or_else(
        || value.to_owned(),
        |known| known.term.clone().unwrap_or_else(|| known.label.clone()),
    )
}

fn wide_area_only(call: &Call) -> Result<(), Refusal> {
    let kind = call.params.text("Type").unwrap_or("wan");
    if kind == "wan" {
        Ok(())
    } else {
        Err(call.malformed("Type", "it must be wan"))
    }
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
    let (kind, scheme) = (
        call.params.required("BandwidthType"),
        call.params.required("BillScheme"),
    );
    call.in_table("Bandwidth", kind, || {
        call.malformed("BandwidthType", "it is not a type of bandwidth")
    })?;
    let rate = bandwidth(scheme).filter(|_| SCHEMES.iter().any(|(known, _)| *known == scheme));
    let rate = rate.ok_or_else(|| {
        call.malformed(
            "BillScheme",
            "it is not a billing scheme of public networks",
        )
    })?;
    Ok(json!({"Data": {"BandwidthPrice": rate.json(), "EIPPrice": ADDRESS.json()}}))
}
