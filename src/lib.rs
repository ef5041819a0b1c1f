//! cumulua: an embedded Lua scripting runtime for cloud operators.

pub mod catalog;
pub mod clock;
pub mod secret;
