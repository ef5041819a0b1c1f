//! Alibaba's Situation Awareness (SAS): sold by the number of machines that its owner has.

mod actions;
mod service;
mod state;
#[cfg(test)]
mod tests;

pub(crate) use service::Sas;
