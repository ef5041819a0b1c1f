//! The resources: found, checked and changed for the Actions and the ends of tasks.

use super::refusals::wrong_state;
use super::state::{Gpn, Network, VDC, Vdc};
use crate::cloud::addresses::Range;
use crate::cloud::ids::is_uuid;
use crate::cloud::refusal::Refusal;
use crate::cloud::state::Cloud;
use crate::services::ccs::CCS;

impl Cloud {
    /// A VDC by its id.
    pub(crate) fn vdc(&self, id: &str) -> Result<&Vdc, Refusal> {
        if !is_uuid(id) {
            return Err(Refusal::new(
                "InvalidVDCID.Malformed",
                "The parameter VdcId is not valid: it is not the id of a VDC",
            ));
        }
        self[VDC]
            .vdcs
            .get(id)
            .ok_or_else(|| Refusal::new("VDCNotFound", format!("There is no VDC {id}")))
    }

    /// A VDC in which something can be made: neither still being created nor going away.
    pub(crate) fn ready_vdc(&self, id: &str) -> Result<&Vdc, Refusal> {
        let vdc = self.vdc(id)?;
        match self.tasks.state_of(id) {
            None => Ok(vdc),
            Some(state) => Err(wrong_state(format!("The VDC {id} is {state}"))),
        }
    }

    /// A network of a VDC by its id.
    pub(crate) fn network(&self, id: &str) -> Result<&Network, Refusal> {
        self[VDC]
            .networks
            .get(id)
            .ok_or_else(|| Refusal::new("InvalidParameter", format!("There is no network {id}")))
    }

    /// A network that something can be put into: neither still being created nor going away.
    pub(crate) fn ready_network(&self, id: &str) -> Result<&Network, Refusal> {
        let network = self.network(id)?;
        match self
            .tasks
            .state_of(id)
            .filter(|state| ["creating", "deleting"].contains(state))
        {
            None => Ok(network),
            Some(state) => Err(Refusal::new(
                "InvalidParameter",
                format!("The network {id} is {state}"),
            )),
        }
    }

    /// The networks of a VDC.
    pub(crate) fn networks_of<'a>(&'a self, vdc: &'a str) -> impl Iterator<Item = &'a Network> {
        self[VDC]
            .networks
            .iter()
            .filter(move |network| network.vdc_id == vdc)
    }

    /// The GPN that a network or subnet is in.
    pub(crate) fn gpn_of(&self, network: &str) -> Option<&Gpn> {
        self[VDC].gpns.iter().find(|gpn| {
            gpn.networks
                .iter()
                .chain(&gpn.subnets)
                .any(|own| own == network)
        })
    }

    /// What keeps a network from being taken away.
    pub(super) fn network_use(&self, id: &str) -> Option<&'static str> {
        let has_interface = || {
            self[CCS]
                .instances
                .iter()
                .any(|own| own.interfaces.iter().any(|own| own.network == id))
        };
        if self.addresses.count(id) > 0 || has_interface() {
            Some("servers are in it")
        } else if self.gpn_of(id).is_some() {
            Some("it is in a GPN")
        } else if self.vlink_to(id).is_some() {
            Some("a VLINK leads to it")
        } else {
            None
        }
    }

    /// A public range of a size that is free.
    pub(super) fn free_public_range(&self, bits: u8) -> Option<Range> {
        let public = self[VDC]
            .networks
            .iter()
            .filter(|network| network.is_public());
        self[VDC].public_pool.gap(
            bits,
            public
                .flat_map(|network| &network.segments)
                .map(|segment| segment.range),
        )
    }

    /// A range for a private network that no other one of the account has.
    pub(super) fn free_private_range(&self) -> Option<Range> {
        let private = self[VDC]
            .networks
            .iter()
            .filter(|network| !network.is_public());
        self[VDC].private_pool.gap(
            24,
            private
                .flat_map(|network| &network.segments)
                .map(|segment| segment.range),
        )
    }

    /// A network's or a VDC's state as the document writes it.
    pub(crate) fn network_status(&self, id: &str) -> &str {
        self.tasks.state_of(id).unwrap_or("ok")
    }
}
