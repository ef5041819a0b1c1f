//! Virtual data centers, their networks, global private networks, and who is notified of alarms.

use crate::cloud::addresses::{Addresses, Range};
use crate::cloud::service_states::StateKey;
use crate::cloud::store::{Store, keyed_by_id};
use crate::{PRIVATE_ID, PUBLIC_ID, REGION_ID, VDC_ID};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::net::Ipv4Addr;

/// Where the state is kept.
pub(crate) const VDC: StateKey<State> = StateKey::new("vdc");

/// What the account has here.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct State {
    pub(crate) vdcs: Store<Vdc>,
    pub(crate) networks: Store<Network>,
    pub(crate) gpns: Store<Gpn>,
    /// Points of presence that a GPN can have; the document names none.
    pub(crate) pops: Store<Pop>,
    pub(crate) receivers: Store<Receiver>,
    /// How many VDCs the account may have; the document gives no number.
    pub(crate) max_vdcs: usize,
    /// How many private networks a VDC may have; the document gives no number.
    pub(crate) max_private_networks: usize,
    /// Zones where no new VDC can be bought; the document's appendix marks one as closed.
    pub(crate) closed_regions: BTreeSet<String>,
    /// What public ranges are bought from.
    pub(crate) public_pool: Range,
    /// What the ranges of private networks are chosen from, 256 addresses each.
    pub(crate) private_pool: Range,
}

impl Default for State {
    /// A VDC with a public and a private network.
    fn default() -> Self {
        let network = |id: &str, name: &str, kind, segment: &str, range| Network {
            id: id.to_owned(),
            name: name.to_owned(),
            vdc_id: VDC_ID.to_owned(),
            kind,
            segments: vec![Segment {
                id: segment.to_owned(),
                range,
                stage: Stage::Ready,
                is_free: true,
            }],
        };
        let vdc = Vdc {
            id: VDC_ID.to_owned(),
            name: "cdsApi-testaa".to_owned(),
            region: REGION_ID.to_owned(),
            project: default_project(),
        };
        let public = Kind::Public(Bandwidth {
            kind: "Bandwidth_BGP".to_owned(),
            billing: "BandwIdth".to_owned(),
            qos: 20,
            free: 20,
            float: None,
            busy_qos: None,
            busy_float: None,
            auto_renew: false,
        });
        let private = Kind::Private { is_manual: false };
        let (wide, narrow) = (
            Range::new(Ipv4Addr::new(101, 251, 0, 0), 20),
            Range::new(Ipv4Addr::new(10, 240, 192, 0), 20),
        );
        let networks = [
            network(
                PUBLIC_ID,
                "cdsApi-public-2",
                public,
                "e0e5ea32-a7b6-11e9-9052-0242ac11001b",
                wide,
            ),
            network(
                PRIVATE_ID,
                "siwang-api1",
                private,
                "4e6a0f3c-a6b3-11e9-8f88-0242ac110041",
                narrow,
            ),
        ];
        let pop = |id: &str, name: &str, region: &str| Pop {
            id: id.into(),
            name: name.into(),
            region: region.into(),
        };
        let receiver = |id: &str, groups: &[&str]| Receiver {
            id: id.to_owned(),
            name: "zhangsan".to_owned(),
            mail: "san.zhang@capitalonline.net".to_owned(),
            country: "+86".to_owned(),
            mobile: "13322221111".to_owned(),
            groups: groups.iter().map(|group| (*group).to_owned()).collect(),
        };
        Self {
            vdcs: [vdc].into_iter().collect(),
            networks: networks.into_iter().collect(),
            gpns: Store::default(),
            pops: [
                pop(
                    "c20a8769-26be-11ea-8333-0242ac110002",
                    "北京POP",
                    "CN_Beijing_A",
                ),
                pop(
                    "c20a8770-26be-11ea-8333-0242ac110002",
                    "香港POP",
                    "CN_Hongkong_A",
                ),
            ]
            .into_iter()
            .collect(),
            receivers: [
                receiver(
                    "40abe08e-5073-11e9-b148-0242ac1103aa",
                    &["6541d60c-d71f-11ec-b673-0242ac110033"],
                ),
                receiver("a09855ea-15f6-11ec-bd9c-ce61e0b35baf", &[]),
            ]
            .into_iter()
            .collect(),
            max_vdcs: 20,
            max_private_networks: 10,
            closed_regions: ["APAC_Mumbai_B".to_owned()].into(),
            public_pool: Range::new(Ipv4Addr::new(101, 251, 0, 0), 16),
            private_pool: Range::new(Ipv4Addr::new(10, 240, 0, 0), 14),
        }
    }
}

/// A virtual data center.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Vdc {
    pub(crate) id: String,
    pub(crate) name: String,
    /// Its zone.
    pub(crate) region: String,
    /// The project that it belongs to.
    #[serde(default = "default_project")]
    pub(crate) project: String,
}

pub(super) fn default_project() -> String {
    "0-0".to_owned()
}

/// A public or private network of a VDC.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Network {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) vdc_id: String,
    pub(crate) kind: Kind,
    /// Its ranges of addresses; a private network has one.
    pub(crate) segments: Vec<Segment>,
}

/// What kind of network it is.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Kind {
    Public(Bandwidth),
    Private {
        /// Whether its range was chosen by hand.
        #[serde(default)]
        is_manual: bool,
    },
}

