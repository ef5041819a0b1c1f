//! Prices. The document gives no tariff; this one is made up, and fixed.

use super::arguments::is_prepaid;
use super::disk::{self, Wish};
use super::family;
use super::state::{Billing, ECS, Server};
use crate::cloud::call::{Call, Handler};
use crate::cloud::money::Money;
use crate::cloud::refusal::Refusal;
use crate::cloud::state::Cloud;
use crate::cloud::term::CHINA;
use crate::services::billing::Use;
use jiff::civil::Date;
use jiff::{Span, Timestamp};
use serde_json::{Value as Json, json};

pub(super) const ACTIONS: &[(&str, Handler)] = &[("DescribePrice", describe)];

/// What a CPU, a GiB of memory, a GPU, and a GB of local and of cloud disk cost a day.
const CPU: Money = Money::cents(96);
const RAM: Money = Money::cents(48);
const GPU: Money = Money::cents(2400);
const LOCAL_GB: Money = Money::cents(1);
const CLOUD_GB: Money = Money::cents(2);
/// How many days a prepaid month and a prepaid year cost.
const DAYS_OF_MONTH: u64 = 25;
const DAYS_OF_YEAR: u64 = 255;

/// What a cloud disk of so many GB costs a day.
pub(crate) fn per_day_of_disk(size: u64) -> Money {
    CLOUD_GB * size
}

/// The price of so many cloud disks for a day.
pub(crate) fn disk_price(size: u64, number: u64) -> Money {
    per_day_of_disk(size) * number
}

/// What a server costs a day, without its cloud disks.
fn per_day((cpu, ram, gpu): (u64, u64, u64), local: u64) -> Money {
    CPU * cpu + RAM * ram + GPU * gpu + LOCAL_GB * local
}

/// What a server that is there costs a day, without its cloud disks.
pub(super) fn per_day_of_server(server: &Server) -> Money {
    per_day(
        (server.cpu, server.ram, server.gpu),
        server.local_disks.iter().map(|disk| disk.size).sum(),
    )
}

/// What a server would cost more a day if it had another size.
pub(super) fn more_per_day(server: &Server, size: (u64, u64, u64)) -> Money {
    let resized = Server {
        cpu: size.0,
        ram: size.1,
        gpu: size.2,
        ..server.clone()
    };
    per_day_of_server(&resized) - per_day_of_server(server)
}

/// What one server with all its disks costs a day.
pub(super) fn per_day_with_disks<'a>(
    size: (u64, u64, u64),
    disks: impl Iterator<Item = &'a Wish>,
) -> Money {
    let of_disk = |disk: &Wish| {
        if disk.is_local {
            LOCAL_GB * disk.size
        } else {
            per_day_of_disk(disk.size)
        }
    };
    per_day(size, 0) + disks.map(of_disk).sum()
}

/// From now on a server that is there, or has changed, is metered if it is paid on demand.
pub(super) fn meter_server(cloud: &mut Cloud, id: &str, credit: Option<u64>) {
    let Some(server) = cloud[ECS]
        .servers
        .get(id)
        .filter(|server| server.billing == Billing::OnDemand)
    else {
        return;
    };
    let metered = Use::of(id, "cds.ecs", "CreateInstance", per_day_of_server(server));
    let metered = metered.named(&server.name, &server.zone).paid_by(credit);
    cloud.meter(metered);
}

/// How long prepaid servers are paid for, and what of a month's or a year's price that costs.
pub(super) struct Term {
    pub(super) months: u64,
    pub(super) until: Timestamp,
    /// Days of the first month that are paid, and how many it has.
    first: (u64, u64),
}

impl Term {
    pub(super) fn of(call: &Call) -> Result<Self, Refusal> {
        let months = call.params.count("Duration").unwrap_or(1);
        if months > 12 && !months.is_multiple_of(12) || months > 36 {
            return Err(call.malformed("Duration", "it must be 1 to 12 months, or 24 or 36"));
        }
        let to_month = call.params.count("IsToMonth") != Some(0) && months < 12;
        let too_late = |_| call.malformed("Duration", "it is too long");
        let now = call.cloud.now().to_zoned(CHINA.to_time_zone());
        let ahead = |months: u64| {
            Span::new()
                .try_months(i64::try_from(months).unwrap_or(i64::MAX))
                .map_err(too_late)
        };
        if !to_month {
            let until = now
                .checked_add(ahead(months)?)
                .map_err(too_late)?
                .timestamp();
            return Ok(Self {
                months,
                until,
                first: (1, 1),
            });
        }
        let today: Date = now.date();
        let end = today
            .first_of_month()
            .checked_add(ahead(months)?)
            .map_err(too_late)?;
        let until = end
            .to_zoned(CHINA.to_time_zone())
            .map_err(too_late)?
            .timestamp();
        let days = |count: i8| u64::try_from(count).unwrap_or(1);
        Ok(Self {
            months,
            until,
            first: (
                days(today.days_in_month() - today.day() + 1),
                days(today.days_in_month()),
            ),
        })
    }

    /// Whole months that follow on a term; none where that is beyond the calendar.
    pub(super) fn from(end: Timestamp, months: u64) -> Option<Self> {
        let months = months.max(1);
        let span = Span::new().try_months(i64::try_from(months).ok()?).ok()?;
        let until = end
            .to_zoned(CHINA.to_time_zone())
            .checked_add(span)
            .ok()?
            .timestamp();
        Some(Self {
            months,
            until,
            first: (1, 1),
        })
    }

    /// The price of the term for what costs so much a day.
    pub(super) fn price(&self, per_day: Money) -> Money {
        if self.months >= 12 {
            return per_day * DAYS_OF_YEAR * (self.months / 12);
        }
        let month = per_day * DAYS_OF_MONTH;
        let (paid, days) = self.first;
        let cents = month
            .in_cents()
            .saturating_mul(i64::try_from(paid).unwrap_or(1))
            / i64::try_from(days).unwrap_or(1);
        month * (self.months - 1) + Money::cents(cents)
    }
}

fn describe(call: &mut Call) -> Result<Json, Refusal> {
    call.edge_zone("AvailableZoneCode")?;
    let size = family::size(call)?;
    let (system, disks) = disk::wishes(call, "SystemDiskInfo", "DataDiskInfo", 0)?;
    let per_day = per_day_with_disks(size, std::iter::once(&system).chain(&disks));
    let number = call.params.count("Number").unwrap_or(1);
    let (unit, price) = if is_prepaid(call)? {
        let term = Term::of(call)?;
        (
            if term.months < 12 { "月" } else { "年" },
            term.price(per_day),
        )
    } else {
        ("天", per_day)
    };
    Ok(
        json!({"Data": {"PriceUnit": unit, "PriceSymbol": "¥", "TotalPrice": (price * number).json()}}),
    )
}
