//! The service `/ccs` of Capital Online: cloud servers and what belongs to them.

mod answers;
mod create;
mod describe;
mod disk;
mod effect;
mod image;
mod index;
mod instance;
mod interface;
mod network_group;
mod new_disks;
mod new_interfaces;
mod offerings;
mod order;
mod payment;
mod price;
mod problems;
mod resources;
mod rule;
mod security_group;
mod service;
mod state;
mod tag;
mod tariff;
mod template;
mod view;
mod work;

pub(crate) use effect::Effect;
pub(crate) use service::Ccs;
pub(crate) use state::CCS;
pub(crate) use state::Instance;
