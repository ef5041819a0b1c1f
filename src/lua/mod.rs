//! The runtime: a Lua VM in which Actions are functions and every effect goes through the gate.

pub mod console;
mod convert;
mod error;
mod modules;
mod native;
mod paging;
mod parallel;
mod product;
mod secret;
pub mod session;
mod states;
mod stdlib;
pub mod syntax;
mod tables;
mod vm;
mod wait;

pub use error::ScriptError;
pub use modules::loader::Sources;
pub use modules::pretty;
pub use syntax::fault;
pub use vm::{Chunk, Limits, Runtime};
