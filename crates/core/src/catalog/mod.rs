//! The catalogue: every Action as data, read by service at its first use.
//!
//! Files stand in `catalog/<product>/<service>.json` and travel in the binary. An overlay folder of
//! the same layout adds or replaces Actions without a build.

mod action;
mod embedded;
mod error;
mod loader;
mod model;
pub mod path;
pub mod search;
pub mod suggest;

pub use action::Action;
pub use error::CatalogError;
pub use loader::Catalog;
pub use model::*;
