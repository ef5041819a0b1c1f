//! The service `/bms` of Capital Online: bare-metal servers.

mod describe;
mod effect;
mod fixtures;
mod index;
mod operate;
mod order;
mod price;
mod problems;
mod renewal;
mod resources;
mod service;
mod state;
#[cfg(test)]
pub(crate) mod tests;
mod work;
mod zone;

pub(crate) use effect::Effect;
pub(crate) use service::Bms;
pub(crate) use state::BMS;
pub(crate) use zone::has_bare_metal;
