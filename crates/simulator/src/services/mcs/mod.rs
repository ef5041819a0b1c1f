//! Meituan's cloud servers. No Action tells of tasks here: the states of the machines show how far
//! a work has come.

mod answers;
mod arguments;
mod create;
mod describe;
mod effect;
mod filter;
mod fixtures;
mod index;
mod instance;
mod key;
mod lease;
mod metadata;
mod offer;
mod problems;
mod public_key;
mod refusals;
mod resources;
mod service;
mod state;
#[cfg(test)]
mod tests;
mod work;

pub(crate) use effect::Effect;
pub(crate) use service::Mcs;
