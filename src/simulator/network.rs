//! Networks and their addresses.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;

/// A range of addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Range {
    first: u32,
    last: u32,
}

impl Range {
    /// From an address, host bits or not, and the bits of the mask.
    pub(crate) fn new(address: Ipv4Addr, bits: u32) -> Self {
        let hosts = u32::MAX.checked_shr(bits).unwrap_or(0);
        let first = u32::from(address) & !hosts;
        Self { first, last: first | hosts }
    }

    fn contains(self, address: Ipv4Addr) -> bool {
        (self.first..=self.last).contains(&u32::from(address))
    }
}

/// A public or private network of a VDC.
#[derive(Debug, Clone)]
pub(crate) struct Network {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) vdc_id: String,
    pub(crate) is_public: bool,
    pub(crate) range: Range,
}

impl Network {
    /// Whether a server can have this address: network, gateway and broadcast are nobody's.
    pub(crate) fn offers(&self, address: Ipv4Addr) -> bool {
        self.range.contains(address) && u32::from(address) > self.range.first + 1 && u32::from(address) < self.range.last
    }

    /// The addresses that are not taken, in order.
    pub(crate) fn free<'a>(
        &self,
        segment: Option<Range>,
        taken: &'a BTreeSet<Ipv4Addr>,
    ) -> impl Iterator<Item = Ipv4Addr> + use<'a> {
        let segment = segment.unwrap_or(self.range);
        let first = segment.first.max(self.range.first + 2);
        let last = segment.last.min(self.range.last - 1);
        (first..=last).map(Ipv4Addr::from).filter(|address| !taken.contains(address))
    }
}

#[cfg(test)]
mod tests {
    use super::{Network, Range};
    use std::collections::BTreeSet;
    use std::net::Ipv4Addr;

    #[test]
    fn free_addresses_leave_out_the_ends_and_what_is_taken() {
        let range = Range::new(Ipv4Addr::new(10, 0, 0, 9), 29);
        let network = Network { id: "n".into(), name: "n".into(), vdc_id: "v".into(), is_public: false, range };
        let taken = BTreeSet::from([Ipv4Addr::new(10, 0, 0, 11)]);
        let free: Vec<_> = network.free(None, &taken).map(|address| address.octets()[3]).collect();
        assert_eq!(free, [10, 12, 13, 14]);
        assert!(!network.offers(Ipv4Addr::new(10, 0, 0, 9)) && network.offers(Ipv4Addr::new(10, 0, 0, 14)));
    }
}
