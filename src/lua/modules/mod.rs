//! The native modules that scripts find beside the products.

pub(super) mod help;
pub(super) mod json;
pub(super) mod loader;
pub mod pretty;
pub(super) mod process;
mod records;
pub(super) mod time;
