//! An order of a public network: its bandwidth and its first addresses.

use super::price;
use super::state::Bandwidth;
use crate::cloud::call::Call;
use crate::cloud::money::Money;
use crate::cloud::params::Params;
use crate::cloud::refusal::Refusal;

/// Codes that `CreatePublicNetwork` names beside those of the appendix.
const OLD_TYPES: &[&str] = &["BGP_4", "BGP_2", "ChinaTelecom", "AntiDDOS"];

/// What is ordered.
pub(super) struct NetworkOrder {
    pub(super) name: String,
    pub(super) bandwidth: Bandwidth,
    pub(super) addresses: Addresses,
}

impl NetworkOrder {
    /// Reads the fields of a public network, which two Actions have.
    pub(super) fn of(call: &Call, fields: Params) -> Result<Self, Refusal> {
        let kind = fields.text("Type").unwrap_or_default();
        if !OLD_TYPES.contains(&kind) {
            call.in_table("Bandwidth", kind, || {
                call.malformed("Type", "it is not a type of bandwidth")
            })?;
        }
        let billing = match fields.text("BillingMethod").unwrap_or("Bandwidth") {
            "Bandwidth" | "BandwIdth" => "BandwIdth",
            known @ ("Traffic" | "DataPackage" | "Bandwidth_95") => known,
            _ => return Err(call.malformed("BillingMethod", "it is not a billing method")),
        };
        let qos = in_limits(call, billing, fields.int("Qos"))?;
        let float = fields
            .count("FloatBandwidth")
            .or(fields.count("FloatBandwich"))
            .filter(|float| *float > 0);
        let float = (billing == "Bandwidth_95").then(|| float.unwrap_or(qos + qos / 5));
        if float.is_some_and(|float| float < qos) {
            return Err(call.malformed("FloatBandwidth", "the ceiling is below Qos"));
        }
        Ok(Self {
            name: fields
                .text("Name")
                .filter(|name| !name.is_empty())
                .unwrap_or("公网1")
                .to_owned(),
            bandwidth: Bandwidth {
                kind: kind.to_owned(),
                billing: billing.to_owned(),
                qos,
                free: 0,
                float,
                busy_qos: fields.count("BusyQos"),
                busy_float: fields.count("BusyFloatBandwidth"),
                auto_renew: fields.int("AutoRenew").unwrap_or(1) == 1,
            },
            addresses: Addresses::of(call, "IPNum", fields.int("IPNum"))?,
        })
    }

    /// What is paid when it is ordered.
    pub(super) fn ahead(&self) -> Money {
        self.bandwidth
            .rate()
            .map_or(Money::ZERO, |rate| rate.ahead(self.bandwidth.qos))
    }

    /// What the account must be able to pay.
    pub(super) fn to_begin(&self) -> Money {
        self.bandwidth
            .rate()
            .map_or(Money::ZERO, |rate| rate.to_begin(self.bandwidth.qos))
            + self.addresses.per_day()
    }
}

/// The size of a bandwidth as the document limits it: fixed up to 500 in steps of 5, 95th
/// percentile in steps of 50, a package up to 51200 GB. It gives no limit for traffic on demand;
/// that of the goods on sale is taken.
pub(super) fn in_limits(call: &Call, billing: &str, qos: Option<i64>) -> Result<u64, Refusal> {
    let (most, step) = match billing {
        "DataPackage" => (51_200, 1),
        "Bandwidth_95" => (500, 50),
        "Traffic" => (500, 1),
        _ => (500, 5),
    };
    let qos = qos
        .and_then(|qos| u64::try_from(qos).ok())
        .filter(|qos| (1..=most).contains(qos) && qos % step == 0);
    qos.ok_or_else(|| {
        call.malformed(
            "Qos",
            &format!("it must be at most {most}, in steps of {step}"),
        )
    })
}

/// So many public addresses as can be bought at once.
#[derive(Debug, Clone, Copy)]
pub(super) struct Addresses {
    count: u64,
    /// The mask of a range of them.
    pub(super) bits: u8,
}

impl Addresses {
    pub(super) fn of(call: &Call, name: &str, count: Option<i64>) -> Result<Self, Refusal> {
        let bits = match count {
            Some(4) => 30,
            Some(8) => 29,
            Some(16) => 28,
            Some(32) => 27,
            Some(64) => 26,
            _ => return Err(call.malformed(name, "it must be 4, 8, 16, 32 or 64")),
        };
        Ok(Self {
            count: 1 << (32 - u32::from(bits)),
            bits,
        })
    }

    pub(super) fn per_day(self) -> Money {
        price::ADDRESS.per_day(self.count)
    }
}
