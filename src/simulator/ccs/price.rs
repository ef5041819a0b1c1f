//! Prices. The document gives no tariff; this one is made up, and fixed.

use super::state::Disk;
use super::{Call, Handler};
use crate::simulator::money::Money;
use crate::simulator::params::Params;
use crate::simulator::refusal::Refusal;
use serde_json::{Value as Json, json};

pub(super) const ACTIONS: &[(&str, Handler)] = &[("DescribeInstancePrice", price)];

/// An order of servers, for its price.
pub(super) struct Order {
    cpu: u64,
    ram: u64,
    /// In GB, all disks together.
    storage: u64,
    packages: u64,
    amount: u64,
    months: u64,
    pub(super) is_prepaid: bool,
}

impl Order {
    pub(super) fn of(params: Params, system_size: u64, disks: &[Disk]) -> Self {
        let system_packages = params.object("SystemDisk").and_then(|disk| disk.count("IOPS")).unwrap_or(0);
        Self {
            cpu: params.count("Cpu").unwrap_or(1),
            ram: params.count("Ram").unwrap_or(1),
            storage: disks.iter().fold(system_size, |sum, disk| sum.saturating_add(disk.size)),
            packages: disks.iter().fold(system_packages, |sum, disk| sum.saturating_add(disk.packages)),
            amount: params.count("Amount").unwrap_or(1),
            months: params.count("PrepaidMonth").unwrap_or(0).max(1),
            is_prepaid: params.text("InstanceChargeType") == Some("PrePaid"),
        }
    }

    /// Of the months for a prepaid order, else of a month's use.
    pub(super) fn price(&self) -> Money {
        // A call may order more than can be counted.
        let cents = [(self.cpu, 3000), (self.ram, 1500), (self.storage, 30), (self.packages, 500)];
        let cents = cents.into_iter().fold(0, |sum: u64, (units, price)| sum.saturating_add(units.saturating_mul(price)));
        let months = if self.is_prepaid { self.months } else { 1 };
        let cents = u32::try_from(cents.saturating_mul(self.amount).saturating_mul(months)).unwrap_or(u32::MAX);
        Money::cents(cents.into())
    }
}

fn price(call: &mut Call) -> Result<Json, Refusal> {
    call.zone("RegionId")?;
    let params = call.params;
    let system = params.object("SystemDisk").and_then(|disk| disk.count("Size")).unwrap_or(20);
    let disks = params.objects("DataDisks").into_iter().map(|disk| super::create::data_disk(call, disk));
    let disks = disks.collect::<Result<Vec<_>, _>>()?;
    Ok(json!({"Message": "success", "Data": {"TotalPrice": Order::of(params, system, &disks).price().json()}}))
}
