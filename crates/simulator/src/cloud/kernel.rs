//! The cloud at work: its state, and the services that change it.

use crate::cloud::addresses::Addresses;
use crate::cloud::call::Call;
use crate::cloud::dashboard_list::DashboardList;
use crate::cloud::ids::Ids;
use crate::cloud::page_fault::PageFault;
use crate::cloud::params::Params;
use crate::cloud::refusal::Refusal;
use crate::cloud::service::{Handling, Services};
use crate::cloud::state::Cloud;
use crate::cloud::task::Effect;
use crate::cloud::virtual_clock::VirtualClock;
use cumulua_core::catalog::Action;
use jiff::Timestamp;
use serde_json::Value as Json;
use std::fmt;
use std::time::Duration;

/// A cloud with its services.
#[derive(Clone)]
pub(crate) struct Kernel {
    pub(crate) cloud: Cloud,
    pub(crate) services: Services,
}

impl fmt::Debug for Kernel {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Kernel").field(&self.cloud).finish()
    }
}

impl Kernel {
    /// A new cloud.
    pub(crate) fn new(services: Services, ids: Ids) -> Self {
        let mut cloud = Cloud {
            ids,
            ..Cloud::default()
        };
        for state in services.iter().filter_map(|service| service.state()) {
            cloud.states.set(state.name, (state.new)());
        }
        Self { cloud, services }
    }

    /// Lets the cloud begin, at a time of day and of the clock, and finds out what follows from its
    /// parts.
    pub(crate) fn begin(&mut self, day: Timestamp, clock: Duration) {
        let cloud = &mut self.cloud;
        cloud.clock = VirtualClock::starting(day, cloud.tasks.elapsed(), clock);
        cloud.addresses = Addresses::default();
        for (network, address) in cloud.tasks.reserved() {
            cloud.addresses.take(network, *address);
        }
        for service in self.services {
            service.index(&mut self.cloud);
        }
    }

    /// Brings the cloud to a time of the clock: the tasks that are due by then end, in order.
    pub(crate) fn settle(&mut self, clock: Duration) {
        let elapsed = self.cloud.clock.tasks_at(clock);
        while let Some(due) = self.cloud.tasks.next_due().filter(|due| *due <= elapsed) {
            self.cloud.tasks.pass(due);
            let now = self.cloud.clock.day_at(due);
            let Some(end) = self.cloud.tasks.end_next(now) else {
                break;
            };
            for (network, address) in end.frees {
                self.cloud.addresses.release(&network, address);
            }
            if let Some(effect) = end.effect {
                self.apply(effect);
            }
            self.follow_up();
        }
        self.cloud.tasks.pass(elapsed);
        for service in self.services {
            service.settle(&mut self.cloud);
        }
    }

    fn apply(&mut self, effect: Effect) {
        let mut kinds = self.services.iter().filter_map(|service| service.effects());
        if let Some(kind) = kinds.find(|kind| kind.state == effect.state) {
            (kind.apply)(effect, &mut self.cloud);
        }
    }

    fn follow_up(&mut self) {
        for service in self.services {
            service.follow_up(&mut self.cloud);
        }
    }

    /// Carries a call out.
    pub(crate) fn call(
        &mut self,
        handling: Handling,
        action: &Action,
        params: Params<'_>,
        page_fault: PageFault,
    ) -> Result<Json, Refusal> {
        let answer = handling.carry_out(&mut Call {
            cloud: &mut self.cloud,
            action,
            params,
            page_fault,
        })?;
        self.follow_up();
        Ok(answer)
    }

    /// What does not fit together, as a person may have written it: each names the list and the id.
    pub(crate) fn problems(&self) -> Vec<String> {
        self.services
            .iter()
            .flat_map(|service| service.problems(&self.cloud))
            .collect()
    }

    /// The lists of each service's resources.
    pub(crate) fn dashboard_lists(
        &self,
    ) -> impl Iterator<Item = (&'static str, Vec<(String, DashboardList)>)> {
        self.services.iter().map(|service| {
            let own = service.dashboard_lists(&self.cloud).into_iter();
            let own = own.map(|(name, list)| (name.to_owned(), list));
            let all = own.chain(service.kind_lists(&self.cloud));
            (service.name(), all.collect())
        })
    }
}