/// The bandwidth of a public network.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Bandwidth {
    /// The carrier, as `Bandwidth_BGP`.
    pub(crate) kind: String,
    /// `BandwIdth`, `Traffic`, `DataPackage` or `Bandwidth_95`.
    pub(crate) billing: String,
    /// In Mbps; of a traffic package in GB.
    pub(crate) qos: u64,
    /// How much of it costs nothing, as what stands ready in a new account does.
    #[serde(default, skip_serializing_if = "is_none")]
    pub(crate) free: u64,
    /// The ceiling with 95th percentile, in Mbps.
    #[serde(default)]
    pub(crate) float: Option<u64>,
    /// In busy hours, in Mbps.
    #[serde(default)]
    pub(crate) busy_qos: Option<u64>,
    /// The ceiling in busy hours, in Mbps.
    #[serde(default)]
    pub(crate) busy_float: Option<u64>,
    #[serde(default)]
    pub(crate) auto_renew: bool,
}

/// A range of addresses of a network.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Segment {
    /// Only those of public networks are ever asked for.
    #[serde(default)]
    pub(crate) id: String,
    pub(crate) range: Range,
    #[serde(default)]
    pub(crate) stage: Stage,
    /// Whether it costs nothing, as what stands ready in a new account does.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) is_free: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for it")]
fn is_none(size: &u64) -> bool {
    *size == 0
}

/// How far a task has come with a range.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Stage {
    /// Bought, not there yet.
    Coming,
    #[default]
    Ready,
    /// Given back: still there, but nothing gets an address of it.
    Going,
}

impl Segment {
    /// Whether it can be seen.
    pub(super) fn is_there(&self) -> bool {
        self.stage != Stage::Coming
    }
}

impl Network {
    pub(crate) fn is_public(&self) -> bool {
        matches!(self.kind, Kind::Public(_))
    }

    /// The bandwidth that was bought; private networks have none.
    pub(crate) fn bandwidth(&self) -> Option<&Bandwidth> {
        match &self.kind {
            Kind::Public(bandwidth) => Some(bandwidth),
            Kind::Private { .. } => None,
        }
    }

    /// The ranges that are there.
    pub(crate) fn ranges(&self) -> impl Iterator<Item = Range> {
        self.segments
            .iter()
            .filter(|segment| segment.is_there())
            .map(|segment| segment.range)
    }

    /// Whether an address is one of the network's, be it that nothing can get it any more.
    pub(crate) fn has(&self, address: Ipv4Addr) -> bool {
        self.ranges().any(|range| range.offers(address))
    }

    /// Whether a server can get this address.
    pub(crate) fn offers(&self, address: Ipv4Addr) -> bool {
        self.open().any(|range| range.offers(address))
    }

    /// The addresses that a server can have and nothing has, in order; those of a segment, where
    /// one is given.
    pub(crate) fn free<'a>(
        &'a self,
        addresses: &'a Addresses,
        segment: Option<Range>,
    ) -> impl Iterator<Item = Ipv4Addr> + 'a {
        self.open()
            .flat_map(move |range| addresses.free(&self.id, range, segment))
    }

    /// How many addresses a server can have and nothing has.
    pub(crate) fn free_count(&self, addresses: &Addresses) -> usize {
        self.open()
            .map(Range::size)
            .sum::<usize>()
            .saturating_sub(addresses.count(&self.id))
    }

    fn open(&self) -> impl Iterator<Item = Range> {
        self.segments
            .iter()
            .filter(|segment| segment.stage == Stage::Ready)
            .map(|segment| segment.range)
    }

    /// A private network's range as a GPN shows it: one that was chosen by hand with its own mask,
    /// another by its ends.
    pub(super) fn private_net(&self) -> String {
        match self.kind {
            Kind::Private { is_manual: true } => self
                .segments
                .first()
                .map(|segment| segment.range.to_string())
                .unwrap_or_default(),
            _ => self
                .segments
                .first()
                .map(|segment| self.ends(segment.range))
                .unwrap_or_default(),
        }
    }

    /// First and last address; the vendor's own ranges are parts of networks of 16 bits.
    pub(super) fn ends(&self, range: Range) -> String {
        let bits = if matches!(self.kind, Kind::Private { is_manual: true }) {
            range.bits()
        } else {
            range.bits().min(16)
        };
        format!("{}/{bits}~{}/{bits}", range.address(), range.broadcast())
    }
}

/// A global private network.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Gpn {
    pub(crate) id: String,
    pub(crate) name: String,
    /// In Mbps.
    pub(crate) qos: u64,
    pub(crate) evpn: u64,
    pub(crate) order: String,
    #[serde(default = "default_project")]
    pub(crate) project: String,
    /// The private networks of VDCs that it joins.
    #[serde(default)]
    pub(crate) networks: Vec<String>,
    /// The subnets of VPCs that it joins; no Action adds one.
    #[serde(default)]
    pub(crate) subnets: Vec<String>,
    /// The points of presence that it joins.
    #[serde(default)]
    pub(crate) pops: Vec<String>,
}

/// A point of presence.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Pop {
    pub(crate) id: String,
    pub(crate) name: String,
    /// A zone of its city.
    pub(crate) region: String,
}

/// A person who is notified of network alarms.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Receiver {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) mail: String,
    /// `+86` or `+1`.
    pub(crate) country: String,
    /// Without the country.
    pub(crate) mobile: String,
    /// The monitoring groups that it is in.
    #[serde(default)]
    pub(crate) groups: BTreeSet<String>,
}

keyed_by_id!(Vdc, Network, Gpn, Pop, Receiver);
