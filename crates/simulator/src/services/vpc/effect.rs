//! What the ends of tasks do to VPCs, EIPs and bandwidths.

use super::metering;
use super::state::{Bandwidth, Line, NetKind, VPC};
use crate::cloud::service::TaskEffect;
use crate::cloud::state::Cloud;
use crate::services::ccs::{CCS, Instance};
use crate::services::vdc;
use serde::{Deserialize, Serialize};
use std::net::Ipv4Addr;

/// What the end of a task does here. What has gone meanwhile is passed over.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Effect {
    RemoveVpc {
        vpc: String,
    },
    RemoveNet {
        net: String,
    },
    /// New EIPs are there; from now on they are metered.
    OpenEips {
        eips: Vec<String>,
        #[serde(default)]
        credit: Option<u64>,
    },
    /// The order was not carried out: the money comes back.
    CancelEips {
        eips: Vec<String>,
        charge: Option<usize>,
    },
    RemoveEips {
        eips: Vec<String>,
    },
    Refund {
        charge: Option<usize>,
    },
    ResizeEip {
        eip: String,
        qos: u64,
    },
    Bind {
        eip: String,
        net: String,
        address: Ipv4Addr,
    },
    Unbind {
        eip: String,
    },
    Reserve {
        entries: Vec<Reservation>,
    },
    ResizeBandwidth {
        bandwidth: String,
        qos: u64,
    },
    Join {
        bandwidth: String,
        eips: Vec<String>,
    },
    /// The EIPs get a bandwidth of their own.
    Leave {
        eips: Vec<String>,
        carrier: String,
        scheme: String,
        qos: u64,
    },
    AddCards {
        vlink: String,
        servers: Vec<(String, Ipv4Addr)>,
    },
    RemoveCards {
        vlink: String,
        servers: Vec<String>,
    },
}

/// An address of a gateway that is kept, and the EIP that is bound to it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Reservation {
    pub(super) net: String,
    pub(super) address: Ipv4Addr,
    pub(super) description: String,
    #[serde(default)]
    pub(super) eip: Option<String>,
}

impl TaskEffect for Effect {
    const STATE: &'static str = VPC.name();

    fn apply(self, cloud: &mut Cloud) {
        match self {
            Self::RemoveVpc { vpc } => {
                let nets: Vec<_> = cloud[VPC]
                    .nets
                    .iter()
                    .filter(|net| net.vpc_id == vpc)
                    .map(|net| net.id.clone())
                    .collect();
                for net in nets {
                    cloud.close_net(&net);
                }
                cloud[VPC].vpcs.remove(&vpc);
            }
            Self::RemoveNet { net } => cloud.close_net(&net),
            Self::OpenEips { eips, credit } => {
                for eip in &eips {
                    cloud.meter_eip(eip, credit);
                }
            }
            Self::CancelEips { eips, charge } => {
                cloud.refund(charge);
                for eip in &eips {
                    cloud.remove_eip(eip);
                }
            }
            Self::RemoveEips { eips } => {
                for eip in &eips {
                    cloud.remove_eip(eip);
                }
            }
            Self::Refund { charge } => cloud.refund(charge),
            Self::ResizeEip { eip, qos } => {
                if let Some(Line::Own(own)) =
                    cloud[VPC].eips.get_mut(&eip).map(|eip| &mut eip.bandwidth)
                {
                    own.qos = qos;
                }
                cloud.meter_eip(&eip, None);
            }
            Self::Bind { eip, net, address } => cloud.bind(&eip, &net, address),
            Self::Unbind { eip } => cloud.unbind(&eip),
            Self::Reserve { entries } => {
                for entry in entries {
                    reserve(cloud, entry);
                }
            }
            Self::ResizeBandwidth { bandwidth, qos } => {
                if let Some(bandwidth) = cloud[VPC].bandwidths.get_mut(&bandwidth) {
                    bandwidth.qos = qos;
                }
                cloud.meter_bandwidth(&bandwidth);
            }
            Self::Join { bandwidth, eips } => {
                for eip in &eips {
                    join(cloud, &bandwidth, eip);
                }
            }
            Self::Leave {
                eips,
                carrier,
                scheme,
                qos,
            } => {
                for id in &eips {
                    leave(cloud, id, &carrier, &scheme, qos);
                }
            }
            Self::AddCards { vlink, servers } => add_cards(cloud, &vlink, servers),
            Self::RemoveCards { vlink, servers } => remove_cards(cloud, &vlink, &servers),
        }
    }
}

