//! An account with Alibaba: its machines, its money, and what it ordered. The services sell to it.

mod order;
mod resources;
mod service;
mod state;
mod subscription;
mod token;

pub(crate) use service::Aliyun;
pub(crate) use state::{ALIYUN, Subscription};
pub(crate) use subscription::Offering;
pub(crate) use token::once;
