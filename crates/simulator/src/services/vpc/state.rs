//! VPCs, their subnets and gateways, EIPs with their bandwidths, and VLINKs.

use crate::cloud::addresses::Range;
use crate::cloud::service_states::StateKey;
use crate::cloud::store::{Store, keyed_by_id};
use crate::{EDGE_GATEWAY_ID, EDGE_SUBNET_ID, EDGE_VPC_ID, SUBNET_ID, VPC_ID};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::net::Ipv4Addr;

/// Where the state is kept.
pub(crate) const VPC: StateKey<State> = StateKey::new("vpc");

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
    /// A VPC with a subnet in Hong Kong, and one with a subnet and a gateway at the edge site
    /// Hohhot B.
    fn default() -> Self {
        // As the document's example shows it.
        let created = "2022-03-29T16:06:27Z"
            .parse()
            .unwrap_or(Timestamp::UNIX_EPOCH);
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
        let gateway = NetKind::Gateway {
            carrier: "Bandwidth_CMCC".to_owned(),
            reserved: BTreeMap::new(),
        };
        let of_hong_kong = Range::new(Ipv4Addr::new(10, 10, 11, 0), 24);
        let vpcs = [
            vpc(VPC_ID, "openapi测试", 10, "CN_Hongkong"),
            vpc(EDGE_VPC_ID, "呼和浩特B-VPC", 15, "CN_Huhhot"),
        ];
        let nets = [
            net(
                SUBNET_ID,
                "子网1",
                VPC_ID,
                "CN_Hongkong_B",
                of_hong_kong,
                NetKind::Subnet,
            ),
            net(
                EDGE_SUBNET_ID,
                "test-kvm",
                EDGE_VPC_ID,
                "CN_Hohhot_B",
                edge(100),
                NetKind::Subnet,
            ),
            net(
                EDGE_GATEWAY_ID,
                "出网网关",
                EDGE_VPC_ID,
                "CN_Hohhot_B",
                edge(0),
                gateway,
            ),
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

impl Net {
    pub(crate) fn is_subnet(&self) -> bool {
        self.kind == NetKind::Subnet
    }

    /// The addresses that the cloud keeps for its routers, and the one it keeps for itself, as in
    /// the document's example of `DescribeIPInfo`.
    pub(super) fn system_addresses(&self) -> (Vec<Ipv4Addr>, Option<Ipv4Addr>) {
        (
            self.range.hosts().take(3).collect(),
            self.range.hosts().next_back(),
        )
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

keyed_by_id!(Vpc, Net, Eip, Bandwidth, Vlink);
