//! Capital Online's object storage: buckets, objects and uploads in parts. The two older documents
//! are out of service, and refused.

mod actions;
mod buckets;
mod download;
mod metrics;
mod objects;
mod service;
mod state;
#[cfg(test)]
mod tests;
mod uploads;

pub(crate) use service::{Oss, OssMetrics};