fn reserve(cloud: &mut Cloud, entry: Reservation) {
    let Reservation {
        net,
        address,
        description,
        eip,
    } = entry;
    let Some(NetKind::Gateway { reserved, .. }) =
        cloud[VPC].nets.get_mut(&net).map(|net| &mut net.kind)
    else {
        return;
    };
    if reserved.insert(address, description).is_none() {
        cloud.addresses.take(&net, address);
    }
    if let Some(eip) = eip {
        cloud.bind(&eip, &net, address);
    }
}

/// An EIP gives its own bandwidth up for a shared one.
fn join(cloud: &mut Cloud, bandwidth: &str, id: &str) {
    if !cloud[VPC].bandwidths.contains(bandwidth) {
        return;
    }
    let Some(eip) = cloud[VPC].eips.get_mut(id) else {
        return;
    };
    if let Line::Own(own) =
        std::mem::replace(&mut eip.bandwidth, Line::Shared(bandwidth.to_owned()))
    {
        cloud.end_use(&own.id);
    }
    cloud.meter_eip(id, None);
}

fn leave(cloud: &mut Cloud, id: &str, carrier: &str, scheme: &str, qos: u64) {
    let (own, created) = (cloud.ids.uuid(), cloud.now());
    let paid_until =
        vdc::price::bandwidth(scheme).and_then(|rate| metering::paid_until(rate, created));
    cloud.expect_end_of_bandwidth(paid_until);
    let Some(eip) = cloud[VPC].eips.get_mut(id) else {
        return;
    };
    let shared = std::mem::replace(
        &mut eip.bandwidth,
        Line::Own(Bandwidth {
            id: own,
            name: String::new(),
            region: eip.region.clone(),
            zone: eip.zone.clone(),
            carrier: carrier.to_owned(),
            scheme: scheme.to_owned(),
            qos,
            paid_until,
            credit: None,
            created,
        }),
    );
    cloud.meter_eip(id, None);
    if let Line::Shared(bandwidth) = shared {
        cloud.meter_bandwidth(&bandwidth);
    }
}

fn add_cards(cloud: &mut Cloud, vlink: &str, servers: Vec<(String, Ipv4Addr)>) {
    let Some(network) = cloud[VPC]
        .vlinks
        .get(vlink)
        .map(|vlink| vlink.network.clone())
    else {
        return;
    };
    for (server, address) in servers {
        if !cloud[CCS].instances.contains(&server) {
            continue;
        }
        let interface = cloud.new_interface(&network, Some(address), false);
        if let Some(vlink) = cloud[VPC].vlinks.get_mut(vlink) {
            vlink.servers.insert(server.clone(), interface.id.clone());
        }
        cloud[CCS]
            .instances
            .change(&server, |instance| instance.interfaces.push(interface));
    }
}

fn remove_cards(cloud: &mut Cloud, vlink: &str, servers: &[String]) {
    for server in servers {
        let Some(card) = cloud[VPC]
            .vlinks
            .get_mut(vlink)
            .and_then(|vlink| vlink.servers.remove(server))
        else {
            continue;
        };
        let take = |instance: &mut Instance| {
            instance
                .interfaces
                .extract_if(.., |own| own.id == card)
                .collect::<Vec<_>>()
        };
        for interface in cloud[CCS].instances.change(server, take).iter().flatten() {
            cloud.forget_interface(interface);
        }
    }
}
