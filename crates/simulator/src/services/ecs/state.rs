//! Elastic servers.

use crate::cloud::service_states::StateKey;
use crate::cloud::store::{Store, keyed_by_id};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::net::Ipv4Addr;

/// Where the state is kept.
pub(crate) const ECS: StateKey<State> = StateKey::new("ecs");

/// What the account has here.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct State {
    pub(crate) servers: Store<Server>,
    /// Private ones.
    pub(crate) images: Store<Image>,
    /// How many servers the account may have.
    pub(crate) quota: u64,
    /// When the next paid term ends; it follows from the servers.
    #[serde(skip)]
    pub(super) next_end: Option<Timestamp>,
}

impl Default for State {
    fn default() -> Self {
        Self {
            servers: Store::default(),
            images: Store::default(),
            quota: 1000,
            next_end: None,
        }
    }
}

/// Whether a server is switched on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Power {
    Running,
    Shutdown,
}

/// How a server is paid.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Billing {
    OnDemand,
    Prepaid {
        months: u64,
        /// When the paid time ends.
        until: Timestamp,
        renews: bool,
    },
}

/// An operating system.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Os {
    /// Id of the image that has it, or that it came from.
    pub(crate) image_id: String,
    pub(crate) image_name: String,
    pub(crate) kind: String,
    pub(crate) version: String,
    pub(crate) bits: u64,
    /// In GB.
    pub(crate) size: u64,
    #[serde(default)]
    pub(crate) driver: String,
}

impl Os {
    pub(crate) fn is_windows(&self) -> bool {
        self.kind.starts_with("Windows")
    }
}

/// A disk of the host that a server runs on. It is the server's own; cloud disks are `ebs`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LocalDisk {
    pub(crate) id: String,
    pub(crate) name: String,
    /// In GB.
    pub(crate) size: u64,
    #[serde(default)]
    pub(crate) is_system: bool,
}

/// A server's way out through an egress gateway.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Exit {
    pub(crate) network: String,
    pub(crate) address: Ipv4Addr,
    #[serde(default)]
    pub(crate) is_default: bool,
}

/// An elastic server.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Server {
    pub(crate) id: String,
    pub(crate) name: String,
    /// The code of its zone.
    pub(crate) zone: String,
    pub(crate) subnet_id: String,
    pub(crate) address: Ipv4Addr,
    #[serde(default)]
    pub(crate) exits: Vec<Exit>,
    pub(crate) family: String,
    pub(crate) cpu: u64,
    /// In GiB.
    pub(crate) ram: u64,
    #[serde(default)]
    pub(crate) gpu: u64,
    pub(crate) os: Os,
    pub(crate) billing: Billing,
    #[serde(default)]
    pub(crate) is_utc: bool,
    pub(crate) power: Power,
    #[serde(default)]
    pub(crate) local_disks: Vec<LocalDisk>,
    pub(crate) created: Timestamp,
}

/// A private image.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Image {
    pub(crate) id: String,
    pub(crate) name: String,
    /// What is in it; its name and id are those of the image that this one descends from.
    pub(crate) os: Os,
    /// The codes of the zones that hold it.
    pub(crate) zones: Vec<String>,
    pub(crate) created: Timestamp,
}

keyed_by_id!(Server, Image);
