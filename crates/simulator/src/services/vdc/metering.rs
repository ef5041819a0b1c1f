//! What public networks, their addresses and GPNs cost while they are there.

use super::price::{self, Rate};
use super::state::{Bandwidth, Gpn, Network, Segment, VDC};
use crate::cloud::money::Money;
use crate::cloud::state::Cloud;
use crate::services::billing::Use;

impl Bandwidth {
    /// What a unit of it costs.
    pub(super) fn rate(&self) -> Option<Rate> {
        price::bandwidth(&self.billing)
    }

    fn per_day(&self, is_in_use: bool) -> Money {
        let rate = self.rate().filter(|rate| is_in_use || !rate.is_by_flow());
        rate.map_or(Money::ZERO, |rate| {
            rate.per_day(self.qos.saturating_sub(self.free))
        })
    }

    /// What another size costs more, by one of the rate's prices.
    pub(super) fn more(&self, qos: u64, price: fn(Rate, u64) -> Money) -> Money {
        self.rate()
            .map_or(Money::ZERO, |rate| price(rate, qos) - price(rate, self.qos))
    }
}

impl Segment {
    fn per_day(&self) -> Money {
        if self.is_free {
            Money::ZERO
        } else {
            price::ADDRESS.per_day(self.range.whole_size())
        }
    }
}

impl Gpn {
    fn per_day(&self) -> Money {
        let points = self.networks.len() + self.subnets.len() + self.pops.len();
        price::ACCESS_POINT.per_day(self.qos.saturating_mul(points as u64))
    }
}

impl Cloud {
    /// A public network is there, or has changed: it and each of its ranges cost what they cost
    /// now. A credit pays for what had no price before; a range that comes later is paid as its
    /// network is.
    pub(super) fn meter_network(&mut self, id: &str, credit: Option<u64>) {
        let Some(network) = self[VDC].networks.get(id) else {
            return;
        };
        let Some(bandwidth) = network.bandwidth() else {
            return;
        };
        let zone = self[VDC]
            .vdcs
            .get(&network.vdc_id)
            .map_or("", |vdc| &vdc.region);
        let credit = credit.or_else(|| self.credit_of(network));
        let own = Use::of(
            &network.id,
            "cds.vdc",
            "CreatePublicNetwork",
            bandwidth.per_day(self.addresses.count(id) > 0),
        )
        .named(&network.name, zone);
        let ranges = network.segments.iter().filter(|segment| segment.is_there());
        let ranges = ranges.map(|segment| {
            Use::of(&segment.id, "cds.vdc", "AddPublicIp", segment.per_day()).named("ip", zone)
        });
        for metered in std::iter::once(own).chain(ranges).collect::<Vec<_>>() {
            self.meter(metered.paid_by(credit));
        }
    }

    /// Nothing flows in a network while nothing has an address of it: where traffic counts, it
    /// costs from now on, or no more.
    pub(crate) fn meter_flows(&mut self) {
        for network in self.addresses.turned() {
            self.meter_network(&network, None);
        }
    }

    /// The credit that pays for a network or for one of its ranges.
    fn credit_of(&self, network: &Network) -> Option<u64> {
        let ids =
            std::iter::once(&network.id).chain(network.segments.iter().map(|segment| &segment.id));
        ids.filter_map(|id| self.use_of(id))
            .find_map(|metered| metered.credit)
    }

    /// A GPN is there, or has changed, and costs what it costs now.
    pub(super) fn meter_gpn(&mut self, id: &str, credit: Option<u64>) {
        let Some(gpn) = self[VDC].gpns.get(id) else {
            return;
        };
        let metered = Use::of(id, "cds.vdc", "CreateGPN", gpn.per_day())
            .named(&gpn.name, "")
            .paid_by(credit);
        self.meter(metered);
    }

    /// Takes a network away; what it and its ranges have cost is paid.
    pub(super) fn remove_network(&mut self, id: &str) {
        let Some(network) = self[VDC].networks.remove(id) else {
            return;
        };
        self.end_use(id);
        for segment in network.segments.iter().filter(|_| network.is_public()) {
            self.end_use(&segment.id);
        }
    }
}

/// Finds out what an account out of a file lacks: the use of its public networks, their ranges and
/// its GPNs.
pub(crate) fn index(cloud: &mut Cloud) {
    let is_there = |id: &&str| cloud.tasks.state_of(id) != Some("creating");
    let networks: Vec<_> = cloud[VDC]
        .networks
        .iter()
        .map(|network| network.id.as_str())
        .filter(is_there)
        .map(str::to_owned)
        .collect();
    let gpns: Vec<_> = cloud[VDC]
        .gpns
        .iter()
        .map(|gpn| gpn.id.as_str())
        .filter(is_there)
        .map(str::to_owned)
        .collect();
    for network in networks {
        cloud.meter_network(&network, None);
    }
    for gpn in gpns {
        cloud.meter_gpn(&gpn, None);
    }
}
