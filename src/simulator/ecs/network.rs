//! What servers need of the networks: the one place where this service asks about VPCs.

use super::Server;
use crate::simulator::addresses::Range;
use crate::simulator::refusal::Refusal;
use crate::simulator::store::Keyed;
use crate::simulator::world::World;
use serde::{Deserialize, Serialize};

/// A subnet or an egress gateway that servers can lie in.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Net {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) vpc_id: String,
    pub(crate) vpc_name: String,
    /// The code of its zone.
    pub(crate) zone: String,
    /// Whether it is an egress gateway.
    #[serde(default)]
    pub(crate) is_gateway: bool,
    pub(crate) range: Range,
}

impl Keyed for Net {
    fn key(&self) -> &str {
        &self.id
    }
}

impl World {
    /// A network of a zone by its id.
    pub(super) fn ecs_net(&self, id: &str, zone: &str) -> Option<Net> {
        self.ecs.networks.get(id).filter(|net| net.zone == zone).cloned()
    }

    /// The VPC of a server.
    pub(super) fn ecs_vpc_of(&self, server: &Server) -> Option<&str> {
        self.ecs.networks.get(&server.subnet_id).map(|net| net.vpc_id.as_str())
    }

    /// Refuses a VPC that is not there.
    pub(super) fn check_ecs_vpc(&self, id: &str) -> Result<(), Refusal> {
        let is_there = self.ecs.networks.iter().any(|net| net.vpc_id == id);
        if is_there { Ok(()) } else { Err(Refusal::new("InvalidVpc.NotFound", format!("There is no VPC {id}"))) }
    }
}
