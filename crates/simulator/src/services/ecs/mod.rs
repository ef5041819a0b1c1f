//! The service `/ecs/v1` of Capital Online: elastic servers and their images.

mod account;
mod answers;
mod arguments;
mod configure;
mod create;
mod describe;
mod disk;
mod effect;
mod event;
mod family;
mod image;
mod index;
mod monitor;
mod network;
mod operate;
mod power;
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

pub(crate) use answers::{day, started};
pub(crate) use arguments::{filled, ids, ids_in_text};
pub(crate) use effect::Effect;
pub(crate) use event::describe as describe_event;
pub(crate) use price::{disk_price, per_day_of_disk};
pub(crate) use service::Ecs;
pub(crate) use state::ECS;
pub(crate) use state::Image;
pub(crate) use state::{Os, Power, Server};
pub(crate) use zone::{Zone, zones};
