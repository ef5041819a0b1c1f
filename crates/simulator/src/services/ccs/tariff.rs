//! What servers cost. The document gives no tariff; this one is made up, and fixed.

use crate::cloud::money::Money;

/// What a month of a server costs whose disks have so many GB and packages of IOPS together.
pub(super) fn month(cpu: u64, ram: u64, storage: u64, packages: u64) -> Money {
    // A call may order more than can be counted.
    let cents = [(cpu, 3000), (ram, 1500), (storage, 30), (packages, 500)];
    let cents = cents.into_iter().fold(0, |sum: u64, (units, price)| {
        sum.saturating_add(units.saturating_mul(price))
    });
    Money::cents(u32::try_from(cents).unwrap_or(u32::MAX).into())
}

/// What a day costs of what costs so much a month; nothing where that is not above zero.
pub(super) fn day(month: Money) -> Money {
    Money::cents((month.in_cents().max(0) + 29) / 30)
}
