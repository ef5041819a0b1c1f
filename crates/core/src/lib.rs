//! What every part of cumulua stands on.
//!
//! - [`catalog`]: every Action as data, from `catalog/` at the repository's root.
//! - [`clock`]: time that can be virtual.
//! - [`controls`]: text of others without what controls a terminal.
//! - [`json`]: JSON as it stands in a text.
//! - [`secret`]: values that no text may hold, and the redactor that takes them out of text.
//!
//! It knows neither Lua nor HTTP, and nothing of what is built on it.

pub mod catalog;
pub mod clock;
pub mod controls;
pub mod json;
pub mod secret;
pub mod size;
