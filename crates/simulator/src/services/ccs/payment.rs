//! How servers are paid: by the second while they are there, or in advance for terms that renew
//! themselves.

use super::state::{CCS, Instance, Paid, Power};
use super::tariff;
use crate::cloud::money::Money;
use crate::cloud::params::Params;
use crate::cloud::refusal::Refusal;
use crate::cloud::state::Cloud;
use crate::cloud::term::Term;
use crate::services::billing::Use;
use crate::services::vdc::VDC;
use jiff::Timestamp;

/// The charge type of what is paid in advance.
pub(super) const PREPAID: &str = "PrePaid";

impl Paid {
    /// What an order in advance buys from a time on, as `PrepaidMonth` and `AutoRenew` have it.
    pub(super) fn of(
        params: Params,
        term: Term,
        now: Timestamp,
        month_price: Money,
    ) -> Option<Self> {
        let months = params.count("PrepaidMonth").unwrap_or(0).max(1);
        Some(Self {
            until: term.end(now)?,
            months,
            renews: params.int("AutoRenew") != Some(0),
            month_price,
        })
    }

    /// What a renewal buys. A term that ended with a month begins with one.
    fn renewal(&self) -> Term {
        Term {
            months: self.months.max(1),
            to_month_end: false,
            charges_whole_months: false,
        }
    }
}

/// The term of an order: 0 months are what is left of this one.
pub(super) fn term(params: Params) -> Term {
    let months = params.count("PrepaidMonth").unwrap_or(0);
    Term {
        months: months.max(1),
        to_month_end: months == 0,
        charges_whole_months: false,
    }
}

/// The term of a server that is paid in advance from now on: what is left of this month, and whole
/// months after it.
pub(super) fn term_from_now(params: Params) -> Term {
    let months = params.count("PrepaidMonth").unwrap_or(0).saturating_add(1);
    Term {
        months,
        to_month_end: true,
        charges_whole_months: false,
    }
}

impl Instance {
    /// Whether its term is over.
    pub(super) fn has_lapsed(&self, now: Timestamp) -> bool {
        self.paid.as_ref().is_some_and(|paid| paid.until <= now)
    }

    fn renews(&self) -> bool {
        self.paid.as_ref().is_some_and(|paid| paid.renews)
    }

    /// What it costs a month as it is now.
    pub(super) fn month_price(&self) -> Money {
        let disks = self.disks.iter().chain([&self.system]);
        let sum = |part: fn(&super::state::Disk) -> u64| {
            disks
                .clone()
                .fold(0, |sum: u64, disk| sum.saturating_add(part(disk)))
        };
        tariff::month(
            self.cpu,
            self.ram,
            sum(|disk| disk.size),
            sum(|disk| disk.packages),
        )
    }

    /// What it costs a day beside what is paid in advance.
    fn metered_per_day(&self) -> Money {
        let is_prepaid = self.charge_type == PREPAID;
        let paid = self.paid.as_ref().map_or(
            if is_prepaid {
                self.month_price()
            } else {
                Money::ZERO
            },
            |paid| paid.month_price,
        );
        tariff::day(self.month_price() - paid)
    }
}

impl Cloud {
    /// Refuses a server that is not paid any more.
    pub(super) fn paid_instance(&self, id: &str) -> Result<(), Refusal> {
        if self.instance(id)?.has_lapsed(self.now()) {
            return Err(Refusal::new(
                "IncorrectInstanceStatus",
                format!("The server {id} is not paid any more"),
            ));
        }
        Ok(())
    }

    /// Notes a term that has been paid.
    pub(super) fn expect_end(&mut self, paid: Option<&Paid>) {
        let Some(end) = paid.map(|paid| paid.until) else {
            return;
        };
        self[CCS].next_end = Some(self[CCS].next_end.map_or(end, |next| next.min(end)));
    }

    /// A server is there, or has changed, and costs what it costs now.
    pub(super) fn meter_instance(&mut self, id: &str) {
        let Some(instance) = self[CCS].instances.get(id) else {
            return;
        };
        let zone = self[VDC]
            .vdcs
            .get(&instance.vdc_id)
            .map_or("", |vdc| &vdc.region);
        self.meter(
            Use::of(id, "cds.ccs", "CreateInstance", instance.metered_per_day())
                .named(&instance.name, zone),
        );
    }
}

/// Finds out what an account out of a file lacks: the use of its servers, and when the next term
/// ends.
pub(super) fn index(cloud: &mut Cloud) {
    let is_there = |cloud: &Cloud, id: &str| cloud.tasks.state_of(id) != Some("creating");
    let ids: Vec<_> = cloud[CCS]
        .instances
        .iter()
        .map(|instance| instance.id.clone())
        .filter(|id| is_there(cloud, id))
        .collect();
    for id in ids
        .iter()
        .filter(|id| cloud.use_of(id).is_none())
        .collect::<Vec<_>>()
    {
        cloud.meter_instance(id);
    }
    note_next_end(cloud, None);
}

/// Renews or switches off the servers whose terms have ended by now.
pub(crate) fn renew(cloud: &mut Cloud) {
    let now = cloud.now();
    if cloud[CCS].next_end.is_none_or(|end| now < end) {
        return;
    }
    let ended = |instance: &&Instance| {
        instance.has_lapsed(now) && (instance.renews() || instance.power == Power::Running)
    };
    let ended: Vec<_> = cloud[CCS]
        .instances
        .iter()
        .filter(ended)
        .map(|instance| instance.id.clone())
        .collect();
    for id in ended {
        let Cloud { states, wallet, .. } = cloud;
        let ccs = &mut states[CCS];
        ccs.instances.change(&id, |instance| {
            let month_price = instance.month_price();
            if let Some(paid) = instance.paid.as_mut().filter(|paid| paid.renews) {
                let end =
                    paid.renewal()
                        .renew(wallet, paid.until, now, month_price, "cds.ccs", &id);
                if end > paid.until {
                    (paid.until, paid.month_price) = (end, month_price);
                }
            }
            if instance.has_lapsed(now) {
                instance.power = Power::Stopped;
            }
        });
        cloud.meter_instance(&id);
    }
    note_next_end(cloud, Some(now));
}

/// Notes when the next term ends, of those that end after a time.
fn note_next_end(cloud: &mut Cloud, after: Option<Timestamp>) {
    let ends = cloud[CCS]
        .instances
        .iter()
        .filter_map(|instance| instance.paid.as_ref())
        .map(|paid| paid.until);
    cloud[CCS].next_end = ends
        .filter(|end| after.is_none_or(|after| *end > after))
        .min();
}
