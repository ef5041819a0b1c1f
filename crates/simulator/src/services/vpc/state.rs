//! VPCs, their subnets and gateways, EIPs with their bandwidths, and VLINKs.

use super::{metering, not_found};
use crate::cloud::addresses::Range;
use crate::cloud::refusal::Refusal;
use crate::cloud::store::{Keyed, Store};
use crate::cloud::world::World;
use crate::services::vdc::Network;
use crate::{EDGE_GATEWAY_ID, EDGE_SUBNET_ID, EDGE_VPC_ID, SUBNET_ID, VPC_ID};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashSet};
use std::net::Ipv4Addr;

/// What the account has here.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct State {
    pub(crate) vpcs: Store<Vpc>,
    /// Subnets and virtual egress gateways.
    pub(crate) nets: Store<Net>,
    pub(crate) eips: Store<Eip>,
    /// The shared ones.
    pub(crate) bandwidths: Store<Bandwidth>,
    pub(crate) vlinks: Store<Vlink>,
    /// What the addresses of EIPs are taken from.
    pub(crate) eip_pool: Range,
    /// When the next paid month of a bandwidth ends; it follows from these.
    #[serde(skip)]
    pub(super) next_end: Option<Timestamp>,
}

impl Default for State {
    /// A VPC with a subnet in Hong Kong, and one with a subnet and a gateway at the edge site Hohhot B.
    fn default() -> Self {
        // As the document's example shows it.
        let created = "2022-03-29T16:06:27Z".parse().unwrap_or(Timestamp::UNIX_EPOCH);
        let vpc = |id: &str, name: &str, second: u8, region: &str| Vpc {
            id: id.to_owned(),
            name: name.to_owned(),
            range: Range::new(Ipv4Addr::new(10, second, 0, 0), 16),
            region: region.to_owned(),
            carrier: None,
            created,
        };
        let net = |id: &str, name: &str, vpc_id: &str, zone: &str, range, kind| Net {
            id: id.to_owned(),
            name: name.to_owned(),
            vpc_id: vpc_id.to_owned(),
            zone: zone.to_owned(),
            range,
            kind,
        };
        let edge = |third| Range::new(Ipv4Addr::new(10, 15, third, 0), 22);
        let gateway = NetKind::Gateway { carrier: "Bandwidth_CMCC".to_owned(), reserved: BTreeMap::new() };
        let of_hong_kong = Range::new(Ipv4Addr::new(10, 10, 11, 0), 24);
        let vpcs = [vpc(VPC_ID, "openapi测试", 10, "CN_Hongkong"), vpc(EDGE_VPC_ID, "呼和浩特B-VPC", 15, "CN_Huhhot")];
        let nets = [
            net(SUBNET_ID, "子网1", VPC_ID, "CN_Hongkong_B", of_hong_kong, NetKind::Subnet),
            net(EDGE_SUBNET_ID, "test-kvm", EDGE_VPC_ID, "CN_Hohhot_B", edge(100), NetKind::Subnet),
            net(EDGE_GATEWAY_ID, "出网网关", EDGE_VPC_ID, "CN_Hohhot_B", edge(0), gateway),
        ];
        Self {
            vpcs: vpcs.into_iter().collect(),
            nets: nets.into_iter().collect(),
            eips: Store::default(),
            bandwidths: Store::default(),
            vlinks: Store::default(),
            eip_pool: Range::new(Ipv4Addr::new(118, 186, 64, 0), 20),
            next_end: None,
        }
    }
}

/// A VPC.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Vpc {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) range: Range,
    pub(crate) region: String,
    /// The carrier of its bandwidth, once one was set; edge sites only.
    #[serde(default)]
    pub(crate) carrier: Option<String>,
    pub(crate) created: Timestamp,
}

impl Keyed for Vpc {
    fn key(&self) -> &str {
        &self.id
    }
}

/// A subnet or a virtual egress gateway of a VPC.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Net {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) vpc_id: String,
    pub(crate) zone: String,
    pub(crate) range: Range,
    pub(crate) kind: NetKind,
}

/// Which of the two it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum NetKind {
    Subnet,
    Gateway {
        /// The carrier of its bandwidth, as `Bandwidth_CMCC`.
        carrier: String,
        /// The addresses that the account keeps, with its remarks.
        #[serde(default)]
        reserved: BTreeMap<Ipv4Addr, String>,
    },
}

impl Keyed for Net {
    fn key(&self) -> &str {
        &self.id
    }
}

impl Net {
    pub(crate) fn is_subnet(&self) -> bool {
        self.kind == NetKind::Subnet
    }

    /// The addresses that the cloud keeps for its routers, and the one it keeps for itself, as in the document's example of
    /// `DescribeIPInfo`.
    pub(super) fn system_addresses(&self) -> (Vec<Ipv4Addr>, Option<Ipv4Addr>) {
        (self.range.hosts().take(3).collect(), self.range.hosts().next_back())
    }

