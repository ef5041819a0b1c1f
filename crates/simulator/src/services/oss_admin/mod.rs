//! Opening, suspending and closing Alibaba's object storage for an account.

mod actions;
mod service;
mod state;
#[cfg(test)]
mod tests;

pub(crate) use service::OssAdmin;
