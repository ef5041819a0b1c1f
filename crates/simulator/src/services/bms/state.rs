//! Bare-metal servers, and what is on offer.

use crate::cloud::money::Money;
use crate::cloud::service_states::StateKey;
use crate::cloud::store::{Store, keyed_by_id};
use crate::cloud::term::Term;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::net::Ipv4Addr;

/// Where the state is kept.
pub(crate) const BMS: StateKey<State> = StateKey::new("bms");

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
        if text == "PrePaid" {
            Self::Prepaid
        } else {
            Self::Postpaid
        }
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
        Self {
            is_automatic: false,
            months: 1,
            to_month_end: true,
        }
    }
}

impl Renewal {
    /// What it buys.
    pub(super) fn term(&self) -> Term {
        Term {
            months: self.months.max(1),
            to_month_end: self.to_month_end,
            charges_whole_months: false,
        }
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

impl Server {
    /// Whether its paid term is over.
    pub(crate) fn has_lapsed(&self, now: Timestamp) -> bool {
        self.paid_until.is_some_and(|end| end <= now)
    }
}

keyed_by_id!(Image, Server);
