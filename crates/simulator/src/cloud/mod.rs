//! What all services share: the kernel with the state of the cloud, its tasks, and what a handler is given.

pub(crate) mod addresses;
pub(crate) mod call;
pub(crate) mod data;
pub(crate) mod file;
pub(crate) mod fixtures;
pub(crate) mod format;
pub(crate) mod ids;
pub(crate) mod index;
pub(crate) mod kernel;
pub(crate) mod list;
pub(crate) mod listing;
pub(crate) mod money;
pub(crate) mod page;
pub(crate) mod page_fault;
pub(crate) mod params;
pub(crate) mod refusal;
pub(crate) mod service;
pub(crate) mod service_states;
pub(crate) mod shape;
pub(crate) mod state;
pub(crate) mod store;
pub(crate) mod task;
pub(crate) mod task_file;
pub(crate) mod tasks;
pub(crate) mod term;
pub(crate) mod virtual_clock;
