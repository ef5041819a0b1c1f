//! A call as pure steps (prepare, route, sign, decode, the decision to retry) and the transport
//! that carries an attempt. Nothing here calls back: `gate/call.rs` puts the steps together, with
//! admission and intent between them.

pub mod attempt;
pub mod attempts;
mod body;
pub mod call;
pub mod command;
pub mod decode;
pub mod endpoint;
pub mod error;
pub mod evidence;
pub mod form;
pub mod outcome_probe;
pub mod paginator;
pub mod prepare;
mod proxy;
mod resource_ids;
pub mod retry;
pub mod route;
pub mod serialize;
pub mod sign;
pub mod transport;
pub mod validate;
pub mod value;
pub mod waiter;
mod xml;

pub use attempts::{Again, Attempts, Next};
pub use call::{Answer, Call, CallOptions, FileOption};
pub use form::Content;
pub use prepare::{Prepared, prepare};
pub use resource_ids::resource_ids;
pub use route::{Authority, Route, Routes};
