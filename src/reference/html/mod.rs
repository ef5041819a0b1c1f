//! The reference as HTML pages.

mod search;
mod site;

pub use site::write_site;
