//! Ranges of addresses, and which addresses of the networks are taken.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::net::Ipv4Addr;
use std::str::FromStr;

/// A range of addresses, written as `10.0.0.0/24`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Range {
    first: u32,
    bits: u8,
}

impl Range {
    /// From an address, host bits or not, and the bits of the mask, 32 at most.
    pub(crate) fn new(address: Ipv4Addr, bits: u8) -> Self {
        let bits = bits.min(32);
        Self {
            first: u32::from(address) & !hosts(bits),
            bits,
        }
    }

    /// The network's own address.
    pub(crate) fn address(self) -> Ipv4Addr {
        self.first.into()
    }

    /// The last address, which is the network's broadcast address.
    pub(crate) fn broadcast(self) -> Ipv4Addr {
        self.last().into()
    }

    /// The bits of the mask.
    pub(crate) fn bits(self) -> u8 {
        self.bits
    }

    pub(crate) fn contains(self, address: Ipv4Addr) -> bool {
        (self.first..=self.last()).contains(&u32::from(address))
    }

    /// Whether all of another range is in this one.
    pub(crate) fn covers(self, other: Self) -> bool {
        self.first <= other.first && other.last() <= self.last()
    }

    /// Whether the two have an address in common.
    pub(crate) fn overlaps(self, other: Self) -> bool {
        self.first <= other.last() && other.first <= self.last()
    }

    /// The addresses between the network's own and its broadcast address, the gateway's among them.
    pub(crate) fn hosts(self) -> impl DoubleEndedIterator<Item = Ipv4Addr> {
        (self.first.saturating_add(1)..=self.last_host()).map(Ipv4Addr::from)
    }

    /// The first range of a size in this one that has nothing in common with those in use.
    pub(crate) fn gap(self, bits: u8, used: impl Iterator<Item = Self>) -> Option<Self> {
        let mut used: Vec<_> = used.filter(|used| used.overlaps(self)).collect();
        used.sort_unstable_by_key(|used| used.first);
        let mut candidate = Self {
            first: self.first,
            bits,
        };
        for used in used {
            if used.overlaps(candidate) {
                // The next one that is aligned to its size.
                let after = used.last().checked_add(1)?.checked_add(hosts(bits))?;
                candidate.first = after & !hosts(bits);
            }
        }
        self.covers(candidate).then_some(candidate)
    }

    /// Whether a server can have this address: network, gateway and broadcast address are taken.
    pub(crate) fn offers(self, address: Ipv4Addr) -> bool {
        (self.first_host()..=self.last_host()).contains(&u32::from(address))
    }

    /// How many addresses it has, the network's own ones among them.
    pub(crate) fn whole_size(self) -> u64 {
        u64::from(hosts(self.bits)) + 1
    }

    /// How many addresses servers can have.
    pub(crate) fn size(self) -> usize {
        usize::try_from((i64::from(self.last_host()) - i64::from(self.first_host()) + 1).max(0))
            .unwrap_or(usize::MAX)
    }

    fn first_host(self) -> u32 {
        self.first.saturating_add(2)
    }

    fn last_host(self) -> u32 {
        self.last().saturating_sub(1)
    }

    fn last(self) -> u32 {
        self.first | hosts(self.bits)
    }
}

fn hosts(bits: u8) -> u32 {
    u32::MAX.checked_shr(u32::from(bits)).unwrap_or(0)
}

impl fmt::Display for Range {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.address(), self.bits)
    }
}

impl FromStr for Range {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts = text
            .split_once('/')
            .and_then(|(address, bits)| Some((address.parse().ok()?, bits.parse().ok()?)));
        let range = parts
            .filter(|(_, bits)| *bits <= 32)
            .map(|(address, bits)| Self::new(address, bits));
        range.ok_or_else(|| format!("{text:?} is not an address range as 10.0.0.0/24"))
    }
}

impl Serialize for Range {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Range {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(D::Error::custom)
    }
}

