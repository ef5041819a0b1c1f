//! The service `/vpc` of Capital Online: VPCs with subnets, gateways, EIPs and bandwidths.

mod answers;
mod bandwidth;
mod binding;
mod effect;
mod eip;
mod flow;
mod index;
pub(crate) mod load_balancer;
mod metering;
mod net;
mod price;
mod problems;
mod refusals;
mod resources;
mod service;
mod site;
mod state;
#[cfg(test)]
mod tests;
mod usage;
mod vlink;
mod vpcs;
mod work;

pub(crate) use effect::Effect;
pub(crate) use service::Vpc;
pub(crate) use state::VPC;
pub(crate) use state::{Eip, Net};
