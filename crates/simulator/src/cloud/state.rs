//! The cloud's state. It changes only when a request or a due task changes it, and all of it can be
//! written to a file and read again.

use crate::cloud::addresses::Addresses;
use crate::cloud::blob::Blob;
use crate::cloud::data::Data;
use crate::cloud::ids::{self, Ids};
use crate::cloud::money::{Charge, Money, Wallet};
use crate::cloud::service_states::{ServiceStates, StateKey};
use crate::cloud::task::{Plan, TaskFault};
use crate::cloud::tasks::Tasks;
use crate::cloud::virtual_clock::VirtualClock;
use jiff::Timestamp;
use std::ops::{Index, IndexMut};
use std::path::PathBuf;

/// Everything that the one account has. `cloud[VDC]` is the state of the service with the key
/// `VDC`.
#[derive(Debug, Clone, Default)]
pub(crate) struct Cloud {
    pub(crate) ids: Ids,
    /// The account with Capital Online.
    pub(crate) wallet: Wallet,
    pub(crate) states: ServiceStates,
    pub(crate) tasks: Tasks,
    /// Follows from the rest.
    pub(crate) addresses: Addresses,
    /// Of the tasks that are started from now on.
    pub(crate) task_fault: Option<TaskFault>,
    /// The file that came with the call that is carried out, until an object has it.
    pub(crate) received: Option<Blob>,
    /// The folder that objects are kept in; none where they are in memory.
    pub(crate) objects_in: Option<PathBuf>,
    /// Where objects are reached: a URL, or none for that of the cloud.
    pub(crate) objects_at: Option<String>,
    pub(crate) clock: VirtualClock,
}

impl<S: Data> Index<StateKey<S>> for Cloud {
    type Output = S;

    fn index(&self, key: StateKey<S>) -> &S {
        &self.states[key]
    }
}

impl<S: Data> IndexMut<StateKey<S>> for Cloud {
    fn index_mut(&mut self, key: StateKey<S>) -> &mut S {
        &mut self.states[key]
    }
}

impl Cloud {
    /// The time of day that the cloud has come to.
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.day_at(self.tasks.elapsed())
    }

    /// Starts a task now; its id.
    pub(crate) fn start(&mut self, plan: Plan) -> String {
        for (network, address) in &plan.reserves {
            self.addresses.take(network, *address);
        }
        let now = self.now();
        self.tasks
            .start(plan, &mut self.ids, now, self.task_fault.as_ref())
    }

    /// Pays from the account with Capital Online. The number is the charge's, for a refund; there
    /// is none where there was nothing to pay.
    pub(crate) fn pay(
        &mut self,
        service: &str,
        item: &str,
        resources: Vec<String>,
        amount: Money,
    ) -> Option<usize> {
        self.wallet
            .pay(Charge::new(self.now(), service, item, resources, amount))
    }

    /// A number from 0 up to 1 that is always the same for the same purpose and number.
    pub(crate) fn fraction(&self, purpose: &str, number: u64) -> f64 {
        ids::fraction(self.ids.seed(), purpose, number)
    }
}
