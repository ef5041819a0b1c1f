//! Services that are carried out from the catalogue's facts alone: the kinds of things that there
//! are, what makes, changes, lists and removes one, and the documented examples.

mod answer;
mod change;
mod create;
mod effect;
mod handler;
mod kept;
mod list;
mod named;
mod read;
mod remove;
mod service;
mod state;
mod task;
#[cfg(test)]
mod tests;
mod work;

pub(crate) use effect::change;
pub(crate) use handler::carry_out;
pub(crate) use service::{GENERIC_SERVICES, Kept, kind_lists};
pub(crate) use state::{GENERIC, Row};