/// The addresses that are in use or reserved, by network. It follows from the rest of the cloud, so
/// no file has it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Addresses {
    pools: HashMap<String, Pool>,
    /// The networks that have got their first user or lost their last one since the last such
    /// question.
    turned: Vec<String>,
}

impl PartialEq for Addresses {
    /// Whether the same addresses are taken as often.
    fn eq(&self, other: &Self) -> bool {
        let users = |addresses: &Self| -> HashMap<String, HashMap<u32, u32>> {
            let in_use = addresses
                .pools
                .iter()
                .filter(|(_, pool)| !pool.users.is_empty());
            in_use
                .map(|(network, pool)| (network.clone(), pool.users.clone()))
                .collect()
        };
        users(self) == users(other)
    }
}

impl Addresses {
    /// Takes an address; one that is taken twice must be released twice.
    pub(crate) fn take(&mut self, network: &str, address: Ipv4Addr) {
        // The network's name is copied only where it is new.
        let pool = match self.pools.get_mut(network) {
            Some(pool) => pool,
            None => self.pools.entry(network.to_owned()).or_default(),
        };
        if pool.users.is_empty() {
            self.turned.push(network.to_owned());
        }
        pool.take(address.into());
    }

    pub(crate) fn release(&mut self, network: &str, address: Ipv4Addr) {
        if let Some(pool) = self.pools.get_mut(network) {
            pool.release(address.into());
            if pool.users.is_empty() {
                self.turned.push(network.to_owned());
            }
        }
    }

    /// The networks that have got their first user or lost their last one since the last time.
    pub(crate) fn turned(&mut self) -> Vec<String> {
        std::mem::take(&mut self.turned)
    }

    pub(crate) fn is_taken(&self, network: &str, address: Ipv4Addr) -> bool {
        self.pools
            .get(network)
            .is_some_and(|pool| pool.users.contains_key(&address.into()))
    }

    /// How many addresses of a network are taken.
    pub(crate) fn count(&self, network: &str) -> usize {
        self.pools.get(network).map_or(0, |pool| pool.users.len())
    }

    /// The addresses of a range that a server can have and nothing has, in order; those of a
    /// segment of it, where one is given.
    pub(crate) fn free(
        &self,
        network: &str,
        range: Range,
        segment: Option<Range>,
    ) -> impl Iterator<Item = Ipv4Addr> + use<'_> {
        let pool = self.pools.get(network);
        let segment = segment.unwrap_or(range);
        let first = segment.first.max(range.first_host());
        let last = segment.last().min(range.last_host());
        let after = move |from: u32| {
            pool.map_or(Some(from), |pool| pool.free_from(from))
                .filter(|free| *free <= last)
        };
        std::iter::successors(after(first), move |address| after(address.checked_add(1)?))
            .map(Ipv4Addr::from)
    }
}

/// Taken addresses of one network, also as runs without a gap: the next free one is found without a
/// walk.
#[derive(Debug, Clone, Default)]
struct Pool {
    users: HashMap<u32, u32>,
    /// The first address of each run, and its last one.
    runs: BTreeMap<u32, u32>,
}

impl Pool {
    fn take(&mut self, address: u32) {
        let users = self.users.entry(address).or_default();
        *users += 1;
        if *users > 1 {
            return;
        }
        let before = self
            .runs
            .range(..address)
            .next_back()
            .map(|(first, last)| (*first, *last));
        let first = match before {
            Some((first, last)) if last.checked_add(1) == Some(address) => first,
            _ => address,
        };
        let last = address
            .checked_add(1)
            .and_then(|next| self.runs.remove(&next))
            .unwrap_or(address);
        self.runs.insert(first, last);
    }

    fn release(&mut self, address: u32) {
        let Some(users) = self.users.get_mut(&address) else {
            return;
        };
        *users -= 1;
        if *users > 0 {
            return;
        }
        self.users.remove(&address);
        let Some((first, last)) = self
            .runs
            .range(..=address)
            .next_back()
            .map(|(first, last)| (*first, *last))
        else {
            return;
        };
        self.runs.remove(&first);
        if first < address {
            self.runs.insert(first, address - 1);
        }
        if address < last {
            self.runs.insert(address + 1, last);
        }
    }

