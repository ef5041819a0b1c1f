//! What the ends of tasks do to VPCs, EIPs and bandwidths.

use super::state::{Bandwidth, Line, NetKind};
use crate::simulator::world::World;
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
            }
            Self::Join { bandwidth, eips } => {
                for eip in eips.iter().filter(|_| world.vpc.bandwidths.contains(&bandwidth)) {
                    if let Some(eip) = world.vpc.eips.get_mut(eip) {
                        eip.bandwidth = Line::Shared(bandwidth.clone());
                    }
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

fn leave(world: &mut World, id: &str, carrier: &str, scheme: &str, qos: u64) {
    let (own, created) = (world.ids.uuid(), world.now());
    if let Some(eip) = world.vpc.eips.get_mut(id) {
        eip.bandwidth = Line::Own(Bandwidth {
            id: own,
            name: String::new(),
            region: eip.region.clone(),
            zone: eip.zone.clone(),
            carrier: carrier.to_owned(),
            scheme: scheme.to_owned(),
            qos,
            created,
        });
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
        if let Some(instance) = world.ccs.instances.get_mut(&server) {
            instance.interfaces.push(interface);
        }
    }
}

fn remove_cards(world: &mut World, vlink: &str, servers: &[String]) {
    for server in servers {
        let Some(card) = world.vpc.vlinks.get_mut(vlink).and_then(|vlink| vlink.servers.remove(server)) else { continue };
        let Some(instance) = world.ccs.instances.get_mut(server) else { continue };
        let gone: Vec<_> = instance.interfaces.extract_if(.., |own| own.id == card).collect();
        for interface in &gone {
            world.forget_interface(interface);
        }
    }
}
