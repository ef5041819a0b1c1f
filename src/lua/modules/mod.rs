//! The native modules that scripts find beside the products.

pub(super) mod help;
pub(super) mod json;
pub(super) mod loader;
pub mod pretty;
pub(super) mod process;
pub(super) mod sim;
pub(super) mod time;
