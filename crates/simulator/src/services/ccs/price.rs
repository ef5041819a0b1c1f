//! Prices. The document gives no tariff; this one is made up, and fixed.

use super::image::Image;
use super::payment::{self, PREPAID};
use super::state::Disk;
use super::{Call, Handler};
use crate::cloud::money::Money;
use crate::cloud::params::Params;
use crate::cloud::refusal::Refusal;
use jiff::Timestamp;
use serde_json::{Value as Json, json};

pub(super) const ACTIONS: &[(&str, Handler)] = &[("DescribeInstancePrice", price)];

/// What a month of a server costs whose disks have so many GB and packages of IOPS together.
pub(super) fn month(cpu: u64, ram: u64, storage: u64, packages: u64) -> Money {
    // A call may order more than can be counted.
    let cents = [(cpu, 3000), (ram, 1500), (storage, 30), (packages, 500)];
    let cents = cents.into_iter().fold(0, |sum: u64, (units, price)| sum.saturating_add(units.saturating_mul(price)));
    Money::cents(u32::try_from(cents).unwrap_or(u32::MAX).into())
}

/// What a day costs of what costs so much a month; nothing where that is not above zero.
pub(super) fn day(month: Money) -> Money {
    Money::cents((month.in_cents().max(0) + 29) / 30)
}

/// An order of servers, for its price.
pub(super) struct Order<'a> {
    params: Params<'a>,
    /// What one server costs a month.
    pub(super) month_price: Money,
    amount: u64,
    pub(super) is_prepaid: bool,
}

impl<'a> Order<'a> {
    pub(super) fn of(params: Params<'a>, system_size: u64, disks: &[Disk]) -> Self {
        let system_packages = params.object("SystemDisk").and_then(|disk| disk.count("IOPS")).unwrap_or(0);
        let storage = disks.iter().fold(system_size, |sum, disk| sum.saturating_add(disk.size));
        let packages = disks.iter().fold(system_packages, |sum, disk| sum.saturating_add(disk.packages));
        Self {
            params,
            month_price: month(params.count("Cpu").unwrap_or(1), params.count("Ram").unwrap_or(1), storage, packages),
            amount: params.count("Amount").unwrap_or(1),
            is_prepaid: params.text("InstanceChargeType") == Some(PREPAID),
        }
    }

    /// Of the term for a prepaid order, else of a month's use.
    pub(super) fn price(&self, now: Timestamp) -> Money {
        let month = self.month_price * self.amount;
        if self.is_prepaid { payment::term(self.params).price(now, month) } else { month }
    }
}

fn price(call: &mut Call) -> Result<Json, Refusal> {
    call.zone("RegionId")?;
    let params = call.params;
    super::create::instance_type(call)?;
    let image = Image::of(call, params.required("ImageId"), params.required("RegionId"))?;
    let system = params.object("SystemDisk").and_then(|disk| disk.count("Size")).filter(|size| *size > 0).unwrap_or(image.size);
    let disks = super::create::data_disks(call, &image)?;
    let price = Order::of(params, system, &disks).price(call.world.now());
    Ok(json!({"Message": "success", "Data": {"TotalPrice": price.json()}}))
}
