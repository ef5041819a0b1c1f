//! The service `/ebs/v1` of Capital Online: elastic disks, their snapshots and chains of these.

mod chain;
mod copy;
mod describe;
mod disk;
mod effect;
mod event;
mod index;
mod problems;
mod quota;
mod resources;
mod rollback;
mod service;
mod snapshot;
mod state;
#[cfg(test)]
mod tests;
mod work;

pub(crate) use effect::Effect;
pub(crate) use service::Ebs;
pub(crate) use state::Disk;
pub(crate) use state::EBS;
