//! Security groups and templates: what stands beside the servers.

use jiff::Timestamp;
use std::collections::BTreeSet;

/// A rule of a security group.
#[derive(Debug, Clone)]
pub(crate) struct Rule {
    pub(crate) id: String,
    pub(crate) description: String,
    pub(crate) target_address: String,
    pub(crate) target_port: String,
    pub(crate) local_port: String,
    pub(crate) direction: String,
    pub(crate) protocol: String,
    pub(crate) kind: String,
    pub(crate) priority: u64,
    pub(crate) allows: bool,
    pub(crate) created: Timestamp,
}

/// A security group.
#[derive(Debug, Clone)]
pub(crate) struct SecurityGroup {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) description: String,
    pub(crate) kind: String,
    pub(crate) rules: Vec<Rule>,
    /// Ids of the interfaces that it guards.
    pub(crate) interfaces: BTreeSet<String>,
    pub(crate) created: Timestamp,
    pub(crate) updated: Timestamp,
}

/// A private image.
#[derive(Debug, Clone)]
pub(crate) struct Template {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) image: String,
    /// The system disk's size in GB.
    pub(crate) system_size: u64,
    pub(crate) regions: Vec<String>,
    pub(crate) created: Timestamp,
}