    /// Whether a server can have this address, or an EIP be bound to it.
    pub(crate) fn offers(&self, address: Ipv4Addr) -> bool {
        let (routers, system) = self.system_addresses();
        self.range.offers(address) && !routers.contains(&address) && system != Some(address)
    }
}

/// A public address.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Eip {
    pub(crate) id: String,
    pub(crate) address: Ipv4Addr,
    pub(crate) region: String,
    /// Empty at cloud platform sites.
    #[serde(default)]
    pub(crate) zone: String,
    #[serde(default)]
    pub(crate) description: String,
    pub(crate) bandwidth: Line,
    #[serde(default)]
    pub(crate) bound: Option<Binding>,
    pub(crate) created: Timestamp,
}

/// The bandwidth of an EIP.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Line {
    Own(Bandwidth),
    /// The id of a shared one.
    Shared(String),
}

/// What an EIP is bound to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Binding {
    /// A subnet or a gateway.
    pub(crate) net: String,
    pub(crate) address: Ipv4Addr,
}

impl Keyed for Eip {
    fn key(&self) -> &str {
        &self.id
    }
}

/// A bandwidth, shared or an EIP's own.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Bandwidth {
    pub(crate) id: String,
    /// Empty for an EIP's own.
    #[serde(default)]
    pub(crate) name: String,
    pub(crate) region: String,
    /// Empty for an EIP's own at a cloud platform site.
    #[serde(default)]
    pub(crate) zone: String,
    /// The carrier, as `Bandwidth_China_Telecom`.
    pub(crate) carrier: String,
    /// The billing scheme, as `BandwIdth` or `BandwIdth_Shared`.
    pub(crate) scheme: String,
    /// In Mbps.
    pub(crate) qos: u64,
    /// Until when it is paid, if by the month; one without it is paid for good then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) paid_until: Option<Timestamp>,
    /// The trial credit that pays for it while it is metered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) credit: Option<u64>,
    pub(crate) created: Timestamp,
}

impl Keyed for Bandwidth {
    fn key(&self) -> &str {
        &self.id
    }
}

/// What joins a subnet with a private network of a VDC.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Vlink {
    pub(crate) id: String,
    pub(crate) subnet: String,
    /// The private network of the VDC.
    pub(crate) network: String,
    /// The servers in it, each with its interface.
    #[serde(default)]
    pub(crate) servers: BTreeMap<String, String>,
}

impl Keyed for Vlink {
    fn key(&self) -> &str {
        &self.id
    }
}

impl World {
    /// A VPC by its id.
    pub(crate) fn vpc(&self, id: &str) -> Result<&Vpc, Refusal> {
        self.vpc.vpcs.get(id).ok_or_else(|| not_found("VPCId", id))
    }

    /// The VLINK that leads to a private network or a subnet.
    pub(crate) fn vlink_to(&self, network: &str) -> Option<&Vlink> {
        self.vpc.vlinks.iter().find(|vlink| vlink.network == network || vlink.subnet == network)
    }

    /// The EIP that is bound to an address of a subnet or gateway.
    pub(crate) fn eip_at(&self, net: &str, address: Ipv4Addr) -> Option<&Eip> {
        let is_there = |bound: &Binding| bound.net == net && bound.address == address;
        self.vpc.eips.iter().find(|eip| eip.bound.as_ref().is_some_and(is_there))
    }

    /// The bandwidth that an EIP has now.
    pub(crate) fn line_of<'a>(&'a self, eip: &'a Eip) -> Option<&'a Bandwidth> {
        match &eip.bandwidth {
            Line::Own(own) => Some(own),
            Line::Shared(id) => self.vpc.bandwidths.get(id),
        }
    }

    /// Keeps the addresses that nobody else can have.
    pub(super) fn open_net(&mut self, net: &Net) {
        let (routers, system) = net.system_addresses();
        for address in routers.into_iter().chain(system) {
            self.addresses.take(&net.id, address);
        }
    }

    /// Takes a subnet or gateway away.
    pub(super) fn close_net(&mut self, id: &str) {
        let Some(net) = self.vpc.nets.remove(id) else { return };
        let (routers, system) = net.system_addresses();
        for address in routers.into_iter().chain(system) {
            self.addresses.release(&net.id, address);
        }
        if let NetKind::Gateway { reserved, .. } = &net.kind {
            for address in reserved.keys() {
                self.addresses.release(&net.id, *address);
            }
        }
    }

    /// Takes an EIP away and gives its address up.
    pub(super) fn remove_eip(&mut self, id: &str) {
        self.unbind(id);
        let Some(eip) = self.vpc.eips.remove(id) else { return };
        self.addresses.release(EIPS, eip.address);
        self.end_use(id);
        if let Line::Own(own) = &eip.bandwidth {
            self.end_use(&own.id);
        }
    }

