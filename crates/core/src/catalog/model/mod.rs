//! The catalogue's data as Rust types; `catalog/schema.json` describes each key.

mod action;
mod lifecycle;
mod parameter;
mod product;
mod service;
mod waiter;

pub use action::*;
pub use lifecycle::*;
pub use parameter::*;
pub use product::*;
pub use service::*;
pub use waiter::*;
