//! An order of servers, for its price.

use super::payment::{self, PREPAID};
use super::state::Disk;
use super::tariff::month;
use crate::cloud::money::Money;
use crate::cloud::params::Params;
use jiff::Timestamp;

/// An order of servers, for its price.
pub(super) struct ServerOrder<'a> {
    params: Params<'a>,
    /// What one server costs a month.
    pub(super) month_price: Money,
    amount: u64,
    pub(super) is_prepaid: bool,
}

impl<'a> ServerOrder<'a> {
    pub(super) fn of(params: Params<'a>, system_size: u64, disks: &[Disk]) -> Self {
        let system_packages = params
            .object("SystemDisk")
            .and_then(|disk| disk.count("IOPS"))
            .unwrap_or(0);
        let storage = disks
            .iter()
            .fold(system_size, |sum, disk| sum.saturating_add(disk.size));
        let packages = disks.iter().fold(system_packages, |sum, disk| {
            sum.saturating_add(disk.packages)
        });
        Self {
            params,
            month_price: month(
                params.count("Cpu").unwrap_or(1),
                params.count("Ram").unwrap_or(1),
                storage,
                packages,
            ),
            amount: params.count("Amount").unwrap_or(1),
            is_prepaid: params.text("InstanceChargeType") == Some(PREPAID),
        }
    }

    /// Of the term for a prepaid order, otherwise of a month's use.
    pub(super) fn price(&self, now: Timestamp) -> Money {
        let month = self.month_price * self.amount;
        if self.is_prepaid {
            payment::term(self.params).price(now, month)
        } else {
            month
        }
    }
}
