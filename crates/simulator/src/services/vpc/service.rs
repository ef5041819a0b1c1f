//! The service `/vpc` of Capital Online: VPCs with subnets, gateways, EIPs and bandwidths.

use super::effect::Effect;
use super::state::VPC;
use super::{
    bandwidth, binding, eip, flow, index, load_balancer, metering, net, price, problems, usage,
    vlink, vpcs,
};
use crate::cloud::call::Table;
use crate::cloud::dashboard_list::DashboardList;
use crate::cloud::service::{EffectKind, Service};
use crate::cloud::service_states::StateKind;
use crate::cloud::state::Cloud;
use crate::services::generic::kind_lists;

/// The service.
pub(crate) struct Vpc;

impl Service for Vpc {
    fn name(&self) -> &'static str {
        "cds.vpc"
    }

    fn actions(&self) -> &'static [Table] {
        &[
            bandwidth::ACTIONS,
            binding::ACTIONS,
            eip::ACTIONS,
            flow::ACTIONS,
            load_balancer::ACTIONS,
            net::ACTIONS,
            price::ACTIONS,
            usage::ACTIONS,
            vlink::ACTIONS,
            vpcs::ACTIONS,
        ]
    }

    fn state(&self) -> Option<StateKind> {
        Some(VPC.kind())
    }

    fn effects(&self) -> Option<EffectKind> {
        Some(EffectKind::of::<Effect>())
    }

    fn index(&self, cloud: &mut Cloud) {
        index::index(cloud);
    }

    fn settle(&self, cloud: &mut Cloud) {
        metering::renew(cloud);
    }

    fn problems(&self, cloud: &Cloud) -> Vec<String> {
        problems::problems(cloud)
    }

    fn kind_lists(&self, cloud: &Cloud) -> Vec<(String, DashboardList)> {
        kind_lists(cloud, self.name())
    }

    fn dashboard_lists(&self, cloud: &Cloud) -> Vec<(&'static str, DashboardList)> {
        let state = &cloud[VPC];
        vec![
            ("vpcs", DashboardList::from(&state.vpcs)),
            ("nets", DashboardList::from(&state.nets)),
            ("eips", DashboardList::from(&state.eips)),
            ("bandwidths", DashboardList::from(&state.bandwidths)),
            ("vlinks", DashboardList::from(&state.vlinks)),
        ]
    }
}
