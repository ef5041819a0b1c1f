//! The products' stand-in: a cloud in this process that verifies signatures with code of its own,
//! keeps state and can be made to fail. No task sleeps: its progress follows from the
//! clock, and whatever is due is settled at the next request.
//!
//! # Layout
//!
//! A request walks through `http`: `request` (taken apart), `authentication` (key, signature, time,
//! nonce; with `signature` and `acs3`), `route` (which Action of which service), `check`
//! (parameters against the catalogue; with `flat`), `ignored` (those that nothing looked at), `envelope` (what the product puts around an
//! answer; with `xml`) and `answer`; `server` puts it on a socket. `faults` decides what shall go
//! wrong. `cloud` has the `kernel`: the `state` with what each service keeps (`service_states`),
//! made of `store`s with their `index`, and the `tasks`, whose effects are data; with `addresses`,
//! `money` and `ids`, its only source of randomness, last. It knows the services through the trait
//! `service::Service` alone, whose defaults answer lists from data (`listing`). `services` has a
//! folder a service, and `dashboard` the page that shows the cloud at work. `simulator` puts them
//! together.
//!
//! A service is a folder and a line in `services::registry`: `service` says what it has, `state`
//! what it keeps, `effect` what the ends of its tasks do, `resources` how the rest finds and
//! changes what it keeps, `index` and `problems` what follows from a file and what does not fit
//! together in one. What no service holds is refused, never answered as if it had been done. Action
//! names may stand in this package, unlike elsewhere.

#![cfg_attr(
    test,
    allow(clippy::too_many_lines, reason = "a test can be a whole life")
)]

mod cloud;
mod dashboard;
mod faults;
mod http;
mod services;
mod simulator;
#[cfg(test)]
mod tests;

pub use cloud::fixtures::{
    ACCESS_KEY, ACCOUNT_ID, EDGE_GATEWAY_ID, EDGE_SUBNET_ID, EDGE_VPC_ID, IMAGE_ID, PRIVATE_ID,
    PUBLIC_ID, REGION_ID, SECRET, SUBNET_ID, VDC_ID, VPC_ID,
};
pub use faults::fault::{Fault, FaultRule};
pub use faults::syntax::FAULT_SYNTAX;
pub use http::answer::Outcome;
pub use http::log::{Ignored, IgnoredReason, LoggedRequest};
pub use http::server::serve;
pub use simulator::{Options, SavedState, Simulator};
