//! The products' stand-in: a cloud in this process that verifies signatures with code of its own, keeps state and can be told
//! to fail. Nothing sleeps here: a task's progress follows from the clock, and whatever is due is settled at the next request.
//!
//! # Layout
//!
//! A request walks through `http`: `request` (taken apart), `authentication` (key, signature, time, nonce; with `signature` and
//! `acs3`), `route` (which Action of which service), `check` (parameters against the catalogue; with `flat`), `envelope` (what the
//! product puts around an answer; with `xml`) and `answer`; `server` puts it on a socket. `faults` decides what shall go wrong.
//! `cloud` has the state (`cloud`): a `State` of each service, made of `store`s with their `index`, and the `task`s, whose ends
//! are data (`services::list::Effect`); with `addresses`, `money` and `ids`, which is all its chance. `services` has a folder a
//! service with its handlers, and `dashboard` the page that shows the cloud at work. `simulator` puts them together.
//!
//! A service is a folder and a line in `services::list`. What no service holds is refused, never answered as if it had been done.
//! Action names may stand in this package, unlike elsewhere.

mod cloud;
mod dashboard;
mod faults;
mod http;
mod services;
mod simulator;
#[cfg(test)]
mod tests;

pub use cloud::fixtures::{
    ACCESS_KEY, ACCOUNT_ID, EDGE_GATEWAY_ID, EDGE_SUBNET_ID, EDGE_VPC_ID, IMAGE_ID, PRIVATE_ID, PUBLIC_ID, REGION_ID, SECRET,
    SUBNET_ID, VDC_ID, VPC_ID,
};
pub use faults::fault::{Fault, FaultRule};
pub use faults::syntax::FAULT_SYNTAX;
pub use http::answer::Outcome;
pub use http::log::Record;
pub use http::server::serve;
pub use simulator::{Options, SavedState, Simulator};
