//! The runtime: a Lua VM in which Actions are functions and every effect goes through the gate.

mod answer;
mod bindings;
mod chunk;
pub mod console;
mod error;
mod json;
mod marks;
mod modules;
mod natives;
mod options;
mod params;
pub mod pretty;
mod secret;
pub mod session;
mod sources;
mod stdlib;
pub mod syntax;
mod task_handle;
mod vm;

pub use chunk::{Chunk, Limits};
pub use error::ScriptError;
pub use sources::Sources;
pub use syntax::fault;
pub use vm::Runtime;
