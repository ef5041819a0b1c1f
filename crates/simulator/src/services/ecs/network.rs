//! What servers need of VPCs: their subnets, egress gateways and elastic IPs.

use super::Server;
use crate::cloud::call::Call;
use crate::cloud::refusal::Refusal;
use crate::cloud::state::Cloud;
use crate::services::vpc::{Eip, Net, VPC};
use std::net::Ipv4Addr;

impl Call<'_> {
    /// A network that servers of a zone can lie in, and that no task works on.
    pub(super) fn net_for_servers(
        &self,
        id: &str,
        zone: &str,
        vpc: &str,
    ) -> Result<Option<&Net>, Refusal> {
        let net = self.cloud[VPC]
            .nets
            .get(id)
            .filter(|net| net.zone.eq_ignore_ascii_case(zone) && net.vpc_id == vpc);
        if net.is_some() && self.cloud.tasks.holder(id).is_some() {
            return Err(Refusal::new(
                "InvalidOperation",
                format!("A task works on the network {id}"),
            ));
        }
        Ok(net)
    }

    /// An elastic IP that can be bound to a server in a zone.
    pub(super) fn free_eip(&self, id: &str, zone: &str) -> Result<&Eip, Refusal> {
        let eip = self.cloud[VPC]
            .eips
            .get(id)
            .filter(|eip| eip.zone.eq_ignore_ascii_case(zone));
        let eip = eip.ok_or_else(|| {
            self.malformed(
                "PubnetInfo",
                &format!("there is no elastic IP {id} in {zone}"),
            )
        })?;
        if eip.bound.is_some() || self.cloud.tasks.holder(id).is_some() {
            return Err(Refusal::new(
                "InvalidOperation",
                format!("The elastic IP {id} is in use"),
            ));
        }
        Ok(eip)
    }
}

impl Cloud {
    /// The VPC of a server.
    pub(super) fn ecs_vpc_of(&self, server: &Server) -> Option<&str> {
        self[VPC]
            .nets
            .get(&server.subnet_id)
            .map(|net| net.vpc_id.as_str())
    }

    /// Refuses a VPC that is not there.
    pub(super) fn check_ecs_vpc(&self, id: &str) -> Result<(), Refusal> {
        let is_there = self[VPC].vpcs.contains(id);
        if is_there {
            Ok(())
        } else {
            Err(Refusal::new(
                "InvalidVpc.NotFound",
                format!("There is no VPC {id}"),
            ))
        }
    }

    /// Sets an address of a server free, and the elastic IP that is bound to it.
    pub(super) fn leave_network(&mut self, network: &str, address: Ipv4Addr) {
        self.addresses.release(network, address);
        if let Some(eip) = self.eip_at(network, address).map(|eip| eip.id.clone()) {
            self.unbind(&eip);
        }
    }
}