    /// The first free address from one on.
    fn free_from(&self, address: u32) -> Option<u32> {
        match self.runs.range(..=address).next_back() {
            Some((_, last)) if *last >= address => last.checked_add(1),
            _ => Some(address),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Addresses, Range};
    use proptest::prelude::*;
    use std::collections::BTreeMap;
    use std::net::Ipv4Addr;

    #[test]
    fn free_addresses_leave_out_the_ends_and_what_is_taken() {
        let range: Range = "10.0.0.9/29".parse().unwrap();
        let mut addresses = Addresses::default();
        addresses.take("n", Ipv4Addr::new(10, 0, 0, 11));
        let free: Vec<_> = addresses
            .free("n", range, None)
            .map(|address| address.octets()[3])
            .collect();
        assert_eq!(free, [10, 12, 13, 14]);
        assert_eq!(addresses.free("other", range, None).count(), range.size());
        assert!(
            !range.offers(Ipv4Addr::new(10, 0, 0, 9)) && range.offers(Ipv4Addr::new(10, 0, 0, 14))
        );
    }

    #[test]
    fn ranges_are_written_with_their_mask() {
        let range: Range = "10.0.0.77/24".parse().unwrap();
        assert_eq!(serde_json::to_string(&range).unwrap(), r#""10.0.0.0/24""#);
        assert!(
            range.covers("10.0.0.128/25".parse().unwrap())
                && range.overlaps("10.0.0.0/8".parse().unwrap())
        );
        assert!(!range.overlaps("10.0.1.0/24".parse().unwrap()));
        assert!("10.0.0.0/33".parse::<Range>().is_err() && "10.0.0/24".parse::<Range>().is_err());
        assert_eq!(Range::new(Ipv4Addr::new(9, 9, 9, 9), 32).size(), 0);
    }

    #[test]
    fn gaps_are_aligned_and_avoid_what_is_in_use() {
        let range = |text: &str| text.parse::<Range>().unwrap();
        let used = ["10.0.0.64/26", "10.0.0.0/30", "10.9.0.0/16"].map(range);
        let gap = |bits| {
            range("10.0.0.0/24")
                .gap(bits, used.into_iter())
                .map(|gap| gap.to_string())
        };
        assert_eq!(gap(30).as_deref(), Some("10.0.0.4/30"));
        assert_eq!(gap(27).as_deref(), Some("10.0.0.32/27"));
        assert_eq!(gap(25).as_deref(), Some("10.0.0.128/25"));
        assert_eq!(gap(24), None);
        assert_eq!(
            range("255.255.255.0/24").gap(24, std::iter::once(range("255.255.255.0/24"))),
            None
        );
        assert_eq!(range("10.0.0.8/29").hosts().count(), 6);
    }

    proptest! {
        #[test]
        fn runs_agree_with_counting(steps in prop::collection::vec((any::<bool>(), 0u32..24), 0..200)) {
            let range: Range = "10.0.0.0/27".parse().unwrap();
            let (mut addresses, mut counted) = (Addresses::default(), BTreeMap::<u32, u32>::new());
            for (takes, host) in steps {
                let address = Ipv4Addr::from(u32::from(range.address()) + host);
                if takes {
                    addresses.take("n", address);
                    *counted.entry(host).or_default() += 1;
                } else {
                    addresses.release("n", address);
                    if let Some(count) = counted.get_mut(&host) {
                        *count -= 1;
                        if *count == 0 {
                            counted.remove(&host);
                        }
                    }
                }
                let free: Vec<_> = addresses.free("n", range, None).map(|free| u32::from(free) - u32::from(range.address())).collect();
                let expected: Vec<_> = (2..31).filter(|host| !counted.contains_key(host)).collect();
                prop_assert_eq!(free, expected);
            }
        }
    }
}
