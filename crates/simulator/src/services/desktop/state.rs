//! Desktops with their sub-accounts and networks, and what is sold where.

use crate::cloud::addresses::Range;
use crate::cloud::money::Money;
use crate::cloud::service_states::StateKey;
use crate::cloud::store::{Store, keyed_by_id};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::net::Ipv4Addr;

/// Where the state is kept.
pub(crate) const DESKTOP: StateKey<State> = StateKey::new("desktop");

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

/// A person who can use desktops.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Account {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) email: String,
    /// As it was chosen; never written to a file. The cloud answers it in clear, and a made-up one
    /// where there is none.
    #[serde(default, skip_serializing)]
    pub(crate) password: Option<String>,
    #[serde(default)]
    pub(crate) remark: String,
    /// It could not be created.
    #[serde(default)]
    pub(crate) has_failed: bool,
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

keyed_by_id!(Site, Product, Image, Account, Vpc, Desktop);
