//! A cloud server with its disks and network interfaces.

use jiff::Timestamp;
use std::collections::BTreeSet;
use std::net::Ipv4Addr;

/// Whether a server is switched on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Power {
    Running,
    Stopped,
}

/// A disk; the system disk too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Disk {
    pub(crate) id: String,
    /// In GB.
    pub(crate) size: u64,
    pub(crate) kind: String,
    /// Packages of IOPS.
    pub(crate) packages: u64,
}

impl Disk {
    /// IOPS that the size and the packages give: ten a GB, as in the document's example, and 500 a package.
    pub(crate) fn iops(&self) -> u64 {
        self.packages.saturating_mul(500).saturating_add(self.size * 10)
    }
}

/// A network interface.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Interface {
    pub(crate) id: String,
    pub(crate) network: String,
    pub(crate) address: Option<Ipv4Addr>,
    pub(crate) ipv6: Option<String>,
    pub(crate) mac: String,
    pub(crate) connected: bool,
}

/// A cloud server.
#[derive(Debug, Clone)]
pub(crate) struct Instance {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) vdc_id: String,
    pub(crate) cpu: u64,
    pub(crate) ram: u64,
    pub(crate) kind: String,
    pub(crate) image: String,
    pub(crate) charge_type: String,
    pub(crate) power: Power,
    /// The state that is shown while a task works on it; nothing else may then.
    pub(crate) busy: Option<&'static str>,
    pub(crate) system: Disk,
    pub(crate) disks: Vec<Disk>,
    pub(crate) interfaces: Vec<Interface>,
    pub(crate) tags: BTreeSet<u64>,
    pub(crate) is_protected: bool,
    pub(crate) created: Timestamp,
}

impl Instance {
    /// As `InstanceStatus` writes it.
    pub(crate) fn status(&self) -> &'static str {
        match (self.busy, self.power) {
            (Some(state), _) => state,
            (None, Power::Running) => "running",
            (None, Power::Stopped) => "stopped",
        }
    }
}
