//! Desktops with their sub-accounts and networks, and what is sold where.

use super::{line, ready, work};
use crate::cloud::addresses::Range;
use crate::cloud::money::Money;
use crate::cloud::refusal::Refusal;
use crate::cloud::store::{Keyed, Store};
use crate::cloud::world::World;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::HashSet;
use std::net::Ipv4Addr;

/// What the account has here, and what it can buy.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct State {
    pub(crate) desktops: Store<Desktop>,
    pub(crate) accounts: Store<Account>,
    pub(crate) vpcs: Store<Vpc>,
    pub(crate) images: Store<Image>,
    pub(crate) products: Store<Product>,
    pub(crate) sites: Store<Site>,
    /// How many desktops may be paid by the month.
    pub(crate) monthly_quota: u64,
    /// How many desktops may be paid on demand.
    pub(crate) on_demand_quota: u64,
    /// When the next paid term ends; it follows from the desktops.
    #[serde(skip)]
    pub(super) next_end: Option<Timestamp>,
}

impl Default for State {
    fn default() -> Self {
        Self {
            desktops: Store::default(),
            accounts: Store::default(),
            vpcs: ready::vpcs(),
            images: ready::images(),
            products: ready::products(),
            sites: ready::sites(),
            monthly_quota: 100,
            on_demand_quota: 100,
            next_end: None,
        }
    }
}

/// Where desktops stand.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Site {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) pod: String,
    pub(crate) city_id: String,
    pub(crate) city: String,
    pub(crate) region_id: String,
    pub(crate) region: String,
    /// How many desktops of the account it can hold.
    #[serde(default = "capacity")]
    pub(crate) capacity: u64,
}

pub(super) fn capacity() -> u64 {
    150
}

impl Keyed for Site {
    fn key(&self) -> &str {
        &self.id
    }
}

/// A configuration that is sold.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Product {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) goods_id: u64,
    pub(crate) cpu: u64,
    /// In GB.
    pub(crate) ram: u64,
    pub(crate) gpu: String,
    /// In GB.
    pub(crate) gpu_ram: u64,
    /// Of the system disk, in GB.
    pub(crate) disk_size: u64,
    pub(crate) os: String,
    pub(crate) hour_price: Money,
    pub(crate) month_price: Money,
    pub(crate) sites: Vec<ProductSite>,
}

/// Where a product is sold.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ProductSite {
    pub(crate) site: String,
    /// Whether the system disk may be a cloud disk.
    #[serde(default)]
    pub(crate) allows_ssd: bool,
}

impl Keyed for Product {
    fn key(&self) -> &str {
        &self.id
    }
}

/// What a desktop can be installed with.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Image {
    pub(crate) id: String,
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) detail: String,
    pub(crate) product: String,
    #[serde(default)]
    pub(crate) is_private: bool,
    pub(crate) os: String,
    /// In GB.
    #[serde(default)]
    pub(crate) size: u64,
    pub(crate) sites: Vec<ImageSite>,
}

/// An image at a site.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ImageSite {
    pub(crate) id: String,
    pub(crate) site: String,
    /// As the wire has it; with `Available` and `Using` it can be installed.
    pub(crate) status: String,
}

impl Keyed for Image {
    fn key(&self) -> &str {
        &self.id
    }
}

/// A person who can use desktops.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Account {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) email: String,
    /// As it was chosen; never written to a file. The cloud answers it in clear, and a made-up one where there is none.
    #[serde(default, skip_serializing)]
    pub(crate) password: Option<String>,
    #[serde(default)]
    pub(crate) remark: String,
    /// It could not be created.
    #[serde(default)]
    pub(crate) has_failed: bool,
}

impl Keyed for Account {
    fn key(&self) -> &str {
        &self.id
    }
}

