//! Paid terms: what renews itself is paid again when its term ends, and the rest is switched off
//! then.

use super::price::{self, Term};
use super::state::{Billing, ECS, Power, Server};
use crate::cloud::money::{Charge, Money};
use crate::cloud::refusal::Refusal;
use crate::cloud::state::Cloud;
use jiff::Timestamp;

impl Server {
    /// When its paid time ends; on demand it has no end.
    fn paid_until(&self) -> Option<Timestamp> {
        match &self.billing {
            Billing::OnDemand => None,
            Billing::Prepaid { until, .. } => Some(*until),
        }
    }

    /// Whether its paid term is over.
    pub(super) fn has_lapsed(&self, now: Timestamp) -> bool {
        self.paid_until().is_some_and(|end| end <= now)
    }
}

impl Cloud {
    /// Refuses a server that is not paid any more.
    pub(super) fn paid_ecs_server(&self, server: &Server) -> Result<(), Refusal> {
        if server.has_lapsed(self.now()) {
            let message = format!("The server {} is not paid any more", server.id);
            return Err(Refusal::new(
                "InvalidOperation.InstanceStatusUnsupported",
                message,
            ));
        }
        Ok(())
    }
}

/// Renews or switches off the servers whose terms have ended by now.
pub(crate) fn renew(cloud: &mut Cloud) {
    let now = cloud.now();
    if cloud[ECS].next_end.is_none_or(|end| now < end) {
        return;
    }
    let ended: Vec<_> = cloud[ECS]
        .servers
        .iter()
        .filter(|server| server.has_lapsed(now))
        .map(|server| server.id.clone())
        .collect();
    for id in ended {
        let disks: Vec<_> = cloud
            .ebs_disks_of(&id)
            .filter(|disk| disk.is_prepaid)
            .map(|disk| (disk.id.clone(), disk.size))
            .collect();
        let of_disks: Money = disks
            .iter()
            .map(|(_, size)| price::per_day_of_disk(*size))
            .sum();
        let Cloud { states, wallet, .. } = &mut *cloud;
        let ecs = &mut states[ECS];
        let Some(server) = ecs.servers.get_mut(&id) else {
            continue;
        };
        let per_day = price::per_day_of_server(server) + of_disks;
        let mut is_renewed = false;
        while let Billing::Prepaid {
            months,
            until,
            renews: true,
        } = &mut server.billing
            && *until <= now
        {
            let Some(term) = Term::from(*until, *months) else {
                break;
            };
            let price = term.price(per_day);
            if !wallet.covers(price) {
                break;
            }
            wallet.pay(Charge::new(
                *until,
                "cds.ecs",
                "renewal",
                vec![id.clone()],
                price,
            ));
            (*until, is_renewed) = (term.until, true);
        }
        if server.has_lapsed(now) {
            server.power = Power::Shutdown;
        }
        // A disk that has grown since the last payment is paid with its server again.
        for (disk, _) in disks.iter().filter(|_| is_renewed) {
            cloud.end_use(disk);
        }
    }
    note_next_end(cloud, Some(now));
}

/// Notes when the next term ends, of those that end after a time.
pub(super) fn note_next_end(cloud: &mut Cloud, after: Option<Timestamp>) {
    let ends = cloud[ECS].servers.iter().filter_map(Server::paid_until);
    cloud[ECS].next_end = ends
        .filter(|end| after.is_none_or(|after| *end > after))
        .min();
}
