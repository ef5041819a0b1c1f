//! The reference: what is in the catalogue, for the terminal, a browser, an editor and other
//! programs.
//!
//! A [`document::Document`] is built once from the catalogue (`action`, `overview`) and written by
//! [`page`] and [`html`]; [`listing`], [`table`] and [`lua_types`] read the catalogue themselves.

mod action;
mod describe;
pub mod document;
mod example;
pub mod html;
mod lifecycle;
mod listing;
pub mod lua_types;
mod output_folder;
mod overview;
pub mod page;
mod table;

pub use listing::listing;
pub use output_folder::ReferenceError;
pub use table::table;