/// A VPC with its networks.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Vpc {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) site: String,
    pub(crate) range: Range,
    /// The number and the id of its record, which only a default network has.
    #[serde(default)]
    pub(crate) record: Option<(u64, String)>,
    #[serde(default)]
    pub(crate) networks: Vec<Network>,
    pub(crate) created: Timestamp,
    pub(crate) updated: Timestamp,
}

impl Keyed for Vpc {
    fn key(&self) -> &str {
        &self.id
    }
}

/// A subnet, or a virtual gateway to a line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Network {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) range: Range,
    pub(crate) vlan: u64,
    /// Of a gateway: the line's `conf_id`.
    #[serde(default)]
    pub(crate) line: Option<u64>,
}

/// Whether a desktop is switched on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Power {
    On,
    Off,
}

/// A cloud desktop.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Desktop {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) site: String,
    pub(crate) product: String,
    pub(crate) image: String,
    pub(crate) vpc: String,
    pub(crate) subnet: String,
    pub(crate) private_address: Ipv4Addr,
    pub(crate) gateway: String,
    /// In the gateway's network.
    pub(crate) public_address: Ipv4Addr,
    pub(crate) elastic_address: Ipv4Addr,
    /// In Mbps.
    pub(crate) bandwidth: u64,
    /// The size of the cloud disk that is its system disk, in GB; none with a local disk.
    #[serde(default)]
    pub(crate) ssd_size: Option<u64>,
    pub(crate) power: Power,
    /// The sub-account that uses it.
    #[serde(default)]
    pub(crate) account: Option<String>,
    #[serde(default)]
    pub(crate) label: String,
    /// Of the desktop and its system disk.
    pub(crate) month_price: Money,
    /// The end of the paid term; none where it is paid on demand.
    #[serde(default)]
    pub(crate) paid_until: Option<Timestamp>,
    #[serde(default)]
    pub(crate) renews_itself: bool,
    pub(crate) created: Timestamp,
}

impl Keyed for Desktop {
    fn key(&self) -> &str {
        &self.id
    }
}

impl Desktop {
    /// Whether its paid term is over.
    pub(super) fn has_lapsed(&self, now: Timestamp) -> bool {
        self.paid_until.is_some_and(|end| end <= now)
    }
}

impl Vpc {
    pub(super) fn network(&self, id: &str) -> Option<&Network> {
        self.networks.iter().find(|network| network.id == id)
    }
}

impl World {
    /// A desktop by its id.
    pub(super) fn a_desktop(&self, id: &str, code: &'static str) -> Result<&Desktop, Refusal> {
        self.desktop.desktops.get(id).ok_or_else(|| Refusal::new(code, format!("There is no desktop {id:?}")))
    }

    /// A desktop that no task works on.
    pub(super) fn idle_desktop(&self, id: &str, code: &'static str) -> Result<&Desktop, Refusal> {
        let desktop = self.a_desktop(id, code)?;
        match self.tasks.shown(id) {
            None => Ok(desktop),
            Some(state) => Err(Refusal::new(code, format!("The desktop {id} is {state}"))),
        }
    }

