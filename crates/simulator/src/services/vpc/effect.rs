//! What the ends of tasks do to VPCs, EIPs and bandwidths.

use super::metering;
use super::state::{Bandwidth, Line, NetKind};
use crate::cloud::world::World;
use crate::services::ccs::Instance;
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

impl Effect {
    /// Does it.
    pub(crate) fn apply(self, world: &mut World) {
        match self {
            Self::RemoveVpc { vpc } => {
                let nets: Vec<_> = world.vpc.nets.iter().filter(|net| net.vpc_id == vpc).map(|net| net.id.clone()).collect();
                for net in nets {
                    world.close_net(&net);
                }
                world.vpc.vpcs.remove(&vpc);
            }
            Self::RemoveNet { net } => world.close_net(&net),
            Self::OpenEips { eips, credit } => {
                for eip in &eips {
                    world.meter_eip(eip, credit);
                }
            }
            Self::CancelEips { eips, charge } => {
                world.refund(charge);
                for eip in &eips {
                    world.remove_eip(eip);
                }
            }
            Self::RemoveEips { eips } => {
                for eip in &eips {
                    world.remove_eip(eip);
                }
            }
            Self::Refund { charge } => world.refund(charge),
            Self::ResizeEip { eip, qos } => {
                if let Some(Line::Own(own)) = world.vpc.eips.get_mut(&eip).map(|eip| &mut eip.bandwidth) {
                    own.qos = qos;
                }
                world.meter_eip(&eip, None);
            }
            Self::Bind { eip, net, address } => world.bind(&eip, &net, address),
            Self::Unbind { eip } => world.unbind(&eip),
            Self::Reserve { entries } => {
                for entry in entries {
                    reserve(world, entry);
                }
            }
            Self::ResizeBandwidth { bandwidth, qos } => {
                if let Some(bandwidth) = world.vpc.bandwidths.get_mut(&bandwidth) {
                    bandwidth.qos = qos;
                }
                world.meter_bandwidth(&bandwidth);
            }
            Self::Join { bandwidth, eips } => {
                for eip in &eips {
                    join(world, &bandwidth, eip);
                }
            }
            Self::Leave { eips, carrier, scheme, qos } => {
                for id in &eips {
                    leave(world, id, &carrier, &scheme, qos);
                }
            }
            Self::AddCards { vlink, servers } => add_cards(world, &vlink, servers),
            Self::RemoveCards { vlink, servers } => remove_cards(world, &vlink, &servers),
        }
    }
}

fn reserve(world: &mut World, entry: Reservation) {
    let Reservation { net, address, description, eip } = entry;
    let Some(NetKind::Gateway { reserved, .. }) = world.vpc.nets.get_mut(&net).map(|net| &mut net.kind) else { return };
    if reserved.insert(address, description).is_none() {
        world.addresses.take(&net, address);
    }
    if let Some(eip) = eip {
        world.bind(&eip, &net, address);
    }
}

/// An EIP gives its own bandwidth up for a shared one.
fn join(world: &mut World, bandwidth: &str, id: &str) {
    if !world.vpc.bandwidths.contains(bandwidth) {
        return;
    }
    let Some(eip) = world.vpc.eips.get_mut(id) else { return };
    if let Line::Own(own) = std::mem::replace(&mut eip.bandwidth, Line::Shared(bandwidth.to_owned())) {
        world.end_use(&own.id);
    }
    world.meter_eip(id, None);
}

fn leave(world: &mut World, id: &str, carrier: &str, scheme: &str, qos: u64) {
    let (own, created) = (world.ids.uuid(), world.now());
    let paid_until = vdc::price::bandwidth(scheme).and_then(|rate| metering::paid_until(rate, created));
    world.expect_end_of_bandwidth(paid_until);
    let Some(eip) = world.vpc.eips.get_mut(id) else { return };
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
    world.meter_eip(id, None);
    if let Line::Shared(bandwidth) = shared {
        world.meter_bandwidth(&bandwidth);
    }
}

fn add_cards(world: &mut World, vlink: &str, servers: Vec<(String, Ipv4Addr)>) {
    let Some(network) = world.vpc.vlinks.get(vlink).map(|vlink| vlink.network.clone()) else { return };
    for (server, address) in servers {
        if !world.ccs.instances.contains(&server) {
            continue;
        }
        let interface = world.new_interface(&network, Some(address), false);
        if let Some(vlink) = world.vpc.vlinks.get_mut(vlink) {
            vlink.servers.insert(server.clone(), interface.id.clone());
        }
        world.ccs.instances.change(&server, |instance| instance.interfaces.push(interface));
    }
}

fn remove_cards(world: &mut World, vlink: &str, servers: &[String]) {
    for server in servers {
        let Some(card) = world.vpc.vlinks.get_mut(vlink).and_then(|vlink| vlink.servers.remove(server)) else { continue };
        let take = |instance: &mut Instance| instance.interfaces.extract_if(.., |own| own.id == card).collect::<Vec<_>>();
        for interface in world.ccs.instances.change(server, take).iter().flatten() {
            world.forget_interface(interface);
        }
    }
}
