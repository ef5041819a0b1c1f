//! The resources: found, checked and changed for the Actions and the ends of tasks.

use super::refusals::{not_found, wrong_state};
use super::state::{Bandwidth, Binding, Eip, Line, Net, NetKind, VPC, Vlink, Vpc};
use crate::cloud::call::Call;
use crate::cloud::refusal::Refusal;
use crate::cloud::state::Cloud;
use std::net::Ipv4Addr;

impl Cloud {
    /// A VPC by its id.
    pub(crate) fn vpc(&self, id: &str) -> Result<&Vpc, Refusal> {
        self[VPC].vpcs.get(id).ok_or_else(|| not_found("VPCId", id))
    }

    /// The VLINK that leads to a private network or a subnet.
    pub(crate) fn vlink_to(&self, network: &str) -> Option<&Vlink> {
        self[VPC]
            .vlinks
            .iter()
            .find(|vlink| vlink.network == network || vlink.subnet == network)
    }

    /// The EIP that is bound to an address of a subnet or gateway.
    pub(crate) fn eip_at(&self, net: &str, address: Ipv4Addr) -> Option<&Eip> {
        let is_there = |bound: &Binding| bound.net == net && bound.address == address;
        self[VPC]
            .eips
            .iter()
            .find(|eip| eip.bound.as_ref().is_some_and(is_there))
    }

    /// The bandwidth that an EIP has now.
    pub(crate) fn line_of<'a>(&'a self, eip: &'a Eip) -> Option<&'a Bandwidth> {
        match &eip.bandwidth {
            Line::Own(own) => Some(own),
            Line::Shared(id) => self[VPC].bandwidths.get(id),
        }
    }

    /// Takes the addresses that the net itself needs.
    pub(super) fn open_net(&mut self, net: &Net) {
        let (routers, system) = net.system_addresses();
        for address in routers.into_iter().chain(system) {
            self.addresses.take(&net.id, address);
        }
    }

    /// Takes a subnet or gateway away.
    pub(super) fn close_net(&mut self, id: &str) {
        let Some(net) = self[VPC].nets.remove(id) else {
            return;
        };
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
        let Some(eip) = self[VPC].eips.remove(id) else {
            return;
        };
        self.addresses.release(EIPS, eip.address);
        self.end_use(id);
        if let Line::Own(own) = &eip.bandwidth {
            self.end_use(&own.id);
        }
    }

    /// Binds an EIP that is there to an address of a net that is there. Only a gateway's address is
    /// taken by it: a subnet's is a server's, which may come later.
    pub(crate) fn bind(&mut self, eip: &str, net: &str, address: Ipv4Addr) {
        let Some(is_gateway) = self[VPC].nets.get(net).map(|net| !net.is_subnet()) else {
            return;
        };
        let Some(eip) = self[VPC]
            .eips
            .get_mut(eip)
            .filter(|eip| eip.bound.is_none())
        else {
            return;
        };
        eip.bound = Some(Binding {
            net: net.to_owned(),
            address,
        });
        let id = eip.id.clone();
        if is_gateway {
            self.addresses.take(net, address);
        }
        self.meter_eip(&id, None);
    }

    pub(crate) fn unbind(&mut self, eip: &str) {
        let Some(bound) = self[VPC].eips.get_mut(eip).and_then(|eip| eip.bound.take()) else {
            return;
        };
        if self[VPC]
            .nets
            .get(&bound.net)
            .is_some_and(|net| !net.is_subnet())
        {
            self.addresses.release(&bound.net, bound.address);
        }
        self.meter_eip(eip, None);
    }
}

/// The register's name for the addresses of EIPs.
pub(super) const EIPS: &str = "eips";

impl Call<'_> {
    /// Refuses a resource that a task works on.
    pub(super) fn idle(&self, id: &str) -> Result<(), Refusal> {
        match self.cloud.tasks.state_of(id) {
            None => Ok(()),
            Some(state) => Err(wrong_state(format!("{id} is {state}"))),
        }
    }
}
