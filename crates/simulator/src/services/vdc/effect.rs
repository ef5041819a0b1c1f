//! What the ends of tasks do to VDCs and networks.

use super::state::{Gpn, Kind, Stage, VDC};
use crate::cloud::service::TaskEffect;
use crate::cloud::state::Cloud;
use serde::{Deserialize, Serialize};

/// What the end of a task does here. What has gone meanwhile is passed over.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Effect {
    /// A new public network is there; from now on it is metered, and its addresses are.
    OpenNetwork {
        network: String,
        #[serde(default)]
        credit: Option<u64>,
    },
    /// The order was not carried out: the money comes back.
    CancelVdc {
        vdc: String,
        charge: Option<usize>,
    },
    RemoveVdc {
        vdc: String,
    },
    /// The order was not carried out: the money comes back.
    CancelNetwork {
        network: String,
        charge: Option<usize>,
    },
    RemoveNetwork {
        network: String,
    },
    Resize {
        network: String,
        qos: u64,
    },
    Refund {
        charge: Option<usize>,
    },
    /// A range can be used from now on.
    OpenRange {
        network: String,
        segment: String,
    },
    RemoveRange {
        network: String,
        segment: String,
    },
    /// A new GPN is there; from now on it is metered.
    OpenGpn {
        gpn: String,
        #[serde(default)]
        credit: Option<u64>,
    },
    RemoveGpn {
        gpn: String,
    },
    JoinGpn {
        gpn: String,
        networks: Vec<String>,
        pops: Vec<String>,
    },
    LeaveGpn {
        gpn: String,
        points: Vec<String>,
    },
}

impl TaskEffect for Effect {
    const STATE: &'static str = VDC.name();

    fn apply(self, cloud: &mut Cloud) {
        match self {
            Self::OpenNetwork { network, credit } => cloud.meter_network(&network, credit),
            Self::CancelVdc { vdc, charge } => {
                cloud.refund(charge);
                remove_vdc(cloud, &vdc);
            }
            Self::RemoveVdc { vdc } => remove_vdc(cloud, &vdc),
            Self::CancelNetwork { network, charge } => {
                cloud.refund(charge);
                cloud.remove_network(&network);
            }
            Self::RemoveNetwork { network } => cloud.remove_network(&network),
            Self::Resize { network, qos } => {
                if let Some(Kind::Public(bandwidth)) = cloud[VDC]
                    .networks
                    .get_mut(&network)
                    .map(|network| &mut network.kind)
                {
                    bandwidth.qos = qos;
                    // The ceiling cannot be below it.
                    bandwidth.float = bandwidth.float.map(|float| float.max(qos));
                }
                cloud.meter_network(&network, None);
            }
            Self::Refund { charge } => cloud.refund(charge),
            Self::OpenRange { network, segment } => {
                cloud.set_stage(&network, &segment, Stage::Ready);
                cloud.meter_network(&network, None);
            }
            Self::RemoveRange { network, segment } => remove_range(cloud, &network, &segment),
            Self::OpenGpn { gpn, credit } => cloud.meter_gpn(&gpn, credit),
            Self::RemoveGpn { gpn } => {
                cloud.end_use(&gpn);
                cloud[VDC].gpns.remove(&gpn);
            }
            Self::JoinGpn {
                gpn,
                mut networks,
                mut pops,
            } => {
                networks.retain(|network| cloud[VDC].networks.contains(network));
                pops.retain(|pop| cloud[VDC].pops.contains(pop));
                in_gpn(cloud, &gpn, |gpn| {
                    gpn.networks.extend(networks);
                    gpn.pops.extend(pops);
                });
            }
            Self::LeaveGpn { gpn, points } => in_gpn(cloud, &gpn, |gpn| {
                for own in [&mut gpn.networks, &mut gpn.subnets, &mut gpn.pops] {
                    own.retain(|point| !points.contains(point));
                }
            }),
        }
    }
}

fn remove_vdc(cloud: &mut Cloud, id: &str) {
    let networks: Vec<_> = cloud
        .networks_of(id)
        .map(|network| network.id.clone())
        .collect();
    for network in networks {
        cloud.remove_network(&network);
    }
    cloud[VDC].vdcs.remove(id);
}

fn remove_range(cloud: &mut Cloud, network: &str, segment: &str) {
    cloud.end_use(segment);
    if let Some(network) = cloud[VDC].networks.get_mut(network) {
        network.segments.retain(|own| own.id != segment);
    }
}

/// Changes a GPN that is still there. From then on it costs what it is then.
fn in_gpn(cloud: &mut Cloud, id: &str, change: impl FnOnce(&mut Gpn)) {
    if let Some(gpn) = cloud[VDC].gpns.get_mut(id) {
        change(gpn);
        cloud.meter_gpn(id, None);
    }
}

impl Cloud {
    /// Says how far a range of a network has come.
    pub(super) fn set_stage(&mut self, network: &str, segment: &str, stage: Stage) {
        let segments = self[VDC]
            .networks
            .get_mut(network)
            .map(|network| &mut network.segments);
        for own in segments
            .into_iter()
            .flatten()
            .filter(|own| own.id == segment)
        {
            own.stage = stage;
        }
    }
}
