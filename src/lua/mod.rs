//! The runtime: a Lua VM in which Actions are functions and every effect goes through the gate.

mod answer;
mod bindings;
mod chunk;
pub mod console;
mod declared_options;
mod error;
mod files;
mod hook;
pub mod inspect;
mod json;
pub mod judge;
mod marks;
mod memory_budget;
mod modules;
mod natives;
mod options;
mod params;
pub mod pretty;
mod secret;
pub mod session;
mod sources;
mod stdlib;
mod stop_sign;
mod task_handle;
mod time_slice;
mod vm;

pub use chunk::{Chunk, Limits, RunFacts};
pub use declared_options::{DeclaredOptions, OptionKind, declared_options};
pub use error::ScriptError;
pub use files::shared::flush_everything;
pub use judge::fault;
pub use sources::Sources;
pub use vm::Runtime;
