//! The service `/gcw` of Capital Online: cloud desktops with their sub-accounts and networks.

mod account;
mod answers;
mod arguments;
mod binding;
mod describe;
mod effect;
mod fixtures;
mod index;
mod line;
mod network;
mod offerings;
mod operate;
mod order;
mod price;
mod problems;
mod renewal;
mod request_content;
mod resources;
mod service;
mod state;
#[cfg(test)]
mod tests;
mod work;

pub(crate) use effect::Effect;
pub(crate) use service::Desktop;
