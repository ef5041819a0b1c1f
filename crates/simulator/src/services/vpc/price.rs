//! What bandwidth of VPCs is sold, and for how much.

use crate::cloud::call::{Call, Handler};
use crate::cloud::refusal::Refusal;
use crate::services::vdc::price;
use serde_json::{Value as Json, json};

pub(super) const ACTIONS: &[(&str, Handler)] = &[
    ("VPCBandWidthBillingScheme", schemes),
    ("VPCBandWidthUnitPrice", unit_price),
];

/// The kinds of bandwidth with their Chinese names, and the tables of their billing schemes.
const KINDS: &[(&str, &str, &str)] = &[
    ("Bandwidth", "EIP带宽", "EipBillScheme"),
    ("Bandwidth_Shared", "共享带宽", "SharedBandwidthBillScheme"),
];

/// What an EIP costs beside its bandwidth.
pub(super) const EIP: price::Rate = price::ADDRESS;

/// The Chinese name of a carrier.
pub(super) fn carrier_name(call: &Call, carrier: &str) -> String {
    price::term(call, "VpcBandwidth", carrier)
}

/// The Chinese name of a billing scheme, of an EIP or shared.
pub(super) fn scheme_name(call: &Call, scheme: &str) -> String {
    let table = if scheme.ends_with("_Shared") {
        "SharedBandwidthBillScheme"
    } else {
        "EipBillScheme"
    };
    price::term(call, table, scheme)
}

impl Call<'_> {
    /// What a unit of bandwidth costs under the scheme of `BillScheme`, which must be one of a
    /// table's.
    pub(super) fn rate(&self, table: &str) -> Result<price::Rate, Refusal> {
        let scheme = self.params.required("BillScheme");
        let unknown = || {
            self.malformed(
                "BillScheme",
                &format!("{scheme:?} is not a billing scheme here"),
            )
        };
        self.in_table(table, scheme, unknown)?;
        price::bandwidth(scheme).ok_or_else(unknown)
    }
}

fn place(call: &Call) -> Result<(), Refusal> {
    let region = call.region()?;
    call.zone_in(call.params.required("AvailableZoneCode"), region)
}

fn schemes(call: &mut Call) -> Result<Json, Refusal> {
    place(call)?;
    let kind = call.params.text("Type").unwrap_or_default();
    let kinds: Vec<_> = KINDS
        .iter()
        .filter(|(own, _, _)| kind.is_empty() || *own == kind)
        .collect();
    if kinds.is_empty() {
        return Err(call.malformed("Type", "it must be Bandwidth or Bandwidth_Shared"));
    }
    let schemes = kinds.into_iter().flat_map(|(kind, kind_name, table)| {
        call.table(table).iter().map(move |scheme| {
            json!({
                "BillingScheme": scheme.value,
                "BillingSchemeName": scheme.term,
                "ResourceType": kind,
                "ResourceTypeName": kind_name,
            })
        })
    });
    let schemes: Vec<_> = schemes.collect();
    let carriers = call
        .table("VpcBandwidth")
        .iter()
        .map(|carrier| json!({"BandwidthType": carrier.value, "BandwidthTypeName": carrier.term, "BillingSchemeList": schemes}));
    Ok(json!({"Data": carriers.collect::<Vec<_>>()}))
}

fn unit_price(call: &mut Call) -> Result<Json, Refusal> {
    place(call)?;
    call.carrier("BandwidthType", call.params.required("BandwidthType"))?;
    let kind = KINDS
        .iter()
        .find(|(kind, _, _)| *kind == call.params.required("Type"));
    let (_, _, table) =
        kind.ok_or_else(|| call.malformed("Type", "it must be Bandwidth or Bandwidth_Shared"))?;
    Ok(json!({"Data": {"BandwidthPrice": call.rate(table)?.json(), "EIPPrice": EIP.json()}}))
}
