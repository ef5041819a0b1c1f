//! Alibaba's server guard (Aegis): sold for so many machines as its owner wants.

mod actions;
mod service;
mod state;
#[cfg(test)]
mod tests;

pub(crate) use service::Aegis;
