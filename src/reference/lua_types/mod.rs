//! Definition files for editors: their Lua language servers complete Actions, parameters and
//! answers from them and find what is misspelled.

mod class;
mod definitions;

pub use definitions::{runtime_summary, write_types};