    /// Binds an EIP that is there to an address of a net that is there. Only a gateway's address is taken by it: a subnet's is a
    /// server's, which may come later.
    pub(crate) fn bind(&mut self, eip: &str, net: &str, address: Ipv4Addr) {
        let Some(is_gateway) = self.vpc.nets.get(net).map(|net| !net.is_subnet()) else { return };
        let Some(eip) = self.vpc.eips.get_mut(eip).filter(|eip| eip.bound.is_none()) else { return };
        eip.bound = Some(Binding { net: net.to_owned(), address });
        let id = eip.id.clone();
        if is_gateway {
            self.addresses.take(net, address);
        }
        self.meter_eip(&id, None);
    }

    pub(crate) fn unbind(&mut self, eip: &str) {
        let Some(bound) = self.vpc.eips.get_mut(eip).and_then(|eip| eip.bound.take()) else { return };
        if self.vpc.nets.get(&bound.net).is_some_and(|net| !net.is_subnet()) {
            self.addresses.release(&bound.net, bound.address);
        }
        self.meter_eip(eip, None);
    }
}

/// The register's name for the addresses of EIPs.
pub(super) const EIPS: &str = "eips";

/// Finds out which addresses subnets, gateways and EIPs have, and what the account lacks of their use.
pub(crate) fn index(world: &mut World) {
    for eip in world.vpc.eips.iter() {
        world.addresses.take(EIPS, eip.address);
        if let Some(bound) = &eip.bound
            && world.vpc.nets.get(&bound.net).is_some_and(|net| !net.is_subnet())
        {
            world.addresses.take(&bound.net, bound.address);
        }
    }
    for net in world.vpc.nets.iter() {
        let (routers, system) = net.system_addresses();
        let reserved = match &net.kind {
            NetKind::Gateway { reserved, .. } => reserved.keys().copied().collect(),
            NetKind::Subnet => Vec::new(),
        };
        for address in routers.into_iter().chain(system).chain(reserved) {
            world.addresses.take(&net.id, address);
        }
    }
    metering::index(world);
}

/// What does not fit together.
pub(crate) fn problems(world: &World) -> Vec<String> {
    let mut problems = Vec::new();
    let mut ranges: Vec<&Net> = Vec::new();
    for net in world.vpc.nets.iter() {
        let mut tell = |problem: String| problems.push(format!("vpc.nets, {}: {problem}", net.id));
        match world.vpc.vpcs.get(&net.vpc_id) {
            None => tell(format!("there is no VPC {}", net.vpc_id)),
            Some(vpc) if !vpc.range.covers(net.range) => tell(format!("{} is not in the VPC's range {}", net.range, vpc.range)),
            Some(_) => {}
        }
        if let Some(other) = ranges.iter().find(|other| other.vpc_id == net.vpc_id && other.range.overlaps(net.range)) {
            tell(format!("{} overlaps with {} of {}", net.range, other.range, other.id));
        }
        ranges.push(net);
    }
    let (mut addresses, mut bound) = (HashSet::new(), HashSet::new());
    for eip in world.vpc.eips.iter() {
        let mut tell = |problem: String| problems.push(format!("vpc.eips, {}: {problem}", eip.id));
        if !addresses.insert(eip.address) {
            tell(format!("another EIP has {} too", eip.address));
        }
        if world.line_of(eip).is_none() {
            tell("its shared bandwidth is not there".to_owned());
        }
        let Some(binding) = &eip.bound else { continue };
        match world.vpc.nets.get(&binding.net) {
            None => tell(format!("there is no subnet or gateway {}", binding.net)),
            Some(net) if !net.offers(binding.address) => {
                tell(format!("{} is not an address of {} that can be used", binding.address, net.id));
            }
            Some(_) => {}
        }
        if !bound.insert((&binding.net, binding.address)) {
            tell(format!("another EIP is bound to {} too", binding.address));
        }
    }
    for vlink in world.vpc.vlinks.iter() {
        let mut tell = |problem: String| problems.push(format!("vpc.vlinks, {}: {problem}", vlink.id));
        if world.vpc.nets.get(&vlink.subnet).is_none_or(|net| !net.is_subnet()) {
            tell(format!("there is no subnet {}", vlink.subnet));
        }
        if world.vdc.networks.get(&vlink.network).is_none_or(Network::is_public) {
            tell(format!("there is no private network {}", vlink.network));
        }
        for (server, card) in &vlink.servers {
            let known = world.ccs.instances.get(server).is_some_and(|server| server.interfaces.iter().any(|own| own.id == *card));
            if !known {
                tell(format!("no server {server} has an interface {card}"));
            }
        }
    }
    problems
}
