//! What EIPs and bandwidths cost while they are there: by the day, by what flows, or by the month.

use super::state::{Bandwidth, Line, VPC};
use crate::cloud::money::Money;
use crate::cloud::state::Cloud;
use crate::cloud::term::Term;
use crate::services::billing::Use;
use crate::services::vdc::price::{self, Rate};
use jiff::Timestamp;

/// What a bandwidth is listed as in a bill, also one that came with its EIP.
pub(super) const BANDWIDTH: &str = "CreateBandwidth";

/// A month of a bandwidth; it renews itself as long as the bandwidth is there, as no Action says
/// otherwise.
const MONTH: Term = Term {
    months: 1,
    to_month_end: false,
    charges_whole_months: false,
};

impl Bandwidth {
    /// What a unit of it costs.
    pub(super) fn rate(&self) -> Option<Rate> {
        price::bandwidth(&self.scheme)
    }

    /// What another size costs more, by one of the rate's prices.
    pub(super) fn more(&self, qos: u64, price: fn(Rate, u64) -> Money) -> Money {
        self.rate()
            .map_or(Money::ZERO, |rate| price(rate, qos) - price(rate, self.qos))
    }

    /// What it costs a day beside what is paid in advance.
    fn per_day(&self, is_in_use: impl FnOnce() -> bool) -> Money {
        let rate = self.rate().filter(|rate| !rate.is_by_flow() || is_in_use());
        rate.map_or(Money::ZERO, |rate| rate.per_day(self.qos))
    }

    fn metered(&self, name: &str, is_in_use: impl FnOnce() -> bool) -> Use {
        let zone = if self.zone.is_empty() {
            &self.region
        } else {
            &self.zone
        };
        Use::of(&self.id, "cds.vpc", BANDWIDTH, self.per_day(is_in_use))
            .named(name, zone)
            .paid_by(self.credit)
    }
}

/// Until when a bandwidth is paid that is ordered now.
pub(super) fn paid_until(rate: Rate, now: Timestamp) -> Option<Timestamp> {
    if rate.is_monthly() {
        MONTH.end(now)
    } else {
        None
    }
}

impl Cloud {
    /// An EIP is there, or has changed: it and its own bandwidth, or the shared one that it is in,
    /// cost what they cost now.
    pub(super) fn meter_eip(&mut self, id: &str, credit: Option<u64>) {
        let Some(eip) = self[VPC].eips.get(id) else {
            return;
        };
        // What is not there yet costs nothing.
        if self.tasks.state_of(id) == Some("creating") {
            return;
        }
        let name = eip.address.to_string();
        let zone = if eip.zone.is_empty() {
            &eip.region
        } else {
            &eip.zone
        };
        let address =
            Use::of(id, "cds.vpc", "CreateEIP", super::price::EIP.per_day(1)).named(&name, zone);
        let line = match &eip.bandwidth {
            Line::Own(own) => Ok(own.metered(&name, || eip.bound.is_some())),
            Line::Shared(bandwidth) => Err(bandwidth.clone()),
        };
        self.meter(address.paid_by(credit));
        match line {
            Ok(own) => self.meter(own),
            Err(shared) => self.meter_bandwidth(&shared),
        }
    }

    /// A shared bandwidth is there, or has changed, and costs what it costs now.
    pub(super) fn meter_bandwidth(&mut self, id: &str) {
        let Some(bandwidth) = self[VPC].bandwidths.get(id) else {
            return;
        };
        let is_in_it = |line: &Line| matches!(line, Line::Shared(own) if own == id);
        let is_in_use = || {
            self[VPC]
                .eips
                .iter()
                .any(|eip| eip.bound.is_some() && is_in_it(&eip.bandwidth))
        };
        let metered = bandwidth.metered(&bandwidth.name, is_in_use);
        self.meter(metered);
    }

    /// Notes a month that has been paid.
    pub(super) fn expect_end_of_bandwidth(&mut self, end: Option<Timestamp>) {
        let Some(end) = end else { return };
        self[VPC].next_end = Some(self[VPC].next_end.map_or(end, |next| next.min(end)));
    }
}

/// Finds out what an account out of a file lacks: the use of its EIPs and bandwidths, and when the
/// next paid month ends.
pub(super) fn index(cloud: &mut Cloud) {
    let eips: Vec<_> = cloud[VPC].eips.iter().map(|eip| eip.id.clone()).collect();
    for eip in eips {
        cloud.meter_eip(&eip, None);
    }
    let bandwidths: Vec<_> = cloud[VPC]
        .bandwidths
        .iter()
        .map(|bandwidth| bandwidth.id.clone())
        .collect();
    for bandwidth in bandwidths {
        cloud.meter_bandwidth(&bandwidth);
    }
    note_next_end(cloud);
}

/// Pays the months of bandwidths that have begun by now. What the balance does not cover is owed,
/// and paid once it does.
pub(crate) fn renew(cloud: &mut Cloud) {
    let now = cloud.now();
    if cloud[VPC].next_end.is_none_or(|end| now < end) {
        return;
    }
    let Cloud { states, wallet, .. } = &mut *cloud;
    let vpc = &mut states[VPC];
    let own = vpc
        .eips
        .iter_mut()
        .filter_map(|eip| match &mut eip.bandwidth {
            Line::Own(own) => Some(own),
            Line::Shared(_) => None,
        });
    for bandwidth in own.chain(vpc.bandwidths.iter_mut()) {
        let price = bandwidth
            .rate()
            .map_or(Money::ZERO, |rate| rate.ahead(bandwidth.qos));
        if let Some(end) = bandwidth.paid_until.filter(|end| *end <= now) {
            bandwidth.paid_until =
                Some(MONTH.renew(wallet, end, now, price, "cds.vpc", &bandwidth.id));
        }
    }
    note_next_end(cloud);
}

fn note_next_end(cloud: &mut Cloud) {
    let own = cloud[VPC]
        .eips
        .iter()
        .filter_map(|eip| match &eip.bandwidth {
            Line::Own(own) => own.paid_until,
            Line::Shared(_) => None,
        });
    cloud[VPC].next_end = own
        .chain(
            cloud[VPC]
                .bandwidths
                .iter()
                .filter_map(|bandwidth| bandwidth.paid_until),
        )
        .min();
}
