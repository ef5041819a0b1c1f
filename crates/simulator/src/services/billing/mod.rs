//! The service `/billing` of Capital Online, with the two small ones beside it: account subjects
//! and metering.

mod account;
mod bill;
mod bill_item;
mod cold_storage;
mod credit;
mod fixtures;
mod meter;
mod payment;
mod period;
mod service;
mod state;
mod subject;
mod summary;
#[cfg(test)]
mod tests;

pub(crate) use cold_storage::Metering;
pub(crate) use service::Billing;
pub(crate) use state::{BILLING, Credit, Use};
pub(crate) use subject::Subject;
