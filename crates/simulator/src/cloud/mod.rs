//! What all services share: the state of the cloud, its tasks, and what a handler is given.

pub(crate) mod addresses;
pub(crate) mod call;
pub(crate) mod fixtures;
pub(crate) mod ids;
pub(crate) mod index;
pub(crate) mod money;
pub(crate) mod pace;
pub(crate) mod page;
pub(crate) mod params;
pub(crate) mod refusal;
pub(crate) mod saved;
pub(crate) mod shape;
pub(crate) mod store;
pub(crate) mod task;
pub(crate) mod term;
pub(crate) mod world;
