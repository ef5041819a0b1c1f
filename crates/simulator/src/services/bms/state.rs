//! Bare-metal servers, and what is on offer.

use super::{price, ready};
use crate::cloud::money::Money;
use crate::cloud::refusal::Refusal;
use crate::cloud::store::{Keyed, Store};
use crate::cloud::term::Term;
use crate::cloud::world::World;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::HashSet;
use std::net::Ipv4Addr;

/// What the account has here, and what it can buy.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct State {
    pub(crate) servers: Store<Server>,
    pub(crate) offers: Vec<Offer>,
    pub(crate) images: Store<Image>,
    /// When the next paid term ends; it follows from the servers.
    #[serde(skip)]
    pub(super) next_end: Option<Timestamp>,
}

impl Default for State {
    fn default() -> Self {
        Self { servers: Store::default(), offers: ready::offers(), images: ready::images(), next_end: None }
    }
}

/// How a server is paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ChargeType {
    /// By the month, in advance.
    Prepaid,
    /// On demand.
    Postpaid,
}

impl ChargeType {
    /// From the text of the wire, which the catalogue has checked.
    pub(super) fn of(text: &str) -> Self {
        if text == "PrePaid" { Self::Prepaid } else { Self::Postpaid }
    }

    pub(super) fn text(self) -> &'static str {
        match self {
            Self::Prepaid => "PrePaid",
            Self::Postpaid => "PostPaid",
        }
    }
}

/// Servers that can be bought.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Offer {
    pub(crate) goods_id: u64,
    pub(crate) name: String,
    pub(crate) charge_types: Vec<ChargeType>,
    pub(crate) computes: Vec<Compute>,
}

/// A configuration of an offer.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Compute {
    pub(crate) id: String,
    pub(crate) processor: String,
    pub(crate) cpu: u64,
    /// In GB.
    pub(crate) ram: u64,
    pub(crate) frequency: String,
    #[serde(default)]
    pub(crate) disks: Vec<LocalDisk>,
    pub(crate) month_price: Money,
    /// How many servers can still be bought.
    #[serde(default = "stock")]
    pub(crate) stock: u64,
}

/// One order can have 100 servers; the next of its size finds too few.
pub(super) fn stock() -> u64 {
    120
}

/// Disks of one kind in a configuration.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LocalDisk {
    pub(crate) id: String,
    pub(crate) kind: String,
    /// In GB.
    pub(crate) size: u64,
    pub(crate) count: u64,
}

/// What a server can be installed with.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Image {
    pub(crate) id: String,
    pub(crate) name: String,
    /// The operating system, as `Centos`.
    pub(crate) family: String,
    #[serde(default)]
    pub(crate) is_private: bool,
}

impl Keyed for Image {
    fn key(&self) -> &str {
        &self.id
    }
}

/// Whether a server is switched on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Power {
    Running,
    Stopped,
}

/// How a server's disks are laid out; the cloud's own choice where nothing is said.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Layout {
    /// The RAID level of the data disks.
    pub(crate) raid: Option<String>,
    pub(crate) partitions: Vec<Partition>,
}

/// A partition of the system disk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Partition {
    pub(crate) path: String,
    /// In GB.
    pub(crate) size: u64,
}

/// A network card.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Card {
    pub(crate) id: String,
    pub(crate) network: String,
    pub(crate) address: Ipv4Addr,
    pub(crate) macs: Vec<String>,
}

/// A disk in a server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Volume {
    pub(crate) id: String,
    /// Of the place in the server.
    pub(crate) attachment: String,
    pub(crate) kind: String,
    /// In GB.
    pub(crate) size: u64,
    /// The device, as `sda`.
    pub(crate) path: String,
}

/// What happens at the end of a paid term.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Renewal {
    pub(crate) is_automatic: bool,
    /// One at least.
    pub(crate) months: u64,
    pub(crate) to_month_end: bool,
}

impl Default for Renewal {
    fn default() -> Self {
        Self { is_automatic: false, months: 1, to_month_end: true }
    }
}

impl Renewal {
    /// What it buys.
    pub(super) fn term(&self) -> Term {
        Term { months: self.months.max(1), to_month_end: self.to_month_end, charges_whole_months: false }
    }
}

/// A bare-metal server.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Server {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) vdc_id: String,
    /// The configuration that it was ordered as.
    pub(crate) compute_id: String,
    pub(crate) cpu: u64,
    /// In GB.
    pub(crate) ram: u64,
    /// The image's name.
    pub(crate) image: String,
    pub(crate) power: Power,
    pub(crate) charge_type: ChargeType,
    pub(crate) month_price: Money,
    /// The end of the paid term; none where it is paid on demand.
    #[serde(default)]
    pub(crate) paid_until: Option<Timestamp>,
    #[serde(default)]
    pub(crate) renewal: Renewal,
    pub(crate) order_id: String,
    #[serde(default)]
    pub(crate) is_monitored: bool,
    #[serde(default)]
    pub(crate) is_bonded: bool,
    /// Of the switch's port: `access` or `trunk`.
    #[serde(default)]
    pub(crate) port_mode: Option<String>,
    #[serde(default)]
    pub(crate) layout: Layout,
    #[serde(default)]
    pub(crate) cards: Vec<Card>,
    #[serde(default)]
    pub(crate) volumes: Vec<Volume>,
    pub(crate) created: Timestamp,
}

