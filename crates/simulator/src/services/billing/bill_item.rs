//! What each resource cost in a period, from what was paid and what is used.

use super::state::{BILLING, Use};
use crate::cloud::money::{Charge, Money};
use crate::cloud::state::Cloud;
use crate::services::ccs::CCS;
use crate::services::ebs::EBS;
use crate::services::ecs::ECS;
use crate::services::vdc::VDC;
use jiff::Timestamp;
use serde_json::{Value as Json, json};
use std::collections::{BTreeMap, HashSet};

/// A stretch of a resource in a bill.
#[derive(Debug, Clone)]
pub(super) struct BillItem<'a> {
    pub(super) resource: &'a str,
    pub(super) service: &'a str,
    pub(super) item: &'a str,
    pub(super) name: &'a str,
    pub(super) zone: &'a str,
    pub(super) begin: Timestamp,
    /// Of what goes on, or of the period.
    pub(super) end: Timestamp,
    /// Since when the resource is there, and until when.
    pub(super) created: Timestamp,
    pub(super) deleted: Option<Timestamp>,
    /// The price of a day; of what was paid at once that price.
    pub(super) unit: Money,
    pub(super) is_on_demand: bool,
    pub(super) cost: Cost,
}

/// A cost by who pays it.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Cost {
    /// The account's balance.
    pub(super) master: Money,
    /// Trial credits.
    pub(super) vice: Money,
    /// Not paid yet: it is used and will be paid.
    pub(super) due: Money,
}

impl Cost {
    pub(super) fn total(self) -> Money {
        self.master + self.vice + self.due
    }
}

impl std::iter::Sum for Cost {
    fn sum<I: Iterator<Item = Self>>(costs: I) -> Self {
        costs.fold(Self::default(), |sum, cost| Self {
            master: sum.master + cost.master,
            vice: sum.vice + cost.vice,
            due: sum.due + cost.due,
        })
    }
}

/// The items from one moment to before another one, in the order of the resources' first ones. The
/// items of periods that follow on each other cost together what those of the whole time cost.
pub(super) fn items(cloud: &Cloud, from: Timestamp, to: Timestamp) -> Vec<BillItem<'_>> {
    let now = cloud.now();
    let uses = cloud[BILLING]
        .past_uses
        .iter()
        .chain(cloud[BILLING].uses.iter());
    let mut items: Vec<_> = uses
        .filter_map(|metered| of_use(metered, from, to, now))
        .collect();
    let metered: HashSet<usize> = cloud[BILLING]
        .past_uses
        .iter()
        .filter_map(|metered| metered.charge)
        .collect();
    for (number, charge) in cloud.wallet.charges.iter().enumerate() {
        let is_here =
            !charge.refunded && !metered.contains(&number) && (from..to).contains(&charge.time);
        items.extend(
            is_here
                .then(|| of_charge(cloud, charge))
                .into_iter()
                .flatten(),
        );
    }
    items.sort_by_key(|item| item.begin);
    items
}

fn of_use(metered: &Use, from: Timestamp, to: Timestamp, now: Timestamp) -> Option<BillItem<'_>> {
    let (begin, end) = (
        metered.began.max(from),
        metered.ended.unwrap_or(now).min(to),
    );
    if begin >= end {
        return None;
    }
    let (before, after) = (metered.cost_until(begin), metered.cost_until(end));
    // The credit pays first.
    let vice = after.min(metered.credited) - before.min(metered.credited);
    let rest = after - before - vice;
    let is_paid = metered.ended.is_some();
    let (master, due) = if is_paid {
        (rest, Money::ZERO)
    } else {
        (Money::ZERO, rest)
    };
    Some(BillItem {
        resource: &metered.resource,
        service: &metered.service,
        item: &metered.item,
        name: &metered.name,
        zone: &metered.zone,
        begin,
        end,
        created: metered.began,
        deleted: metered.ended,
        unit: metered.per_day,
        is_on_demand: true,
        cost: Cost { master, vice, due },
    })
}

