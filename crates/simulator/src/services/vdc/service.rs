//! The service `/network` of Capital Online: virtual data centers with their public and private
//! networks, and what joins them.

use super::effect::Effect;
use super::state::VDC;
use super::{gpn, metering, price, private, problems, public, receiver, usage, vdcs};
use crate::cloud::call::Table;
use crate::cloud::dashboard_list::DashboardList;
use crate::cloud::service::{EffectKind, Service};
use crate::cloud::service_states::StateKind;
use crate::cloud::state::Cloud;

/// The service.
pub(crate) struct Vdc;

impl Service for Vdc {
    fn name(&self) -> &'static str {
        "cds.vdc"
    }

    fn actions(&self) -> &'static [Table] {
        &[
            vdcs::ACTIONS,
            gpn::ACTIONS,
            price::ACTIONS,
            private::ACTIONS,
            public::ACTIONS,
            receiver::ACTIONS,
            usage::ACTIONS,
        ]
    }

    fn state(&self) -> Option<StateKind> {
        Some(VDC.kind())
    }

    fn effects(&self) -> Option<EffectKind> {
        Some(EffectKind::of::<Effect>())
    }

    fn index(&self, cloud: &mut Cloud) {
        metering::index(cloud);
    }

    fn follow_up(&self, cloud: &mut Cloud) {
        cloud.meter_flows();
    }

    fn problems(&self, cloud: &Cloud) -> Vec<String> {
        problems::problems(cloud)
    }

    fn dashboard_lists(&self, cloud: &Cloud) -> Vec<(&'static str, DashboardList)> {
        let state = &cloud[VDC];
        vec![
            ("vdcs", DashboardList::from(&state.vdcs)),
            ("networks", DashboardList::from(&state.networks)),
            ("gpns", DashboardList::from(&state.gpns)),
            ("pops", DashboardList::from(&state.pops)),
            ("receivers", DashboardList::from(&state.receivers)),
            (
                "closed_regions",
                DashboardList::of(state.closed_regions.iter()),
            ),
        ]
    }
}