impl Keyed for Server {
    fn key(&self) -> &str {
        &self.id
    }
}

impl Server {
    /// Whether its paid term is over.
    pub(crate) fn has_lapsed(&self, now: Timestamp) -> bool {
        self.paid_until.is_some_and(|end| end <= now)
    }
}

impl World {
    /// A bare-metal server that is there.
    pub(crate) fn bare_metal(&self, id: &str) -> Option<&Server> {
        self.bms.servers.get(id)
    }

    /// A bare-metal server's state, and the same in Chinese.
    pub(crate) fn bare_metal_state<'a>(&'a self, server: &Server) -> (&'a str, &'static str) {
        let state = self.tasks.shown(&server.id).unwrap_or(match server.power {
            Power::Running => "running",
            Power::Stopped => "stopped",
        });
        let text = match state {
            "creating" => "创建中",
            "starting" => "开机中",
            "stopping" => "关机中",
            "resetting" => "重启中",
            "rebuilding" => "重装中",
            "deleting" => "删除中",
            "running" => "运行中",
            "stopped" => "已关机",
            _ => "更新中",
        };
        (state, text)
    }

    /// A server that is there and that no task works on.
    pub(super) fn idle_bare_metal(&self, id: &str, code: &'static str) -> Result<&Server, Refusal> {
        let server = self.bare_metal(id).ok_or_else(|| Refusal::new(code, format!("There is no bare-metal server {id:?}")))?;
        match self.tasks.shown(id) {
            None => Ok(server),
            Some(state) => Err(Refusal::new(code, format!("The server {id} is {state}"))),
        }
    }

    /// A server that is still there, for what a task does at its end.
    pub(super) fn change_bare_metal(&mut self, id: &str, change: impl FnOnce(&mut Server)) {
        if let Some(server) = self.bms.servers.get_mut(id) {
            change(server);
        }
    }

    /// Adds a server that was bought: there is one less to buy, and its end is kept in mind.
    pub(super) fn add_bare_metal(&mut self, server: Server) {
        if let Some(compute) = self.compute_of(&server) {
            compute.stock = compute.stock.saturating_sub(1);
        }
        self.bms.next_end = self.bms.next_end.into_iter().chain(server.paid_until).min();
        self.bms.servers.insert(server);
    }

    fn compute_of(&mut self, server: &Server) -> Option<&mut Compute> {
        let mut computes = self.bms.offers.iter_mut().flat_map(|offer| &mut offer.computes);
        computes.find(|compute| compute.id == server.compute_id)
    }

    /// Takes a server away: its addresses are free, its cloud disks detached, and it can be bought again.
    pub(super) fn remove_bare_metal(&mut self, id: &str) {
        let Some(server) = self.bms.servers.remove(id) else { return };
        for card in &server.cards {
            self.addresses.release(&card.network, card.address);
        }
        if let Some(compute) = self.compute_of(&server) {
            compute.stock = compute.stock.saturating_add(1);
        }
        self.detach_disks_of(id);
    }
}

/// Finds out which addresses the servers have, and when their terms end.
pub(crate) fn index(world: &mut World) {
    for card in world.bms.servers.iter().flat_map(|server| &server.cards) {
        world.addresses.take(&card.network, card.address);
    }
    let is_metered = |server: &&Server| world.tasks.shown(&server.id) != Some("creating") && world.use_of(&server.id).is_none();
    let unmetered: Vec<_> = world.bms.servers.iter().filter(is_metered).map(|server| server.id.clone()).collect();
    for id in unmetered {
        price::meter(world, &id, None);
    }
    world.bms.next_end = world.bms.servers.iter().filter_map(|server| server.paid_until).min();
}

/// What does not fit together, as a person may have written it.
pub(crate) fn problems(world: &World) -> Vec<String> {
    let mut problems = Vec::new();
    let mut addresses = HashSet::new();
    for server in world.bms.servers.iter() {
        let mut tell = |problem: String| problems.push(format!("bms.servers, {}: {problem}", server.id));
        if !world.vdc.vdcs.contains(&server.vdc_id) {
            tell(format!("there is no VDC {}", server.vdc_id));
        }
        for card in &server.cards {
            match world.vdc.networks.get(&card.network) {
                None => tell(format!("there is no network {}", card.network)),
                Some(network) if network.vdc_id != server.vdc_id => tell(format!("the network {} is not in its VDC", network.id)),
                Some(network) if !network.has(card.address) => {
                    tell(format!("{} is not an address of the network {}", card.address, network.id));
                }
                Some(_) => {}
            }
            if !addresses.insert((&card.network, card.address)) {
                tell(format!("another server has {} too", card.address));
            }
        }
        if (server.charge_type == ChargeType::Prepaid) != server.paid_until.is_some() {
            tell("servers that are prepaid have paid_until, and no others".to_owned());
        }
    }
    problems
}