/// A item for each resource of a charge, at equal shares; the first one has the rest cents.
fn of_charge<'a>(cloud: &'a Cloud, charge: &'a Charge) -> Vec<BillItem<'a>> {
    let whose: Vec<&str> = if charge.resources.is_empty() {
        vec![""]
    } else {
        charge.resources.iter().map(String::as_str).collect()
    };
    let count = i64::try_from(whose.len()).unwrap_or(1);
    let share = charge.amount.in_cents() / count;
    let rest = charge.amount.in_cents() - share * count;
    let mut amounts = std::iter::once(share + rest).chain(std::iter::repeat(share));
    let item = |resource| {
        let amount = Money::cents(amounts.next().unwrap_or(share));
        let (name, zone) = cloud.known(resource).unwrap_or((&charge.item, ""));
        BillItem {
            resource,
            service: &charge.service,
            item: &charge.item,
            name,
            zone,
            begin: charge.time,
            end: charge.time,
            created: charge.time,
            deleted: None,
            unit: amount,
            is_on_demand: false,
            cost: match charge.credit {
                Some(_) => Cost {
                    vice: amount,
                    ..Cost::default()
                },
                None => Cost {
                    master: amount,
                    ..Cost::default()
                },
            },
        }
    };
    whose.into_iter().map(item).collect()
}

impl Cloud {
    /// The name and the zone of a server or disk that is there.
    fn known(&self, id: &str) -> Option<(&str, &str)> {
        if let Some(server) = self[CCS].instances.get(id) {
            let zone = self[VDC]
                .vdcs
                .get(&server.vdc_id)
                .map_or("", |vdc| &vdc.region);
            return Some((&server.name, zone));
        }
        if let Some(server) = self[ECS].servers.get(id) {
            return Some((&server.name, &server.zone));
        }
        self[EBS]
            .disks
            .get(id)
            .map(|disk| (disk.name.as_str(), disk.zone.as_str()))
    }
}

/// Records by what `key` says of them, in the order of its first appearance.
pub(super) fn grouped<'a, 'b, K: Ord + Copy>(
    items: &'b [BillItem<'a>],
    key: impl Fn(&'b BillItem<'a>) -> K,
) -> Vec<(K, Vec<&'b BillItem<'a>>)> {
    let mut places: BTreeMap<K, usize> = BTreeMap::new();
    let mut groups: Vec<(K, Vec<&BillItem>)> = Vec::new();
    for item in items {
        let own = key(item);
        let place = *places.entry(own).or_insert(groups.len());
        if place == groups.len() {
            groups.push((own, Vec::new()));
        }
        groups[place].1.push(item);
    }
    groups
}

/// The kind of a product, as `ResourceType` writes it, and its name. `vm`, `ip` and `wan` are
/// documented.
pub(super) fn product(item: &BillItem) -> (&'static str, &'static str) {
    match (item.service, item.item) {
        ("cds.ccs", _) => ("vm", "云服务器"),
        ("cds.ecs", _) => ("ecs", "弹性云服务器"),
        ("cds.ebs", _) => ("disk", "云盘"),
        ("cds.vpc" | "cds.vdc", item) if item.to_ascii_lowercase().contains("ip") => {
            ("ip", "公网IP")
        }
        ("cds.vpc" | "cds.vdc", _) => ("wan", "带宽"),
        ("cds.bms", _) => ("bms", "裸金属"),
        ("cds.bms_disk", _) => ("bms_disk", "裸金属云硬盘"),
        ("cds.desktop", _) => ("desktop", "云桌面"),
        _ => ("other", "其他"),
    }
}

/// The totals of an account.
pub(super) fn totals(currency: &str, cost: Cost) -> Json {
    json!({
        "TotalCost": cost.total().json(),
        "MasterCost": cost.master.json(),
        "ViceCost": cost.vice.json(),
        "ToDeduct": cost.due.json(),
        "Currency": currency,
    })
}
