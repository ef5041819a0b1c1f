//! The service `/network` of Capital Online: virtual data centers with their public and private
//! networks, and what joins them.

mod effect;
mod gpn;
mod metering;
mod order;
pub(crate) mod price;
mod private;
mod problems;
mod public;
mod receiver;
mod refusals;
mod resources;
mod service;
mod state;
#[cfg(test)]
mod tests;
mod usage;
mod vdcs;
mod work;

pub(crate) use effect::Effect;
pub(crate) use refusals::sold_out;
pub(crate) use service::Vdc;
pub(crate) use state::Network;
pub(crate) use state::VDC;
pub(crate) use usage::{traffic, users};
