//! The services: a folder each, and the list of them.

pub(crate) mod aegis;
pub(crate) mod aliyun;
pub(crate) mod billing;
pub(crate) mod bms;
pub(crate) mod bms_disk;
pub(crate) mod ccs;
pub(crate) mod desktop;
pub(crate) mod ebs;
pub(crate) mod ecs;
pub(crate) mod generic;
pub(crate) mod mcs;
pub(crate) mod oss;
pub(crate) mod oss_admin;
pub(crate) mod registry;
pub(crate) mod sas;
pub(crate) mod vdc;
pub(crate) mod vpc;