    /// As `status` writes it.
    pub(super) fn desktop_status<'a>(&'a self, desktop: &Desktop) -> &'a str {
        let idle = match desktop.power {
            _ if desktop.has_lapsed(self.now()) => "asMonthExpired",
            Power::On => "using",
            Power::Off => "stop",
        };
        self.tasks.shown(&desktop.id).unwrap_or(idle)
    }

    /// A site that is there.
    pub(super) fn desktop_site(&self, id: &str) -> Result<&Site, Refusal> {
        self.desktop.sites.get(id).ok_or_else(|| Refusal::new(super::UNKNOWN, format!("There is no site {id:?}")))
    }

    /// A desktop that is still there, for what a task does at its end.
    pub(super) fn change_desktop(&mut self, id: &str, change: impl FnOnce(&mut Desktop)) {
        if let Some(desktop) = self.desktop.desktops.get_mut(id) {
            change(desktop);
        }
    }

    /// Adds a desktop, whose addresses are taken and whose end is kept in mind from now on.
    pub(super) fn add_desktop(&mut self, desktop: Desktop) {
        for (network, address) in self.desktop_addresses(&desktop) {
            self.addresses.take(&network, address);
        }
        self.mind_desktop_end(desktop.paid_until);
        self.desktop.desktops.insert(desktop);
    }

    /// Takes a desktop away and sets its addresses free.
    pub(super) fn remove_desktop(&mut self, id: &str) {
        let Some(desktop) = self.desktop.desktops.remove(id) else { return };
        self.end_use(id);
        for (network, address) in self.desktop_addresses(&desktop) {
            self.addresses.release(&network, address);
        }
    }

    /// The addresses of a desktop with their networks.
    fn desktop_addresses(&self, desktop: &Desktop) -> [(String, Ipv4Addr); 3] {
        let vpc = self.desktop.vpcs.get(&desktop.vpc);
        let line = vpc.and_then(|vpc| vpc.network(&desktop.gateway)).and_then(|gateway| gateway.line);
        [
            (desktop.subnet.clone(), desktop.private_address),
            (desktop.gateway.clone(), desktop.public_address),
            (line::pool(line.unwrap_or(0)), desktop.elastic_address),
        ]
    }
}

/// Finds out which addresses the desktops have, and when their terms end.
pub(crate) fn index(world: &mut World) {
    let taken: Vec<_> = world.desktop.desktops.iter().flat_map(|desktop| world.desktop_addresses(desktop)).collect();
    for (network, address) in taken {
        world.addresses.take(&network, address);
    }
    let is_metered = |desktop: &&Desktop| {
        let is_new = world.tasks.holder(&desktop.id).is_some_and(|task| task.kind == work::CREATE.kind);
        !is_new && world.use_of(&desktop.id).is_none()
    };
    let unmetered: Vec<_> = world.desktop.desktops.iter().filter(is_metered).map(|desktop| desktop.id.clone()).collect();
    for id in unmetered {
        world.meter_desktop(&id, None);
    }
    world.desktop.next_end = world.desktop.desktops.iter().filter_map(|desktop| desktop.paid_until).min();
}

/// What does not fit together, as a person may have written it.
pub(crate) fn problems(world: &World) -> Vec<String> {
    let state = &world.desktop;
    let mut problems = Vec::new();
    let mut addresses = HashSet::new();
    for vpc in state.vpcs.iter().filter(|vpc| !state.sites.contains(&vpc.site)) {
        problems.push(format!("desktop.vpcs, {}: there is no site {}", vpc.id, vpc.site));
    }
    for image in state.images.iter().filter(|image| !state.products.contains(&image.product)) {
        problems.push(format!("desktop.images, {}: there is no product {}", image.id, image.product));
    }
    for desktop in state.desktops.iter() {
        let mut tell = |problem: String| problems.push(format!("desktop.desktops, {}: {problem}", desktop.id));
        if !state.sites.contains(&desktop.site) {
            tell(format!("there is no site {}", desktop.site));
        }
        if !state.products.contains(&desktop.product) {
            tell(format!("there is no product {}", desktop.product));
        }
        if let Some(account) = desktop.account.as_ref().filter(|account| !state.accounts.contains(account)) {
            tell(format!("there is no sub-account {account}"));
        }
        let vpc = state.vpcs.get(&desktop.vpc);
        let network = |id: &str| vpc.and_then(|vpc| vpc.network(id));
        for (id, address) in [(&desktop.subnet, desktop.private_address), (&desktop.gateway, desktop.public_address)] {
            match network(id) {
                None => tell(format!("the VPC {} has no network {id}", desktop.vpc)),
                Some(network) if !network.range.offers(address) => tell(format!("{address} is not an address of the network {id}")),
                Some(_) => {}
            }
            if !addresses.insert((id, address)) {
                tell(format!("another desktop has {address} too"));
            }
        }
    }
    problems
}
