//! The native modules that scripts find beside the products.

pub(super) mod csv;
pub(super) mod help;
pub(super) mod http;
pub(super) mod json;
pub(super) mod loader;
pub(super) mod lock;
pub mod pretty;
pub(super) mod process;
mod records;
pub(super) mod sim;
pub(super) mod time;
