//! The cloud's state. It moves only when a request or a due task moves it, and all of it can be written to a file and read again.

use crate::cloud::addresses::Addresses;
use crate::cloud::ids::{self, Ids};
use crate::cloud::money::{Charge, Money, Wallet};
use crate::cloud::pace::Pace;
use crate::cloud::task::{Fate, Plan, Tasks};
use crate::services::aegis;
use crate::services::aliyun;
use crate::services::billing;
use crate::services::bms;
use crate::services::bms_disk;
use crate::services::ccs;
use crate::services::desktop;
use crate::services::ebs;
use crate::services::ecs;
use crate::services::mcs;
use crate::services::oss_admin;
use crate::services::sas;
use crate::services::vdc;
use crate::services::vpc;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Everything that the one account has. A file need not have every part: what is absent is as in a new cloud.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct World {
    pub(crate) ids: Ids,
    /// The account with Capital Online.
    pub(crate) wallet: Wallet,
    pub(crate) vdc: vdc::State,
    pub(crate) vpc: vpc::State,
    pub(crate) ccs: ccs::State,
    pub(crate) ecs: ecs::State,
    pub(crate) ebs: ebs::State,
    pub(crate) bms: bms::State,
    pub(crate) bms_disk: bms_disk::State,
    pub(crate) desktop: desktop::State,
    pub(crate) billing: billing::State,
    pub(crate) mcs: mcs::State,
    /// The account with Alibaba.
    pub(crate) aliyun: aliyun::State,
    pub(crate) oss_admin: oss_admin::State,
    pub(crate) sas: sas::State,
    pub(crate) aegis: aegis::State,
    pub(crate) tasks: Tasks,
    /// Follows from the rest.
    #[serde(skip)]
    pub(crate) addresses: Addresses,
    /// Of the tasks that are started from now on.
    #[serde(skip)]
    pub(crate) fate: Option<Fate>,
    #[serde(skip)]
    pub(crate) pace: Pace,
}

impl World {
    /// A new cloud, whose ids follow from a seed.
    pub(crate) fn new(seed: u64) -> Self {
        Self { ids: Ids::new(seed), ..Self::default() }
    }

    /// Lets time begin for the world, at a time of day and of the clock, and finds out what follows from its parts.
    pub(crate) fn awake(mut self, day: Timestamp, clock: Duration) -> Self {
        self.pace = Pace::starting(day, self.tasks.elapsed(), clock);
        self.addresses = Addresses::default();
        for (network, address) in self.tasks.reserved() {
            self.addresses.take(network, *address);
        }
        billing::index(&mut self);
        ccs::index(&mut self);
        vdc::index(&mut self);
        vpc::index(&mut self);
        ecs::index(&mut self);
        ebs::index(&mut self);
        mcs::index(&mut self);
        bms::index(&mut self);
        desktop::index(&mut self);
        self
    }

    /// The time of day that the world has come to.
    pub(crate) fn now(&self) -> Timestamp {
        self.pace.day_at(self.tasks.elapsed())
    }

    /// Brings the world to a time of the clock: the tasks that are due by then end, in order.
    pub(crate) fn settle(&mut self, clock: Duration) {
        let elapsed = self.pace.tasks_at(clock);
        while let Some(due) = self.tasks.next_due().filter(|due| *due <= elapsed) {
            self.tasks.pass(due);
            let Some(end) = self.tasks.end_next(self.pace.day_at(due)) else { break };
            for (network, address) in end.frees {
                self.addresses.release(&network, address);
            }
            if let Some(effect) = end.effect {
                effect.apply(self);
            }
            self.meter_flows();
        }
        self.tasks.pass(elapsed);
        mcs::pass(self);
        sas::pass(self);
        aegis::pass(self);
        ccs::renew(self);
        ecs::renew(self);
        self.expire_snapshots();
        vpc::renew(self);
        bms::renew(self);
        desktop::renew(self);
    }

    /// Starts a task now; its id.
    pub(crate) fn start(&mut self, plan: Plan) -> String {
        for (network, address) in &plan.reserves {
            self.addresses.take(network, *address);
        }
        let now = self.now();
        self.tasks.start(plan, &mut self.ids, now, self.fate.as_ref())
    }

    /// Pays from the account with Capital Online; the charge's number for a refund, where there was something to pay.
    pub(crate) fn pay(&mut self, service: &str, item: &str, resources: Vec<String>, amount: Money) -> Option<usize> {
        self.wallet.pay(Charge::new(self.now(), service, item, resources, amount))
    }

    /// Gives back what was paid, to the account or to the credit that paid it.
    pub(crate) fn refund(&mut self, charge: Option<usize>) {
        if let Some((credit, amount)) = self.wallet.refund(charge) {
            self.return_credit(credit, amount);
        }
    }

    /// What does not fit together, as a person may have written it: each names the list and the id.
    pub(crate) fn problems(&self) -> Vec<String> {
        let problems = [
            vdc::problems(self),
            vpc::problems(self),
            ccs::problems(self),
            ecs::problems(self),
            ebs::problems(self),
            bms::problems(self),
            bms_disk::problems(self),
            desktop::problems(self),
            mcs::problems(self),
            sas::problems(self),
            aegis::problems(self),
        ];
        problems.concat()
    }

    /// A number from 0 up to 1 that is always the same for the same purpose and number.
    pub(crate) fn fraction(&self, purpose: &str, number: u64) -> f64 {
        ids::fraction(self.ids.seed(), purpose, number)
    }
}

pub(crate) fn is_uuid(id: &str) -> bool {
    id.len() == 36 && uuid::Uuid::parse_str(id).is_ok()
}
