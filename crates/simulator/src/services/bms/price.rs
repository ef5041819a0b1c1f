//! Offers, images and prices.

use super::state::{BMS, ChargeType, Compute, Offer};
use super::zone::has_bare_metal;
use crate::cloud::call::{Call, Handler};
use crate::cloud::money::Money;
use crate::cloud::refusal::Refusal;
use crate::cloud::state::Cloud;
use crate::cloud::term::Term;
use crate::services::billing::Use;
use crate::services::vdc::VDC;
use serde_json::{Map, Value as Json, json};

pub(super) const ACTIONS: &[(&str, Handler)] = &[
    ("DescribeBmsGoods", offerings),
    ("DescribeBmsGoodsPrice", price),
    ("DescribeBmsImage", images),
];

/// The most servers of an order.
pub(super) const MAX_AMOUNT: u64 = 100;

fn offerings(call: &mut Call) -> Result<Json, Refusal> {
    let has_some = has_bare_metal(call, call.params.required("RegionId"));
    let has_some = has_some.ok_or_else(|| call.malformed("RegionId", "it is not a zone"))?;
    let sold_as = |charge_type| -> Json {
        let offers = call.cloud[BMS]
            .offers
            .iter()
            .filter(|offer| offer.charge_types.contains(&charge_type));
        let offers: Vec<_> = offers.map(offer_json).collect();
        // The document says that a list without an offer may be null.
        if has_some && !offers.is_empty() {
            json!(offers)
        } else {
            Json::Null
        }
    };
    Ok(
        json!({"Data": {"PrePaid": sold_as(ChargeType::Prepaid), "PostPaid": sold_as(ChargeType::Postpaid)}}),
    )
}

fn offer_json(offer: &Offer) -> Json {
    let compute = |compute: &Compute| {
        let disks = compute.disks.iter();
        let disks = disks.map(|disk| json!({"Id": disk.id, "Type": disk.kind, "Capacity": disk.size, "Count": disk.count}));
        json!({
            "Id": compute.id,
            "CpuInfo": compute.processor,
            "Cpu": compute.cpu,
            "Ram": compute.ram,
            "Frequency": compute.frequency,
            "Disks": disks.collect::<Vec<_>>(),
        })
    };
    json!({"GoodsId": offer.goods_id, "GoodsName": offer.name, "Computes": offer.computes.iter().map(compute).collect::<Vec<_>>()})
}

/// The configuration that `GoodsId` and `ComputeId` name, if it is sold so and there.
pub(super) fn configuration<'a>(
    call: &'a Call,
    unknown_compute: &'static str,
) -> Result<&'a Compute, Refusal> {
    let params = call.params;
    let nothing = |why: String| Refusal::new("DataNotExists", why);
    let zone = params.required("RegionId");
    if has_bare_metal(call, zone) != Some(true) {
        return Err(nothing(format!("There is no bare metal in {zone:?}")));
    }
    let offering = params.count("GoodsId").unwrap_or(0);
    let offer = call.cloud[BMS]
        .offers
        .iter()
        .find(|offer| offer.goods_id == offering);
    let offer = offer.ok_or_else(|| nothing(format!("There is no offer {offering}")))?;
    let id = params.required("ComputeId");
    let compute = offer.computes.iter().find(|compute| compute.id == id);
    let compute = compute.ok_or_else(|| {
        Refusal::new(
            unknown_compute,
            format!("The offer {offering} has no configuration {id}"),
        )
    })?;
    let charge_type = params.required("InstanceChargeType");
    if !offer.charge_types.contains(&ChargeType::of(charge_type)) {
        return Err(nothing(format!(
            "The offer {offering} is not sold {charge_type}"
        )));
    }
    Ok(compute)
}

/// The term that `PrepaidMonth` names: 0 is to the end of this month.
pub(super) fn term(call: &Call) -> Term {
    let months = call
        .params
        .count("PrepaidMonth")
        .unwrap_or(0)
        .saturating_add(1);
    Term {
        months,
        to_month_end: true,
        charges_whole_months: false,
    }
}

/// What the wire's orders say of their price: for the term, or of a month's use.
pub(super) fn unit_price(call: &Call, charge_type: ChargeType, compute: &Compute) -> Money {
    match charge_type {
        ChargeType::Prepaid => term(call).price(call.cloud.now(), compute.month_price),
        ChargeType::Postpaid => compute.month_price,
    }
}

/// From its end on, when a server is there, it is metered if it is paid on demand: a thirtieth of a
/// month's price a day.
pub(super) fn meter(cloud: &mut Cloud, id: &str, credit: Option<u64>) {
    let Some(server) = cloud[BMS]
        .servers
        .get(id)
        .filter(|server| server.charge_type == ChargeType::Postpaid)
    else {
        return;
    };
    let per_day = Money::cents((server.month_price.in_cents() + 29) / 30);
    let zone = cloud[VDC]
        .vdcs
        .get(&server.vdc_id)
        .map_or("", |vdc| &vdc.region);
    let metered = Use::of(id, "cds.bms", "CreateBmsInstance", per_day)
        .named(&server.name, zone)
        .paid_by(credit);
    cloud.begin_use(metered);
}

fn price(call: &mut Call) -> Result<Json, Refusal> {
    let compute = configuration(call, "DataNotExists")?;
    // The table says that only what is paid by the month has a price here.
    if call.params.required("InstanceChargeType") != ChargeType::Prepaid.text() {
        return Err(Refusal::new(
            "DataNotExists",
            "Only the price of PrePaid servers can be asked for",
        ));
    }
    let amount = call
        .params
        .count("Amount")
        .filter(|amount| (1..=MAX_AMOUNT).contains(amount));
    let amount =
        amount.ok_or_else(|| Refusal::new("DataNotExists", "Amount must be from 1 to 100"))?;
    if term(call).end(call.cloud.now()).is_none() {
        return Err(Refusal::new("DataNotExists", "PrepaidMonth is too large"));
    }
    let unit = unit_price(call, ChargeType::Prepaid, compute);
    Ok(
        json!({"Data": {"TradeAmount": (unit * amount).text(), "UnitPrice": unit.text(), "Currency": "CN"}}),
    )
}

#[expect(clippy::unnecessary_wraps, reason = "handlers have one form")]
fn images(call: &mut Call) -> Result<Json, Refusal> {
    let (kind, family) = (call.params.text("ImageType"), call.params.text("OsType"));
    let mut families = Map::new();
    for image in call.cloud[BMS].images.iter() {
        let own_kind = if image.is_private {
            "private"
        } else {
            "public"
        };
        let fits = kind.is_none_or(|kind| kind == own_kind)
            && family.is_none_or(|family| family.eq_ignore_ascii_case(&image.family));
        if let Some(list) = fits
            .then(|| {
                families
                    .entry(image.family.clone())
                    .or_insert_with(|| json!([]))
            })
            .and_then(Json::as_array_mut)
        {
            list.push(json!({"Id": image.id, "Name": image.name, "Type": own_kind}));
        }
    }
    Ok(json!({"Data": families}))
}
