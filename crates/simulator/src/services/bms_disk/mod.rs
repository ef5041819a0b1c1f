//! The service `/storage-service` of Capital Online: cloud disks of bare-metal servers and their
//! snapshots. Its works are tasks that nothing can ask about: the states of disks show how they
//! stand.

mod change;
mod describe;
mod disk;
mod effect;
mod offerings;
mod problems;
mod refusals;
mod resources;
mod service;
mod snapshot;
mod state;
#[cfg(test)]
mod tests;
mod work;

pub(crate) use effect::Effect;
pub(crate) use service::BmsDisk;
